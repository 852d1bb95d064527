#version 410 core
// A neuron of a few pixels: its light, round and soft at the rim.
flat in vec4 v_dot;
out vec4 o_color;

void main()
{
    vec2 disc = gl_PointCoord * 2. - 1.;
    // no discard: it would cost more than the few dark corner pixels are worth
    float coverage = clamp((1. - dot(disc, disc)) * (v_dot.w * .5 + .5) + .35, 0., 1.);
    o_color = vec4(v_dot.rgb * coverage, coverage);
}
