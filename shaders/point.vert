#version 410 core
// The samples that are learned from, on the plate.
#include "include/scene.glsl"

uniform samplerBuffer t_point;  // sample -> place in [0, 1] twice, colour as 0xRRGGBB, nothing
uniform vec3 u_low;
uniform vec3 u_high;
uniform float u_size;  // world units
flat out vec3 v_color;

void main()
{
    vec4 point = texelFetch(t_point, gl_VertexID);
    vec3 place = vec3(u_low.x, mix(u_low.y, u_high.y, point.y), mix(u_low.z, u_high.z, point.x));
    vec4 seen = u_view_from_world * vec4(place, 1.);
    seen.xyz *= 1. - 3. * u_size / length(seen.xyz);  // nearer along the line of sight: a flat sprite must not cut into the slanted plate
    gl_Position = in_part(u_clip_from_view * seen);
    gl_PointSize = clamp(u_size * u_clip_from_view[1][1] * u_viewport.y / max(-seen.z, 1e-3), 2., 14. * fineness()) * u_ssaa;
    int rgb = int(point.z);
    v_color = vec3(rgb >> 16, (rgb >> 8) & 255, rgb & 255) / 255.;
}
