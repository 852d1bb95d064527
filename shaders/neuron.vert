#version 410 core
// A neuron is a sphere impostor: a quad that faces the camera, or a point sprite where it is small on screen.
#include "include/scene.glsl"
#include "include/light.glsl"
#include "include/lod.glsl"

uniform isamplerBuffer t_order;  // instance -> neuron id, far to near
uniform int u_first;             // where this draw begins in t_order
uniform float u_radius;          // of a silent neuron, world units

#ifdef DOTS
flat out vec4 v_dot;  // colour, pixels: what a rasteriser on a CPU pays for a small sprite is mostly its varyings
#else
out vec3 v_ray;
flat out vec4 v_sphere;  // centre and radius in view space
flat out vec4 v_glow;    // light from inside, how much hotter the middle is
flat out vec4 v_style;   // radius in pixels, rim, spark, ring: warm where positive, cold where negative
flat out vec2 v_fill;    // how high it is filled, in [-1, 1]; how much of the light is held by that, in [0, 1]
flat out int v_held;     // 1 frozen, 2 killed, 3 both
flat out float v_fade;   // how far its layer has come from a sheet to spheres, in [0, 1]
#endif

const vec3 ICE = vec3(.12, .3, .42);
const vec3 QUIET = vec3(.05, .085, .17);  // what a silent sphere looks like from far: body and rim averaged

void main()
{
#if defined(POINTS) || defined(DOTS)
    int neuron = texelFetch(t_order, u_first + gl_VertexID).r;
#else
    int neuron = texelFetch(t_order, u_first + gl_InstanceID).r;
#endif
    vec4 place = texelFetch(t_place, neuron);
    Light light = light_of(neuron, place.w);
    vec3 centre = (u_view_from_world * vec4(place.xyz, 1.)).xyz;
    vec2 cell = texelFetch(t_cell, int(place.w)).rg;
    float radius = u_radius * cell.r * (1. + .37 * min(light.strength, 1.));
    float pixels = radius * u_clip_from_view[1][1] * u_viewport.y * .5 / max(-centre.z, 1e-3);
#ifdef DOTS
    float body = (light.held & 2) != 0 ? .25 : 1.;
    vec3 ring = max(light.mark, 0.) * WARM + max(-light.mark, 0.) * COLD + ((light.held & 1) != 0 ? ICE : vec3(0.));
    v_dot = vec4(body * QUIET + light.glow * (.4 + .6 * light.lit) + ring, pixels);
    gl_Position = in_part(u_clip_from_view * vec4(centre, 1.));
    gl_PointSize = max(2. * pixels + 1., 1.5) * u_ssaa;
#else
    pixels *= u_ssaa;  // the rim of a sphere is as sharp as what is drawn allows
    v_held = light.held;
    v_fade = cell.g > 0. ? sphere_share(cell.r * u_pitch, -centre.z) : 1.;
    // all that is the same over the whole sphere is worked out here, once
    v_sphere = vec4(centre, radius);
    v_glow = vec4(light.glow, 1.1 * light.lit);
    v_fill = light.fill;
    v_style = vec4(pixels, 1. - .6 * min(light.lit, 1.), .7 - .4 * min(light.lit, 1.), light.mark);
#ifdef POINTS
    v_ray = vec3(0.);
    gl_Position = in_part(u_clip_from_view * vec4(centre, 1.));
    gl_PointSize = max(2. * pixels + 1., 1.5);
#else
    // the silhouette of a sphere in perspective is wider than its radius
    float distance2 = dot(centre, centre);
    float reach = radius * sqrt(distance2 / max(distance2 - radius * radius, 1e-6)) * (1. + 1.5 / max(pixels, 1.));
    vec3 toward = normalize(centre);
    vec3 right = normalize(cross(toward, vec3(0., 1., 0.)));
    vec3 up = cross(right, toward);
    vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1) * 2. - 1.;
    v_ray = centre + (right * corner.x + up * corner.y) * reach;
    gl_Position = in_part(u_clip_from_view * vec4(v_ray, 1.));
#endif
#endif
}
