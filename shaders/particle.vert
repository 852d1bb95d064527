#version 410 core
// CHANGE: arrows, towards the target where a weight moves away from 0, back to the source where it moves to 0; colour is the change's sign.
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
#ifdef CHANGE
flat out vec2 v_way;  // where the arrow points, on the screen, y down
#endif

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
    float share = passed(edge.source, edge.target);
#ifdef CHANGE
    energy = energy_of(edge.change);
    bool away = edge.before * edge.change >= 0.;
    float at = fract(phase + (away ? .25 : -.25) * u_time * u_speed);
#else
    // a wave carries its signals at its head, a little apart; without one they travel for ever
    float at = fract(phase + u_time * u_speed);
    if (u_way != 0) at = share >= 1. ? -1. : u_way > 0 ? share - .16 * phase : 1. - share + .16 * phase;
#endif
    vec3 point = along(edge, at);
    vec3 seen = (u_view_from_world * vec4(point, 1.)).xyz;
    // the weaker of the chosen edges carry fewer signals; the last one fades in, so that none pops
    float carried = clamp(energy * float(u_copies) * 1.2 - float(copy), 0., 1.);
    float ends = smoothstep(0., .08, at) * smoothstep(1., .92, at);
    float light = carried * ends;
#ifdef CHANGE
    light = ends * min(energy * 1.5, 1.) * share;
#endif
    gl_Position = light > .004 ? in_part(u_clip_from_view * vec4(seen, 1.)) : vec4(2., 2., 2., 1.);
    float pixels = u_size * (.7 + .5 * min(energy, 1.2)) * u_clip_from_view[1][1] * u_viewport.y / max(-seen.z, 1e-3);
    gl_PointSize = clamp(pixels, 3., 28. * fineness()) * u_ssaa;
#ifdef CHANGE
    vec4 a = u_clip_from_view * u_view_from_world * vec4(place_of(edge.source), 1.);
    vec4 b = u_clip_from_view * u_view_from_world * vec4(place_of(edge.target), 1.);
    vec2 way = (b.xy / b.w - a.xy / a.w) * u_viewport * vec2(1., -1.);
    v_way = normalize(way + vec2(1e-6, 0.)) * (away ? 1. : -1.);
    gl_PointSize = clamp(pixels * 2., 8., 26. * fineness()) * u_ssaa;
    v_color = (edge.change < 0. ? u_negative : u_positive) * light * u_energy;
#else
    v_color = mix(edge.level < 0. ? u_negative : u_positive, vec3(1.1, 1.15, 1.25), .3) * light * u_energy * (.8 + .9 * min(energy, 1.2));
#endif
}
