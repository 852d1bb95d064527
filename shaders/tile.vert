#version 410 core
// A neuron as a picture of its own response over the plane: a tile that stands in its layer.
#include "include/scene.glsl"
#include "include/light.glsl"

uniform isamplerBuffer t_order;  // instance -> neuron id, far to near
uniform samplerBuffer t_tint;    // neuron -> linear red, green, blue of positive values, 1 / (its largest value over the plane)
uniform vec3 u_right;
uniform vec3 u_up;
uniform float u_half;            // half a side, world units
uniform float u_radius;          // of a silent sphere, world units: so far before its place the tile stands

out vec2 v_at;            // in [-1, 1], up is up
flat out int v_neuron;
flat out vec4 v_tint;
flat out vec4 v_rim;      // light of the rim, mark of a hovered or picked neuron
flat out vec2 v_fill;     // how high the rim is filled, in [-1, 1]; how much of its light is held by that, in [0, 1]
flat out int v_held;      // 1 frozen, 2 killed, 3 both
flat out float v_pixels;  // half a side on screen

void main()
{
    v_neuron = texelFetch(t_order, gl_InstanceID).r;
    vec4 place = texelFetch(t_place, v_neuron);
    Light light = light_of(v_neuron, place.w);
    v_rim = vec4(light.glow, light.mark);
    v_fill = light.fill;
    v_held = light.held;
    v_tint = texelFetch(t_tint, v_neuron);
    v_at = (vec2(gl_VertexID & 1, gl_VertexID >> 1) * 2. - 1.) * 1.08;  // a little more, for the soft rim
    vec4 seen = u_view_from_world * vec4(place.xyz, 1.);
    v_pixels = u_half * u_clip_from_view[1][1] * u_viewport.y * .5 / max(-seen.z, 1e-3);
    seen.xyz += mat3(u_view_from_world) * (u_right * v_at.x + u_up * v_at.y) * u_half;
    seen.xyz *= 1. - u_radius / max(length(seen.xyz), u_radius * 2.);  // along the line of sight: before the ends of its edges
    gl_Position = in_part(u_clip_from_view * seen);
}
