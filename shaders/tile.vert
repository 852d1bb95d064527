#version 410 core
// A neuron as a picture of its own response over the plane: a tile that stands in its layer.
#include "include/scene.glsl"

uniform isamplerBuffer t_order;  // instance -> neuron id, far to near
uniform samplerBuffer t_tint;    // neuron -> linear red, green, blue of positive values, 1 / (its largest value over the plane)
uniform vec3 u_right;
uniform vec3 u_up;
uniform float u_half;            // half a side, world units
uniform float u_radius;          // of a silent sphere, world units: so far before its place the tile stands
uniform float u_glow;
uniform float u_error;
uniform vec3 u_error_positive;
uniform vec3 u_error_negative;
uniform int u_hovered;
uniform int u_picked;

out vec2 v_at;            // in [-1, 1], up is up
flat out int v_neuron;
flat out vec4 v_tint;
flat out vec4 v_rim;      // light of the rim, mark of a hovered or picked neuron
flat out float v_pixels;  // half a side on screen

const vec3 WARM = vec3(1.9, 1.25, .5);
const vec3 COLD = vec3(.75, .55, 2.1);

void main()
{
    v_neuron = texelFetch(t_order, gl_InstanceID).r;
    vec4 place = texelFetch(t_place, v_neuron);
    float level = level_of(v_neuron, place.w);
    float strength = abs(level);
    vec3 glow = (level >= 0. ? WARM : COLD) * strength * sqrt(strength) * u_glow;
    if (u_error > 0.) {
        float error = clamp(delta_of(v_neuron) * texelFetch(t_layer_scale, int(place.w)).g, -1.25, 1.25);
        glow += (error >= 0. ? u_error_positive : u_error_negative) * pow(abs(error), 1.5) * u_error;
    }
    v_rim = vec4(glow, (v_neuron == u_picked ? 1. : 0.) + (v_neuron == u_hovered ? .6 : 0.));
    v_tint = texelFetch(t_tint, v_neuron);
    v_at = (vec2(gl_VertexID & 1, gl_VertexID >> 1) * 2. - 1.) * 1.08;  // a little more, for the soft rim
    vec4 seen = u_view_from_world * vec4(place.xyz, 1.);
    v_pixels = u_half * u_clip_from_view[1][1] * u_viewport.y * .5 / max(-seen.z, 1e-3);
    seen.xyz += mat3(u_view_from_world) * (u_right * v_at.x + u_up * v_at.y) * u_half;
    seen.xyz *= 1. - u_radius / max(length(seen.xyz), u_radius * 2.);  // along the line of sight: before the ends of its edges
    gl_Position = u_clip_from_view * seen;
}
