#version 410 core
// A neuron is a sphere impostor: a quad that faces the camera, or a point sprite where it is small on screen.
#include "include/scene.glsl"

uniform isamplerBuffer t_order;  // instance -> neuron id, far to near
uniform int u_first;             // where this draw begins in t_order
uniform float u_radius;          // of a silent neuron, world units

out vec3 v_ray;
flat out vec4 v_sphere;  // centre and radius in view space
flat out float v_level;
flat out float v_pixels;
flat out int v_neuron;

void main()
{
#ifdef POINTS
    int neuron = texelFetch(t_order, u_first + gl_VertexID).r;
#else
    int neuron = texelFetch(t_order, u_first + gl_InstanceID).r;
#endif
    v_neuron = neuron;
    v_level = level_of(neuron);
    vec3 centre = (u_view_from_world * vec4(place_of(neuron), 1.)).xyz;
    float radius = u_radius * (1. + .37 * min(abs(v_level), 1.));
    v_sphere = vec4(centre, radius);
    v_pixels = radius * u_clip_from_view[1][1] * u_viewport.y * .5 / max(-centre.z, 1e-3);
#ifdef POINTS
    v_ray = vec3(0.);
    gl_Position = u_clip_from_view * vec4(centre, 1.);
    gl_PointSize = max(2. * v_pixels + 1., 1.5);
#else
    // the silhouette of a sphere in perspective is wider than its radius
    float distance2 = dot(centre, centre);
    float reach = radius * sqrt(distance2 / max(distance2 - radius * radius, 1e-6)) * (1. + 1.5 / max(v_pixels, 1.));
    vec3 toward = normalize(centre);
    vec3 right = normalize(cross(toward, vec3(0., 1., 0.)));
    vec3 up = cross(right, toward);
    vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1) * 2. - 1.;
    v_ray = centre + (right * corner.x + up * corner.y) * reach;
    gl_Position = u_clip_from_view * vec4(v_ray, 1.);
#endif
}
