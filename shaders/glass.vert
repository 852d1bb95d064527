#version 410 core
// Boxes of glass: six sides each. Of a slab only those are drawn that face the eye.
#include "include/scene.glsl"

uniform samplerBuffer t_glass;  // item -> low corner, fill; high corner; first row of t_glass_row, rows
uniform int u_first;            // item

out vec2 v_place;          // across and down the side, world units
flat out vec2 v_size;
flat out float v_fill;
flat out ivec3 v_rows;     // first, count, 1 on a side that shows them
flat out int v_item;

void main()
{
    v_item = u_first + gl_InstanceID / 6;
    int side = gl_InstanceID % 6, axis = side % 3;
    vec4 low = texelFetch(t_glass, 3 * v_item), rows = texelFetch(t_glass, 3 * v_item + 2);
    vec3 high = texelFetch(t_glass, 3 * v_item + 1).xyz;
    v_fill = low.w;
    v_rows = ivec3(ivec2(rows.xy), axis == 0 ? 1 : 0);
    bool far = side >= 3;
    vec3 eye = -(transpose(mat3(u_view_from_world)) * u_view_from_world[3].xyz);
    bool faces = far ? eye[axis] > high[axis] : eye[axis] < low[axis];
    vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1);
    int across = axis == 2 ? 0 : 2, down = axis == 1 ? 0 : 1;
    vec3 size = high - low.xyz, at = low.xyz;
    at[axis] = far ? high[axis] : low[axis];
    at[across] += corner.x * size[across];
    at[down] = high[down] - corner.y * size[down];
    v_size = vec2(size[across], size[down]);
    v_place = corner * v_size;
    if (axis == 0 && far) v_place.x = v_size.x - v_place.x;  // rows read from left to right from behind too
    vec4 clip = u_clip_from_view * (u_view_from_world * vec4(at, 1.));
    gl_Position = faces || v_fill < .5 ? in_part(clip) : vec4(2., 2., 2., 1.);
}
