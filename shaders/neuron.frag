#version 410 core
// Dark glass lit from the upper left; the activation glows from inside, warm for positive, violet-blue for negative.
uniform mat4 u_clip_from_view;
uniform int u_hovered;
uniform int u_picked;
uniform float u_glow;

in vec3 v_ray;
flat in vec4 v_sphere;
flat in float v_level;
flat in float v_pixels;
flat in int v_neuron;
out vec4 o_color;

const vec3 BODY = vec3(.035, .05, .085);
const vec3 RIM = vec3(.16, .34, .78);
const vec3 WARM = vec3(1.9, 1.25, .5);
const vec3 COLD = vec3(.75, .55, 2.1);
const vec3 ACCENT = vec3(2.2, 1.5, .6);
const vec3 KEY = vec3(-.48, .68, .55);

void main()
{
#ifdef POINTS
    vec2 disc = (gl_PointCoord * 2. - 1.) * vec2(1., -1.) * (v_pixels + .5) / max(v_pixels, .25);
    float h2 = dot(disc, disc);
    float coverage = clamp((1. - sqrt(h2)) * v_pixels + .5, 0., 1.);
    if (coverage <= 0.) discard;
    vec3 normal = vec3(disc, sqrt(max(1. - h2, 0.)));
    float facing = normal.z;
    gl_FragDepth = gl_FragCoord.z;
#else
    vec3 ray = normalize(v_ray);
    float along = dot(ray, v_sphere.xyz);
    float miss = sqrt(max(dot(v_sphere.xyz, v_sphere.xyz) - along * along, 0.));
    float coverage = clamp((v_sphere.w - miss) * v_pixels / v_sphere.w + .5, 0., 1.);
    if (coverage <= 0.) discard;
    float inside = sqrt(max(v_sphere.w * v_sphere.w - miss * miss, 0.));
    vec3 hit = ray * (along - inside);
    vec3 normal = (hit - v_sphere.xyz) / v_sphere.w;
    float facing = clamp(-dot(normal, ray), 0., 1.);
    gl_FragDepth = .5 - .5 * (u_clip_from_view[2][2] * hit.z + u_clip_from_view[3][2]) / hit.z;
#endif
    float strength = min(abs(v_level), 1.25);
    float lit = strength * sqrt(strength);  // close to the power 1.6, and cheaper
    float key = max(dot(normal, KEY), 0.);
    float grazing = 1. - facing;
    float rim = grazing * grazing * grazing;
    vec3 color = BODY * (.4 + 1.3 * key) + RIM * rim * (1. - .6 * min(lit, 1.));
    float spark = max(dot(normal, normalize(KEY + vec3(0., 0., 1.))), 0.);
    spark *= spark; spark *= spark; spark *= spark; spark *= spark; spark *= spark;
    color += vec3(.55, .65, .85) * spark * (.7 - .4 * min(lit, 1.));
    vec3 glow = v_level >= 0. ? WARM : COLD;
    color += glow * lit * u_glow * (.28 + 1.1 * facing * facing * lit);
    float marked = (v_neuron == u_picked ? 1. : 0.) + (v_neuron == u_hovered ? .6 : 0.);
    color += ACCENT * marked * smoothstep(.45, .8, grazing);
    float alpha = coverage * mix(.93, 1., min(lit + rim, 1.));
    o_color = vec4(color * alpha, alpha);
}
