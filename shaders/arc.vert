#version 410 core
// Arcs of attention: from the row of a query to that of a key, bent out beside the rows; as wide as the share is large.
#include "include/scene.glsl"

uniform samplerBuffer t_arc;  // arc -> query's place, share; key's place, light
uniform int u_pieces;
uniform float u_width;        // of half an arc with a share of 1, pixels
uniform float u_pitch;        // world units between two rows
uniform vec3 u_query;         // colours of both ends
uniform vec3 u_key;

out vec3 v_color;
out float v_across;

const float NEAR = .05;
const float LOOP = 1.6;    // pitches that a token's arc to itself reaches out
const float REACH = 1.15;  // of the distance that another one reaches out

vec3 at(vec3 from, vec3 to, float t)
{
    float far = distance(from, to), turn = t * 3.14159265;
    vec3 middle = (from + to) * .5, half_way = (from - to) * .5;
    if (far < 1e-4) {  // a drop, out and back
        return from + vec3(0., sin(2. * turn) * .3 * u_pitch, (1. - cos(2. * turn)) * .5 * LOOP * u_pitch);
    }
    return middle + half_way * cos(turn) + vec3(0., 0., sin(turn) * (REACH * far + .5 * u_pitch));
}

void main()
{
    vec4 query = texelFetch(t_arc, 2 * gl_InstanceID), key = texelFetch(t_arc, 2 * gl_InstanceID + 1);
    float piece = 1. / float(u_pieces), t = float(gl_VertexID >> 1) * piece;
    vec3 before = (u_view_from_world * vec4(at(query.xyz, key.xyz, t - .5 * piece), 1.)).xyz;
    vec3 after = (u_view_from_world * vec4(at(query.xyz, key.xyz, t + .5 * piece), 1.)).xyz;
    vec3 here = (u_view_from_world * vec4(at(query.xyz, key.xyz, t), 1.)).xyz;
    before.z = min(before.z, -NEAR);
    after.z = min(after.z, -NEAR);
    here.z = min(here.z, -NEAR);
    vec4 a = u_clip_from_view * vec4(before, 1.), b = u_clip_from_view * vec4(after, 1.);
    vec2 way = (b.xy / b.w - a.xy / a.w) * u_viewport;
    vec2 side = normalize(vec2(-way.y, way.x) + vec2(1e-6, 0.));
    float wide = u_width * query.w, half_width = max(wide, .35) + .5;
    v_across = (gl_VertexID & 1) == 0 ? -1. : 1.;
    vec4 position = u_clip_from_view * vec4(here, 1.);
    position.xy += side * v_across * half_width * 2. / u_viewport * position.w;
    v_color = mix(u_query, u_key, t) * key.w * min(wide / .35, 1.);
    gl_Position = in_part(position);
}
