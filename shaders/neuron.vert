#version 410 core
// A neuron is a sphere impostor: a quad that faces the camera, or a point sprite where it is small on screen.
#include "include/scene.glsl"

uniform isamplerBuffer t_order;  // instance -> neuron id, far to near
uniform int u_first;             // where this draw begins in t_order
uniform float u_radius;          // of a silent neuron, world units
uniform float u_glow;
uniform float u_error;           // how much of the delta is shown, in [0, 1]
uniform vec3 u_error_positive;
uniform vec3 u_error_negative;
uniform int u_hovered;
uniform int u_picked;
uniform float u_fill_layer;      // neurons of this layer fill with z, then turn into a; -1: none
uniform float u_fill;            // how much of that has passed, in [0, 1]
uniform float u_source_layer;    // neurons of this layer show the activation that their edges' gradients are made of; -1: none
uniform float u_source;          // how much of it is shown, in [0, 1]
uniform vec3 u_sum_positive;     // what fills: the colours of the edges that were added up
uniform vec3 u_sum_negative;

#ifdef DOTS
flat out vec4 v_dot;  // colour, pixels: what a rasteriser on a CPU pays for a small sprite is mostly its varyings
#else
out vec3 v_ray;
flat out vec4 v_sphere;  // centre and radius in view space
flat out vec4 v_glow;    // light from inside, how much hotter the middle is
flat out vec4 v_style;   // radius in pixels, rim, spark, ring: warm where positive, cold where negative
flat out vec2 v_fill;    // how high it is filled, in [-1, 1]; how much of the light is held by that, in [0, 1]
#endif

const vec3 WARM = vec3(1.9, 1.25, .5);
const vec3 COLD = vec3(.75, .55, 2.1);
const vec3 QUIET = vec3(.05, .085, .17);  // what a silent sphere looks like from far: body and rim averaged

void main()
{
#if defined(POINTS) || defined(DOTS)
    int neuron = texelFetch(t_order, u_first + gl_VertexID).r;
#else
    int neuron = texelFetch(t_order, u_first + gl_InstanceID).r;
#endif
    vec4 place = texelFetch(t_place, neuron);
    float level = level_of(neuron, place.w);
    float strength = abs(level);
    float lit = strength * sqrt(strength);  // close to the power 1.6, and cheaper
    vec3 glow = (level >= 0. ? WARM : COLD) * lit * u_glow;
    if (u_error > 0.) {
        float error = clamp(delta_of(neuron) * texelFetch(t_layer_scale, int(place.w)).g, -1.25, 1.25);
        float shown = u_error * (1. - (place.w == u_source_layer ? u_source : 0.));
        glow *= place.w == u_source_layer + 1. ? 1. - .85 * u_source : 1.;
        glow += (error >= 0. ? u_error_positive : u_error_negative) * pow(abs(error), 1.5) * shown;
        lit = max(lit, pow(abs(error), 1.5) * shown);
    }
    vec2 fill = vec2(2. * min(strength, 1.) - 1., 0.);
    if (place.w == u_fill_layer) {
        fill.y = 1. - smoothstep(.5, 1., u_fill);
        vec3 held = (level >= 0. ? u_sum_positive : u_sum_negative) * .8 * u_glow * smoothstep(0., .04, strength);
        glow = mix(glow, held, fill.y);
    }
    float mark = (neuron == u_picked ? 1. : 0.) + (neuron == u_hovered ? .6 : 0.);
    if (mark == 0. && place.w == u_source_layer) mark = u_source * (level >= 0. ? 1.5 : -1.5) * min(strength, 1.);
    vec3 centre = (u_view_from_world * vec4(place.xyz, 1.)).xyz;
    float radius = u_radius * (1. + .37 * min(strength, 1.));
    float pixels = radius * u_clip_from_view[1][1] * u_viewport.y * .5 / max(-centre.z, 1e-3);
#ifdef DOTS
    v_dot = vec4(QUIET + glow * (.4 + .6 * lit) + max(mark, 0.) * WARM + max(-mark, 0.) * COLD, pixels);
    gl_Position = u_clip_from_view * vec4(centre, 1.);
    gl_PointSize = max(2. * pixels + 1., 1.5);
#else
    // all that is the same over the whole sphere is worked out here, once
    v_sphere = vec4(centre, radius);
    v_glow = vec4(glow, 1.1 * lit);
    v_fill = fill;
    v_style = vec4(pixels, 1. - .6 * min(lit, 1.), .7 - .4 * min(lit, 1.), mark);
#ifdef POINTS
    v_ray = vec3(0.);
    gl_Position = u_clip_from_view * vec4(centre, 1.);
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
    gl_Position = u_clip_from_view * vec4(v_ray, 1.);
#endif
#endif
}
