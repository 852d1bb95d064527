#version 410 core
// Stage, scene and halo together, then the tone curve, sRGB and a dither of half a level so that nothing bands. One pass.
// SHARP: a pixel of the scene is one of the picture. TRANSPARENT: no stage, colours come multiplied by their alpha. DEEP: 16 bits a channel.
// LIGHT: linear light, nothing more. Switches, because a CPU that rasterises pays for both sides of an if.
uniform sampler2D t_scene;
uniform sampler2D t_bloom;
uniform float u_weight;    // of t_scene, which may be a sum
#ifdef SHARP
uniform vec2 u_shift;      // from a pixel of this piece to its own in t_scene
#else
uniform vec4 u_window;     // what of t_scene is looked at: corner and size in uv
#endif
uniform vec4 u_place;      // where in the picture that is: corner and size in uv
uniform vec2 u_origin;     // the same in pixels
uniform float u_bloom;
uniform float u_exposure;
uniform vec2 u_centre;    // of the stage's light, in uv
uniform float u_aspect;
in vec2 v_uv;
flat in float v_ceiling;  // 1, or less where too much would be white
out vec4 o_color;

const vec3 CENTRE = vec3(.018, .026, .055);
const vec3 OUTER = vec3(.003, .004, .009);

// Narkowicz's fit of the ACES curve.
vec3 tone(vec3 x) { return clamp(x * (2.51 * x + .03) / (x * (2.43 * x + .59) + .14), 0., 1.); }

// Both curves, this one and sRGB's, in one fraction of the square root: within 0.3 of a level of 255 everywhere. Powers cost a CPU five times as much.
vec3 shown(vec3 x)
{
    vec3 t = sqrt(x);
    return (4.2924722e-4 + t * (-.0800862752 + t * (5.82978673 + t * (-83.9653545 + t * (425.811796 + t * 7.23439712)))))
        / (1. + t * (-17.3772317 + t * (104.716772 + t * (-157.382499 + t * 459.436506))));
}

// sRGB's curve itself, where nothing lies below the light or 16 bits tell the difference.
vec3 exact(vec3 x) { return mix(12.92 * x, 1.055 * pow(max(x, 1e-6), vec3(1. / 2.4)) - .055, step(.0031308, x)); }

void main()
{
    vec2 uv = u_place.xy + v_uv * u_place.zw;
#ifdef SHARP
    vec4 scene = texelFetch(t_scene, ivec2(gl_FragCoord.xy + u_shift), 0) * u_weight;
#else
    vec4 scene = texture(t_scene, u_window.xy + v_uv * u_window.zw) * u_weight;
#endif
    vec3 light = scene.rgb + texture(t_bloom, uv).rgb * u_bloom;
#ifdef TRANSPARENT
    float solid = clamp(scene.a, 0., 1.);
#else
    vec2 p = (uv - u_centre) * vec2(u_aspect, 1.);
    float far = 1. + 1.5 * dot(p, p);
    light += (OUTER + (CENTRE - OUTER) / (far * far)) * (1. - scene.a);
    float solid = 1.;
#endif
#ifdef LIGHT
    o_color = vec4(light * u_exposure, solid);
#else
    light *= u_exposure * v_ceiling;
#if defined(TRANSPARENT) || defined(DEEP)
    vec3 color = exact(tone(light));
#else
    vec3 color = shown(light);
#endif
#ifndef DEEP
    color += (fract(52.9829189 * fract(dot(gl_FragCoord.xy + u_origin, vec2(.06711056, .00583715)))) - .5) / 255.;
#endif
#ifdef TRANSPARENT  // light alone covers as much as it is bright: so it looks on black as it should, and is seen on white
#ifdef DEEP
    const float levels = 65535.;
#else
    const float levels = 255.;
#endif
    color = clamp(floor(color * levels + .5) / levels, 0., 1.);
    solid = max(ceil(solid * levels) / levels, max(color.r, max(color.g, color.b)));
#endif
    o_color = vec4(color, solid);
#endif
}
