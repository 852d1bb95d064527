#version 410 core
// Signals: small bright sprites on the strongest edges. Where each one is follows from the time and the edge's own number alone.
#include "include/scene.glsl"
#include "include/edge.glsl"

uniform float u_time;      // seconds, wrapped by the caller
uniform float u_speed;     // edges a second; negative runs backward
uniform float u_energy;
uniform float u_size;      // world units
uniform int u_copies;      // sprites an edge
uniform vec3 u_positive;
uniform vec3 u_negative;

flat out vec3 v_color;

float hash(uint n)
{
    n = (n ^ 61u) ^ (n >> 16u);
    n *= 9u;
    n ^= n >> 4u;
    n *= 0x27d4eb2du;
    n ^= n >> 15u;
    return float(n & 0xffffffu) / 16777216.;
}

void main()
{
    int copy = gl_VertexID % u_copies;
    Edge edge = edge_of(gl_VertexID / u_copies);
    float energy = energy_of(edge.level);
    float phase = hash(uint(edge.number) * 7u + uint(copy));
    float share = passed(edge.target);
    // a wave carries its signals at its head, a little apart; without one they travel for ever
    float at = fract(phase + u_time * u_speed);
    if (u_way != 0) at = share >= 1. ? -1. : u_way > 0 ? share - .16 * phase : 1. - share + .16 * phase;
    vec3 point = mix(place_of(edge.source), place_of(edge.target), at);
    vec3 seen = (u_view_from_world * vec4(point, 1.)).xyz;
    // the weaker of the chosen edges carry fewer signals; the last one fades in, so that none pops
    float carried = clamp(energy * float(u_copies) * 1.2 - float(copy), 0., 1.);
    float ends = smoothstep(0., .08, at) * smoothstep(1., .92, at);
    float light = carried * ends;
    gl_Position = light > .004 ? u_clip_from_view * vec4(seen, 1.) : vec4(2., 2., 2., 1.);
    float pixels = u_size * (.7 + .5 * min(energy, 1.2)) * u_clip_from_view[1][1] * u_viewport.y / max(-seen.z, 1e-3);
    gl_PointSize = clamp(pixels, 3., 28.);
    v_color = mix(edge.level < 0. ? u_negative : u_positive, vec3(1.1, 1.15, 1.25), .3) * light * u_energy * (.8 + .9 * min(energy, 1.2));
}
