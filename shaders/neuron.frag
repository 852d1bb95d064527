#version 410 core
// Dark glass lit from the upper left; the activation glows from inside, warm for positive, violet-blue for negative.
uniform mat4 u_clip_from_view;

in vec3 v_ray;
flat in vec4 v_sphere;
flat in vec4 v_glow;
flat in vec4 v_style;
flat in vec2 v_fill;
flat in int v_held;
flat in float v_fade;
out vec4 o_color;

const vec3 BODY = vec3(.035, .05, .085);
const vec3 RIM = vec3(.16, .34, .78);
const vec3 SPARK = vec3(.55, .65, .85);
const vec3 ACCENT = vec3(2.2, 1.5, .6);
const vec3 COLD = vec3(.95, .7, 2.6);
const vec3 ICE = vec3(.55, 1.35, 1.9);
const vec3 CUT = vec3(1.5, .3, .26);
const vec3 KEY = vec3(-.48, .68, .55);
const vec3 HALF = vec3(-.2722, .3856, .8816);  // halfway between the key light and the eye

void main()
{
    float pixels = v_style.x;
#ifdef POINTS
    vec2 disc = (gl_PointCoord * 2. - 1.) * vec2(1., -1.) * (pixels + .5) / max(pixels, .25);
    float depth2 = 1. - dot(disc, disc);
    float coverage = clamp(depth2 * .5 * pixels + .5, 0., 1.);  // 1 - h is half of 1 - h^2 at the rim
    if (coverage <= 0.) discard;
    vec3 normal = vec3(disc, sqrt(max(depth2, 0.)));
    float facing = normal.z;
#else
    vec3 ray = normalize(v_ray);
    float along = dot(ray, v_sphere.xyz);
    float miss = sqrt(max(dot(v_sphere.xyz, v_sphere.xyz) - along * along, 0.));
    float coverage = clamp((v_sphere.w - miss) * pixels / v_sphere.w + .5, 0., 1.);
    if (coverage <= 0.) discard;
    float inside = sqrt(max(v_sphere.w * v_sphere.w - miss * miss, 0.));
    vec3 hit = ray * (along - inside);
    vec3 normal = (hit - v_sphere.xyz) / v_sphere.w;
    float facing = clamp(-dot(normal, ray), 0., 1.);
    gl_FragDepth = .5 - .5 * (u_clip_from_view[2][2] * hit.z + u_clip_from_view[3][2]) / hit.z;
#endif
    float key = max(dot(normal, KEY), 0.);
    float grazing = 1. - facing;
    float rim = grazing * grazing * grazing;
    float spark = max(dot(normal, HALF), 0.);
    spark *= spark; spark *= spark; spark *= spark; spark *= spark; spark *= spark;
    vec3 color = BODY * (.4 + 1.3 * key) + RIM * (v_style.y * rim) + SPARK * (v_style.z * spark);
    vec3 inner = v_glow.rgb * (.28 + v_glow.a * facing * facing);
    if (v_fill.y > 0.) {  // a glass that fills from below: z on its way
        float above = normal.y - v_fill.x;
        float held = smoothstep(.05, -.05, above) + .5 * exp(-above * above * 160.);
        inner = mix(inner, v_glow.rgb * (.5 + .3 * facing) * held, v_fill.y);
    }
    color += inner;
    if (v_held != 0) {
        // killed: hollow and crossed out; frozen: a ring of ice. A ring of a hovered one lies over both
        float crossing = min(abs(normal.x + normal.y), abs(normal.x - normal.y)) * .7071;
        float cut = smoothstep(.12, .06, crossing) * smoothstep(.0, .12, facing - .45);
        if ((v_held & 2) != 0) color = BODY * .1 + CUT * (.3 * cut + .22 * smoothstep(.55, .85, grazing));
        if ((v_held & 1) != 0) color = color * .8 + ICE * (.06 + smoothstep(.4, .62, grazing));
    }
    color += (v_style.w >= 0. ? ACCENT : COLD) * abs(v_style.w) * smoothstep(.45, .8, grazing);
    float alpha = coverage * v_fade * min(.93 + v_glow.a + rim, 1.);
    o_color = vec4(color * alpha, alpha);
}
