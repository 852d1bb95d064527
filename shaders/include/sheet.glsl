// The light of a cell of a sheet, as numbers that can be averaged: of positive and negative activations, of positive and negative errors.
// The same as bridge/pyramid.py works out for blocks of cells.

// What a sphere of this light looks like from afar, spread over its cell.
float spread(float lit) { return lit * (.28 + .34 * min(lit, 1.)); }

// `share`: where the cell is among those of its tile, in [0, 1]: while sums are on their way, they are written one after another.
vec4 energy_of(int neuron, float layer, float share)
{
    float level = level_of(neuron, layer);
    if (layer == u_fill_layer && u_fill < .5) {
        float written = 2. * u_fill;
        level = share <= written ? clamp(level / max(written, 1e-3), -1.25, 1.25) : 0.;
    }
    float strength = abs(level);
    float light = spread(strength * sqrt(strength));
    vec4 energy = level >= 0. ? vec4(light, 0., 0., 0.) : vec4(0., light, 0., 0.);
    if (u_error > 0.) {
        float error = clamp(delta_of(neuron) * texelFetch(t_layer_scale, int(layer)).g, -1.25, 1.25);
        float shown = spread(pow(abs(error), 1.5));
        energy.zw = error >= 0. ? vec2(shown, 0.) : vec2(0., shown);
    }
    return energy;
}

vec3 light_from(vec4 energy, float layer)
{
    float held = layer == u_fill_layer ? 1. - smoothstep(.5, 1., u_fill) : 0.;
    vec3 warm = mix(WARM, u_sum_positive, held), cold = mix(COLD, u_sum_negative, held);
    float calm = layer == u_target_layer ? 1. - .85 * u_source : 1.;
    float error = u_error * (1. - (layer == u_source_layer ? u_source : 0.));
    return (warm * energy.x + cold * energy.y) * u_glow * calm + (u_error_positive * energy.z + u_error_negative * energy.w) * error;
}
