// The light of a neuron, the same for spheres, sprites, dots and tiles: activation, error, what a walk fills it with, and its ring.
uniform isamplerBuffer t_mark;   // neuron -> 1 frozen, 2 killed, 4 the end of an edge that is pointed at; summed
uniform float u_glow;
uniform float u_error;           // how much of the delta is shown, in [0, 1]
uniform vec3 u_error_positive;
uniform vec3 u_error_negative;
uniform int u_hovered;
uniform int u_picked;
uniform float u_fill_layer;      // neurons of this layer fill with z, then turn into a; -1: none
uniform float u_fill;            // how much of that has passed, in [0, 1]
uniform float u_source_layer;    // neurons of this layer show the activation that their edges' gradients are made of; -9: none
uniform float u_target_layer;    // where those edges lead
uniform float u_source;          // how much of it is shown, in [0, 1]
uniform vec3 u_sum_positive;     // what fills: the colours of the edges that were added up
uniform vec3 u_sum_negative;

const vec3 WARM = vec3(1.9, 1.25, .5);
const vec3 COLD = vec3(.75, .55, 2.1);

struct Light {
    float strength;  // |activation| in units of its layer's scale
    float lit;       // how hot, in [0, 1] and a little more
    vec3 glow;
    vec2 fill;       // how high it is filled, in [-1, 1]; how much of the light is held by that, in [0, 1]
    float mark;      // ring of a hovered or picked neuron, or of a source: warm where positive, cold where negative
    int held;        // 1 frozen, 2 killed, 3 both
};

Light light_of(int neuron, float layer)
{
    Light l;
    float level = level_of(neuron, layer);
    l.strength = abs(level);
    l.lit = l.strength * sqrt(l.strength);  // close to the power 1.6, and cheaper
    l.glow = (level >= 0. ? WARM : COLD) * l.lit * u_glow;
    if (u_error > 0.) {
        float error = clamp(delta_of(neuron) * texelFetch(t_layer_scale, int(layer)).g, -1.25, 1.25);
        float shown = u_error * (1. - (layer == u_source_layer ? u_source : 0.)) * pow(abs(error), 1.5);
        l.glow *= layer == u_target_layer ? 1. - .85 * u_source : 1.;
        l.glow += (error >= 0. ? u_error_positive : u_error_negative) * shown;
        l.lit = max(l.lit, shown);
    }
    l.fill = vec2(2. * min(l.strength, 1.) - 1., 0.);
    if (layer == u_fill_layer) {
        l.fill.y = 1. - smoothstep(.5, 1., u_fill);
        vec3 held = (level >= 0. ? u_sum_positive : u_sum_negative) * .8 * u_glow * smoothstep(0., .04, l.strength);
        l.glow = mix(l.glow, held, l.fill.y);
    }
    int marks = texelFetch(t_mark, neuron).r;
    l.held = marks & 3;
    l.mark = min((neuron == u_picked ? 1. : 0.) + (neuron == u_hovered ? .6 : 0.) + ((marks & 4) != 0 ? .8 : 0.), 1.6);
    if (l.mark == 0. && layer == u_source_layer) l.mark = u_source * (level >= 0. ? 1.5 : -1.5) * min(l.strength, 1.);
    return l;
}
