#version 410 core
flat in vec3 v_color;
out vec4 o_color;

void main()
{
    vec2 p = gl_PointCoord * 2. - 1.;
    float fall = max(1. - dot(p, p), 0.);
    fall *= fall;
    o_color = vec4(v_color * (.35 * fall + 1.3 * fall * fall * fall), 0.);
}
