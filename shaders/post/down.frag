#version 410 core
// Half the size: four bilinear taps; the first step keeps only what is brighter than the threshold, softly.
uniform sampler2D t_image;
uniform float u_spread;     // taps in texels of t_image
uniform float u_threshold;  // negative: keep all
uniform float u_weight;     // of t_image, which may be a sum
uniform vec4 u_window;      // what of t_image is looked at: corner and size in uv
in vec2 v_uv;
out vec4 o_color;

void main()
{
    vec2 d = u_spread / vec2(textureSize(t_image, 0));
    vec2 uv = u_window.xy + v_uv * u_window.zw;
    vec3 c = texture(t_image, uv + vec2(-d.x, -d.y)).rgb + texture(t_image, uv + vec2(d.x, -d.y)).rgb
           + texture(t_image, uv + vec2(-d.x, d.y)).rgb + texture(t_image, uv + d).rgb;
    c *= .25 * u_weight;
    if (u_threshold >= 0.) {
        float brightest = max(c.r, max(c.g, c.b));
        float soft = clamp(brightest - u_threshold * .5, 0., u_threshold);
        float kept = max(brightest - u_threshold, soft * soft / (2. * u_threshold));
        c *= kept / max(brightest, 1e-4);
    }
    o_color = vec4(min(c, vec3(24.)), 1.);
}
