#version 410 core
// A soft dot; CHANGE: a chevron.
flat in vec3 v_color;
#ifdef CHANGE
flat in vec2 v_way;
#endif
out vec4 o_color;

void main()
{
    vec2 p = gl_PointCoord * 2. - 1.;
#ifdef CHANGE
    vec2 q = vec2(dot(p, v_way), dot(p, vec2(-v_way.y, v_way.x)));
    float off = abs(q.x + abs(q.y) - .4);
    float light = smoothstep(.34, .14, off) * smoothstep(.85, .7, abs(q.y));
    o_color = vec4(v_color * light * 1.3, 0.);
#else
    float fall = max(1. - dot(p, p), 0.);
    fall *= fall;
    o_color = vec4(v_color * (.35 * fall + 1.3 * fall * fall * fall), 0.);
#endif
}
