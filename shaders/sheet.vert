#version 410 core
// A tile of a tensor: one quad, whatever the number of its cells is.
#include "include/scene.glsl"
#include "include/lod.glsl"

uniform isamplerBuffer t_tile_order;  // instance -> tile, far to near
uniform isamplerBuffer t_tile_cells;  // tile -> id of its first neuron, rows, columns, cells; then where its pyramid begins (-1: none), levels
uniform samplerBuffer t_tile;         // tile -> upper left corner and layer; its side downwards; its side across

out vec2 v_place;          // in [0, 1] from the upper left, and a little beyond
out float v_depth;
flat out ivec4 v_cells;
flat out ivec2 v_pyramid;
flat out float v_layer;
flat out float v_cell;     // side of a cell, world units
flat out vec2 v_sides;     // down and across, world units

const float RIM = 3.;      // pixels around the tile

void main()
{
    int tile = texelFetch(t_tile_order, gl_InstanceID).r;
    v_cells = texelFetch(t_tile_cells, 2 * tile);
    v_pyramid = texelFetch(t_tile_cells, 2 * tile + 1).xy;
    vec4 corner = texelFetch(t_tile, 3 * tile);
    vec3 down = texelFetch(t_tile, 3 * tile + 1).xyz, across = texelFetch(t_tile, 3 * tile + 2).xyz;
    v_layer = corner.w;
    v_sides = vec2(length(down), length(across));
    vec2 cell = v_sides / vec2(v_cells.yz);
    v_cell = min(cell.x, cell.y);
    vec3 middle = (u_view_from_world * vec4(corner.xyz + .5 * (down + across), 1.)).xyz;
    float pixel = 2. * max(-middle.z, 1e-3) / (u_clip_from_view[1][1] * u_viewport.y);
    vec2 beyond = RIM * fineness() * pixel / v_sides.yx;
    v_place = mix(-beyond, 1. + beyond, vec2(gl_VertexID & 1, gl_VertexID >> 1));
    vec3 seen = (u_view_from_world * vec4(corner.xyz + across * v_place.x + down * v_place.y, 1.)).xyz;
    v_depth = -seen.z;
    vec4 clip = u_clip_from_view * vec4(seen, 1.);
    // spheres stand in the plane of the sheet, and lines end there: it lies half a cell behind both, from wherever one looks
    vec4 behind = u_clip_from_view * vec4(seen * (1. + .55 * v_cell / max(length(seen), v_cell)), 1.);
    clip.z = behind.z / max(behind.w, 1e-4) * clip.w;
    gl_Position = in_part(clip);
}
