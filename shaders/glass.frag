#version 410 core
// Frosted glass with a thin rim; on slabs rows of light, three to a node: |a| warm, |gradient|, |change| / |w|. Length and light say the same.
#include "include/scene.glsl"

uniform samplerBuffer t_glass_row;  // row -> levels in [0, 1], -1: not known
uniform int u_lit;                  // the item under the pointer; -1: none
uniform vec3 u_gradient;
uniform vec3 u_change;

in vec2 v_place;
flat in vec2 v_size;
flat in float v_fill;
flat in ivec3 v_rows;
flat in int v_item;
out vec4 o_color;

const vec3 BODY = vec3(.022, .034, .064);
const vec3 FROST = vec3(.03, .05, .1);
const vec3 RIM = vec3(.2, .42, .9);
const vec3 WARM = vec3(1.9, 1.25, .5);
const vec3 UNLIT = vec3(.03, .045, .085);
const float MARGIN = .09;  // of the side around the rows
const float GAP = .05;     // of the side between two columns

vec3 light_of_rows(vec2 at, vec2 pixel)
{
    vec2 inside = (at - MARGIN) / (1. - 2. * MARGIN);
    if (any(lessThan(inside, vec2(0.))) || any(greaterThan(inside, vec2(1.)))) return vec3(0.);
    float row = inside.y * float(v_rows.y), high = (1. - 2. * MARGIN) / float(v_rows.y) / max(pixel.y, 1e-6);  // pixels of a row
    int column = min(int(inside.x * 3.), 2);
    float along = (fract(inside.x * 3.) - GAP) / (1. - 2. * GAP);
    if (along < 0. || along > 1.) return vec3(0.);
    float level = texelFetch(t_glass_row, v_rows.x + min(int(row), v_rows.y - 1))[column];
    float across = abs(fract(row) - .5) * 2.;
    float profile = mix(.45, smoothstep(.8, .35, across), clamp(high / 3. - .6, 0., 1.));
    vec3 color = column == 0 ? WARM : column == 1 ? u_gradient : u_change;
    float reach = level < 0. ? 0. : smoothstep(level + .02, level - .02, along);
    return profile * (UNLIT * (level < 0. ? .4 : 1.) + color * reach * .62 * pow(max(level, 0.), 1.5));
}

void main()
{
    vec2 at = v_place / v_size, pixel = fwidth(at), off = min(at, 1. - at) / max(pixel, vec2(1e-6));
    float fine = max(u_viewport.y / 720., .6) * u_ssaa, edge = min(off.x, off.y) / fine;
    float rim = smoothstep(2., .6, edge);
    if (v_fill < .02) {
        o_color = vec4(RIM * rim * .05, 0.);
        return;
    }
    float hot = v_item == u_lit ? 1. : 0.;
    vec3 color = BODY + FROST * (1. - at.y) * (v_rows.z == 1 ? 1. : 1.6);
    if (v_rows.z == 1 && v_rows.y > 0) color += light_of_rows(at, pixel);
    color += RIM * (rim * .3 + hot * (.5 * rim + .03)) + RIM * .1 * smoothstep(14., 0., edge);
    float alpha = v_fill * .94;
    o_color = vec4(color * v_fill, alpha);
}
