#version 410 core
// Linear light of u_ssaa x u_ssaa samples, averaged into one pixel; blending adds the sub-frames up.
uniform sampler2D t_image;
uniform int u_ssaa;
out vec4 o_color;

void main()
{
    ivec2 corner = ivec2(gl_FragCoord.xy) * u_ssaa;
    vec4 sum = vec4(0.);
    for (int y = 0; y < u_ssaa; ++y)
        for (int x = 0; x < u_ssaa; ++x) sum += texelFetch(t_image, corner + ivec2(x, y), 0);
    o_color = sum / float(u_ssaa * u_ssaa);
}
