#version 410 core
// Outlines: thin lines of light between places of the scene, of a width in pixels.
#include "include/scene.glsl"

uniform samplerBuffer t_line;  // line -> one end, energy; other end, 0 cold glass .. 1 warm
uniform float u_width;         // half of a line, pixels

flat out vec3 v_color;
out float v_across;

const float NEAR = .05;
const vec3 PALE = vec3(.45, .75, 1.5);
const vec3 WARM = vec3(2., 1.35, .55);

void main()
{
    vec4 begin = texelFetch(t_line, 2 * gl_InstanceID), end = texelFetch(t_line, 2 * gl_InstanceID + 1);
    vec3 from = (u_view_from_world * vec4(begin.xyz, 1.)).xyz, to = (u_view_from_world * vec4(end.xyz, 1.)).xyz;
    v_color = vec3(0.);
    v_across = 0.;
    if (from.z > -NEAR && to.z > -NEAR) {
        gl_Position = vec4(2., 2., 2., 1.);
        return;
    }
    if (from.z > -NEAR) from = mix(to, from, (to.z + NEAR) / (to.z - from.z));
    if (to.z > -NEAR) to = mix(from, to, (from.z + NEAR) / (from.z - to.z));
    vec4 a = u_clip_from_view * vec4(from, 1.), b = u_clip_from_view * vec4(to, 1.);
    vec2 way = (b.xy / b.w - a.xy / a.w) * u_viewport;
    vec2 side = normalize(vec2(-way.y, way.x) + vec2(1e-6, 0.));
    v_across = gl_VertexID < 2 ? -1. : 1.;
    vec4 position = (gl_VertexID & 1) == 1 ? b : a;
    position.xy += side * v_across * (u_width + .5) * 2. / u_viewport * position.w;
    v_color = mix(PALE, WARM, end.w) * begin.w;
    gl_Position = in_part(position);
}
