#version 410 core
// Cells of a tensor: dark glass that each activation lights from inside, warm for positive, violet-blue for negative. A pixel that covers
// many cells reads means of their light from a pyramid, so that nothing flickers. Near cells give way to spheres.
#include "include/scene.glsl"
#include "include/lod.glsl"
#include "include/light.glsl"
#include "include/sheet.glsl"

uniform samplerBuffer t_pyramid;  // block of cells -> mean light of positive and negative activations, of positive and negative errors

in vec2 v_place;
in float v_depth;
flat in ivec4 v_cells;
flat in ivec2 v_pyramid;
flat in float v_layer;
flat in float v_cell;
flat in vec2 v_sides;
out vec4 o_color;

const vec3 BODY = vec3(.02, .03, .056);
const vec3 LINE = vec3(.05, .085, .17);
const vec3 RIM = vec3(.16, .34, .78);
const vec3 ACCENT = vec3(2.2, 1.5, .6);
const vec3 ICE = vec3(.3, .75, 1.05);
const vec3 CUT = vec3(1.2, .25, .22);

// Means of the light of the block of 2^level cells a side that holds this cell.
vec4 block(ivec2 cell, int level)
{
    level = clamp(level, 1, v_pyramid.y);
    int start = v_pyramid.x;
    ivec2 size = v_cells.zy;
    for (int k = 1; k < level; k++) {
        size = (size + 1) / 2;
        start += size.x * size.y;
    }
    size = (size + 1) / 2;
    ivec2 at = min(cell >> level, size - 1);
    return texelFetch(t_pyramid, start + at.y * size.x + at.x);
}

void main()
{
    vec2 columns_rows = vec2(v_cells.zy);
    vec2 at = v_place * columns_rows;
    vec2 slope_x = dFdx(at), slope_y = dFdy(at);
    vec2 wide = sqrt(slope_x * slope_x + slope_y * slope_y);  // cells a pixel
    vec2 away = (abs(v_place - .5) - .5) * columns_rows / wide;   // pixels from the rim, negative inside
    float fine = max(u_viewport.y / 720., .6) * u_ssaa;  // lines get as much thinner where the picture is coarse
    float outside = max(away.x, away.y);
    float coverage = clamp(.5 - (outside - .6 * fine), 0., 1.);
    if (coverage <= 0.) discard;
    ivec2 cell = clamp(ivec2(floor(at)), ivec2(0), v_cells.zy - 1);
    int index = cell.y * v_cells.z + cell.x;
    if (index >= v_cells.w) discard;
    int neuron = v_cells.x + index;

    float blur = log2(max(max(wide.x, wide.y), 1e-3)) + .5;  // 0: a pixel has about the size of a cell
    bool coarse = v_pyramid.x >= 0 && blur > 0.;
    vec4 energy = vec4(0.);
    if (!coarse || blur < 1.) energy = energy_of(neuron, v_layer, float(index) / float(v_cells.w));
    if (coarse) {
        vec4 upper = block(cell, int(blur) + 1);
        energy = mix(blur < 1. ? energy : block(cell, int(blur)), upper, fract(blur));
    }
    float near = sphere_share(v_cell, v_depth);
    vec3 color = BODY + light_from(energy, v_layer) * (1. - .93 * near);

    // lines between cells fade like a map's
    vec2 side = .5 - abs(fract(at) - .5);                      // of a cell, from its rim
    vec2 pixels = side / wide;
    float clear = clamp(.3 * min(1. / wide.x, 1. / wide.y) / fine - .9, 0., 1.);
    float line = clear * (1. - smoothstep(.25, .9, min(pixels.x, pixels.y) / fine));
    color = mix(color, color * .45 + LINE, .75 * line);
    color *= 1. + .25 * clear * (.5 - fract(at.y)) * (1. - near);  // the key light from above

    int marks = texelFetch(t_mark, neuron).r;
    float mark = (neuron == u_picked ? 1. : 0.) + (neuron == u_hovered ? .7 : 0.) + ((marks & 4) != 0 ? .8 : 0.);
    if (marks != 0 || mark > 0.) {
        float frame = 1. - smoothstep(1.2, 2., min(pixels.x, pixels.y) / fine);
        float cross = abs(abs(fract(at.x) - .5) - abs(fract(at.y) - .5));
        if ((marks & 2) != 0) color = BODY * .3 + CUT * (smoothstep(.14, .07, cross) + .4 * frame);
        if ((marks & 1) != 0) color = color * .7 + ICE * (.1 + .9 * frame);
        color += ACCENT * min(mark, 1.6) * max(frame, 1. - clear) * .8;
    }
    float rim = clamp(1.3 - abs(outside + .2 * fine) / fine, 0., 1.);
    vec2 extent = columns_rows / wide;  // pixels
    rim *= clamp(min(extent.x, extent.y) / (14. * fine), .12, 1.);  // of small tiles the picture counts
    color = mix(color, color * .3 + RIM * .55, rim);
    o_color = vec4(color * coverage, coverage);
}
