#version 410 core
// What the network answers at each place, in the colours of its classes; between cells it is blended by hand (a buffer has no filter).
uniform samplerBuffer t_plate;  // cell, rows from the top -> linear red, green, blue, certainty
uniform int u_side;
uniform vec2 u_spot;              // the shown sample, in [0, 1] from the lower left
uniform vec2 u_viewport;
uniform float u_ssaa;
in vec2 v_place;
out vec4 o_color;

vec4 cell(ivec2 at)
{
    at = clamp(at, ivec2(0), ivec2(u_side - 1));
    return texelFetch(t_plate, at.y * u_side + at.x);
}

void main()
{
    vec2 at = vec2(v_place.x, 1. - v_place.y) * float(u_side) - .5;
    ivec2 low = ivec2(floor(at));
    vec2 share = at - vec2(low);
    vec4 answer = mix(mix(cell(low), cell(low + ivec2(1, 0)), share.x), mix(cell(low + ivec2(0, 1)), cell(low + ivec2(1, 1)), share.x), share.y);
    vec2 pixel = fwidth(v_place) * u_ssaa;
    vec2 rim = min(v_place, 1. - v_place) / pixel;
    float edge = clamp(2.5 * max(u_viewport.y / 720., 1.) - min(rim.x, rim.y), 0., 1.);
    vec3 color = answer.rgb * (.05 + .3 * answer.a) + vec3(.16, .22, .36) * edge;
    vec2 away = (v_place - u_spot) / pixel;
    float ring = abs(length(away) - u_viewport.y * .011) - u_viewport.y * .002;
    color = mix(color, vec3(1.6, 1.5, 1.3), clamp(.5 - ring, 0., 1.) * step(0., u_spot.x));
    o_color = vec4(color, 1.) * .96;
}
