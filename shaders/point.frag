#version 410 core
flat in vec3 v_color;
out vec4 o_color;

void main()
{
    float r = length(gl_PointCoord * 2. - 1.);
    if (r > 1.) discard;
    float rim = smoothstep(.62, .8, r);
    o_color = vec4(mix(v_color * v_color * 1.1, vec3(.9), rim * .75), 1.);
}
