#version 410 core
// The plane of two-dimensional data, standing beyond the output: a quad of cells.
#include "include/scene.glsl"

uniform vec3 u_low;
uniform vec3 u_high;
out vec2 v_place;  // in [0, 1], from the corner with the smallest coordinates

void main()
{
    v_place = vec2(gl_VertexID & 1, gl_VertexID >> 1);
    vec3 point = vec3(u_low.x, mix(u_low.y, u_high.y, v_place.y), mix(u_low.z, u_high.z, v_place.x));
    gl_Position = in_part(u_clip_from_view * (u_view_from_world * vec4(point, 1.)));
}
