#version 410 core
// The neuron's activation over the plane in the colours of the plate; around it a rim of dark glass that the activation of now lights up.
uniform samplerBuffer t_response;  // cell, rows from the top, then neuron -> activation there
uniform int u_neurons;
uniform int u_cells;
uniform vec2 u_spot;               // the shown sample on the plane, in [0, 1] from the lower left
uniform vec3 u_negative;
uniform vec2 u_viewport;

in vec2 v_at;
flat in int v_neuron;
flat in vec4 v_tint;
flat in vec4 v_rim;
flat in vec2 v_fill;
flat in int v_held;
flat in float v_pixels;
out vec4 o_color;

const float ROUND = .34;  // radius of the corners
const vec3 ACCENT = vec3(2.2, 1.5, .6);
const vec3 COLD = vec3(.95, .7, 2.6);
const vec3 ICE = vec3(.3, .75, 1.05);

float cell(ivec2 at)
{
    at = clamp(at, ivec2(0), ivec2(u_cells - 1));
    return texelFetch(t_response, (at.y * u_cells + at.x) * u_neurons + v_neuron).r;
}

float response(vec2 place)
{
    vec2 at = vec2(place.x, 1. - place.y) * float(u_cells) - .5;
    ivec2 low = ivec2(floor(at));
    vec2 share = at - vec2(low);
    float top = mix(cell(low), cell(low + ivec2(1, 0)), share.x);
    return mix(top, mix(cell(low + ivec2(0, 1)), cell(low + ivec2(1, 1)), share.x), share.y) * v_tint.a;
}

void main()
{
    vec2 corner = abs(v_at) - (1. - ROUND);
    float outside = length(max(corner, 0.)) + min(max(corner.x, corner.y), 0.) - ROUND;  // distance to the outline, negative inside
    float soft = max(fwidth(outside), 1e-4);
    float coverage = clamp(.5 - outside / soft, 0., 1.);
    if (coverage <= 0.) discard;
    float rim = clamp(1.8 / v_pixels, .1, .5);
    float inside = clamp(.5 - (outside + rim) / soft, 0., 1.);

    vec2 place = v_at / (1. - rim) * .5 + .5;
    float level = clamp(response(clamp(place, 0., 1.)), -1., 1.);
    vec3 picture = (level >= 0. ? v_tint.rgb : u_negative) * (.03 + .36 * abs(level));
    picture *= .7 + .3 * smoothstep(0., .16, -outside - rim);             // set a little back behind its frame
    picture += vec3(.012, .018, .03) * smoothstep(-.6, 1., v_at.y - .5 * v_at.x);  // the key light on the glass
    vec2 away = (place - u_spot) * 2. * (1. - rim) * v_pixels;
    float size = clamp(.07 * v_pixels, 1.4, 7. * max(u_viewport.y / 720., 1.));
    float spot = clamp(size - length(away) + .5, 0., 1.) * step(0., u_spot.x) * step(9., v_pixels);
    float shade = clamp(1.7 * size - length(away) + .5, 0., 1.) * step(0., u_spot.x) * step(9., v_pixels);
    picture = mix(mix(picture, vec3(.01), .6 * shade), vec3(1., .95, .85), spot);

    vec3 frame = mix(vec3(.05, .075, .14), vec3(.17, .26, .5), smoothstep(-1., 1., v_at.y - .5 * v_at.x));
    float held = mix(1., smoothstep(.06, -.06, v_at.y - v_fill.x), v_fill.y);  // z on its way fills the rim from below
    frame += v_rim.rgb * .6 * held + (v_rim.a >= 0. ? ACCENT : COLD) * .8 * abs(v_rim.a);
    picture = mix(picture, v_rim.rgb * .8, .3 * held * v_fill.y);
    if ((v_held & 2) != 0) {  // killed: its picture is what it would answer
        picture *= .15;
        frame *= .3;
    }
    if ((v_held & 1) != 0) frame = frame * .5 + ICE * .6;
    o_color = vec4(mix(frame, picture, inside), 1.) * coverage;
}
