#version 410 core
// An edge is a ribbon a few pixels wide between two neurons; too weak to see means no triangles at all.
// DETOUR: those that go round what they skip, in many pieces.
// CHANGE: weights before and after a step; the old one is a thin line beside the new one. ENDS: the light of the activation at its start.
#include "include/scene.glsl"
#include "include/edge.glsl"

uniform float u_energy;   // brightness of all edges
uniform float u_width;    // pixels
uniform float u_floor;    // energies below are not drawn
uniform float u_least;    // the least energy shown; above 0 the pair's gain does not count either
uniform vec3 u_positive;
uniform vec3 u_negative;
uniform bool u_dashes;
uniform float u_dash;     // dashes a world unit
#ifdef CHANGE
uniform bool u_ghost;     // the old weight
#endif
#ifdef DETOUR
uniform int u_pieces;
#endif

#ifdef ENDS
out vec3 v_color;
#else
flat out vec3 v_color;
#endif
out float v_across;
out float v_dash;

const float NEAR = .05;
const vec3 GHOST = vec3(.62, .68, .85);
const vec3 WARM = vec3(1.9, 1.25, .5);
const vec3 COLD = vec3(.75, .55, 2.1);

void main()
{
    Edge edge = edge_of(gl_InstanceID);
    float level = edge.level;
    float share = passed(edge.source, edge.target);
    float aside = 0., thin = 1., calm = 1.;
#ifdef CHANGE
    float moved = smoothstep(.02, .2, abs(edge.level - edge.before));
    calm = mix(.3, 1., share);  // what the wave has not reached waits
    share = 1.;
    if (u_ghost) {
        aside = u_width * (.55 + .75 * min(energy_of(edge.level), 1.2)) + 1.5;
        level = edge.before;
        thin = .3;
        calm *= moved;
    }
#endif
    float energy = max(energy_of(level), u_least);
    v_color = vec3(0.);
    v_across = v_dash = 0.;
    if (energy * calm < u_floor || share <= 0.) {
        gl_Position = vec4(2., 2., 2., 1.);
        return;
    }
#ifdef DETOUR
    float first = u_way < 0 ? 1. - share : 0., last = u_way > 0 ? share : 1.;
    float piece = 1. / float(u_pieces), at = float(gl_VertexID >> 1) * piece;
    float t = clamp(share_at(edge, at), first, last);
    bool end = gl_VertexID > 1;
    // half a piece before and half a piece after: neighbours agree on where the rim is
    vec3 from = (u_view_from_world * vec4(along(edge, share_at(edge, max(at - .5 * piece, 0.))), 1.)).xyz;
    vec3 to = (u_view_from_world * vec4(along(edge, share_at(edge, min(at + .5 * piece, 1.))), 1.)).xyz;
    vec3 here = (u_view_from_world * vec4(along(edge, t), 1.)).xyz;
    float whole = distance(place_of(edge.source), place_of(edge.target)) * t;
    from.z = min(from.z, -NEAR);
    to.z = min(to.z, -NEAR);
    here.z = min(here.z, -NEAR);
    vec4 position = u_clip_from_view * vec4(here, 1.);
    float across = (gl_VertexID & 1) == 0 ? -1. : 1.;
#else
    vec3 from = (u_view_from_world * vec4(place_of(edge.source), 1.)).xyz;
    vec3 to = (u_view_from_world * vec4(place_of(edge.target), 1.)).xyz;
    if (u_way > 0) to = mix(from, to, share);
    if (u_way < 0) from = mix(to, from, share);
    float whole = distance(from, to);
    if (from.z > -NEAR && to.z > -NEAR) {
        gl_Position = vec4(2., 2., 2., 1.);
        return;
    }
    if (from.z > -NEAR) from = mix(to, from, (to.z + NEAR) / (to.z - from.z));
    if (to.z > -NEAR) to = mix(from, to, (from.z + NEAR) / (from.z - to.z));
#endif
    vec4 a = u_clip_from_view * vec4(from, 1.);
    vec4 b = u_clip_from_view * vec4(to, 1.);
    vec2 way = (b.xy / b.w - a.xy / a.w) * u_viewport;
    vec2 side = normalize(vec2(-way.y, way.x) + vec2(1e-6, 0.));
    float half_width = u_width * (.55 + .75 * min(energy, 1.2)) * thin + .5;  // half a pixel of softness at the rim
#ifndef DETOUR
    bool end = (gl_VertexID & 1) == 1;
    float across = gl_VertexID < 2 ? -1. : 1.;
    vec4 position = end ? b : a;
#endif
    position.xy += side * (across * half_width + aside) * 2. / u_viewport * position.w;
    gl_Position = in_part(position);
    v_across = across;
    bool negative = level < 0.;
    v_dash = negative && u_dashes ? (end ? whole : 0.) * u_dash : -1.;
    v_color = negative ? u_negative : u_positive;
#ifdef CHANGE
    if (u_ghost) v_color = GHOST * 1.6;
#endif
#ifdef ENDS
    if (!end) v_color = mix(v_color, activation_of(edge.source) >= 0. ? WARM : COLD, .85);
#endif
    v_color *= energy * (.1 + .26 * energy) * (u_least > 0. ? 1. : edge.gain) * u_energy * calm;
}
