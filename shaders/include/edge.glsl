// An edge of a connection (here: pair) that is drawn whole has no data of its own: its number says what it joins. Every other is a row of a
// list: source, target, what it multiplies by, entry * 4 + kind: 0 the place of a parameter, 1 the neuron whose activation it is,
// 2 the number itself (its bits), 3 all that it is drawn by: the sum of a ribbon between groups of neurons.
// An entry is a pair, or the number of pairs + a pair: single edges of one that is drawn as ribbons, with a scale of their own.
uniform samplerBuffer t_pair;         // entry -> what parameters and activations are multiplied by
uniform samplerBuffer t_pair_scale; // entry -> 1 / (the value of the brightest edges), gain
uniform samplerBuffer t_value;      // parameter (or row of a list) -> weight, gradient or last change
uniform isamplerBuffer t_selection; // n-th listed edge -> its row
uniform samplerBuffer t_time;       // neuron or group -> its rank: when a wave arrives there
uniform samplerBuffer t_detour;       // entry -> share of the way on which its edges rise, from which they sink; height, what heights shrink to
uniform bool u_detours;               // whether any pair goes round what it skips; where one does not, the first number is 0
uniform int u_first;                // of the chosen edges
uniform int u_values;               // where in t_value the numbers of this list begin, one for each of its rows; -1: it has all parameters
uniform float u_constant;           // what activations as values are multiplied by: 1, or 0 where values are gradients or changes
uniform int u_pair;                 // all edges of this pair; -1: those of a list
uniform ivec4 u_dense;              // of that pair: first parameter, inputs, first source, first target; edge = j * inputs + i
uniform int u_flow;                 // the quantity is the value, 1: x activation of its source, 2: x delta of its target, 3: activation x delta
uniform float u_front;              // how far a wave has come, in layers
uniform int u_way;                  // of the wave: 1 forward, -1 backward, 0 there is none
#ifdef CHANGE
// Two moments of the weights at once: t_value holds after - before, and what is drawn is u_old x before + u_times x the difference.
uniform samplerBuffer t_before;     // parameter -> its value before the step
uniform float u_old;
uniform float u_times;
uniform float u_typical;            // the factor at which a typical change is as long as a strong weight
#endif

const float BEND = .45;  // of the pieces of an edge that is not straight, for each bend

struct Edge {
    int source;
    int target;
    float level;  // the quantity in units of its pair's scale, with its sign
    float gain;   // makes 2 thousand and 2 million edges look equally bright
    int number;   // a stable seed: its parameter's index, if it has one
    int pair;
#ifdef CHANGE
    float before; // the old weight, in units of the pair's scale
    float change; // the difference, in units of a typical one
#endif
};

// How much of an edge a wave has passed, in [0, 1]. One that skips ranks is under way all the time that they take.
float passed(int source, int target)
{
    if (u_way == 0) return 1.;
    float begin = texelFetch(t_time, source).r, end = texelFetch(t_time, target).r;
    if (end - begin == 1.) return clamp(u_way > 0 ? u_front - end + 1. : end - u_front, 0., 1.);
    return clamp((u_way > 0 ? u_front - begin : end - u_front) / (end - begin), 0., 1.);
}

// Where an edge is at a share t of its way: straight, or over what it skips.
vec3 along(Edge edge, float t)
{
    vec3 point = mix(place_of(edge.source), place_of(edge.target), t);
    if (u_detours) {
        vec4 detour = texelFetch(t_detour, edge.pair);
        if (detour.x > 0.) {
            float lift = smoothstep(0., detour.x, t) * (1. - smoothstep(detour.y, 1., t));
            point.y = mix(point.y, detour.z + detour.w * point.y, lift);
        }
    }
    return point;
}

// The share of the way at which the pieces of an edge that is not straight meet, from 0 to 1: most of them are where it bends.
float share_at(Edge edge, float piece)
{
    vec4 detour = texelFetch(t_detour, edge.pair);
    if (piece < BEND) return detour.x * piece / BEND;
    if (piece < 1. - BEND) return mix(detour.x, detour.y, (piece - BEND) / (1. - 2. * BEND));
    return mix(detour.y, 1., (piece - 1. + BEND) / BEND);
}

const int PARAMETER = 0, ACTIVATION = 1, QUANTITY = 3;

Edge edge_of(int instance)
{
    Edge edge;
    int what, kind = PARAMETER;
    if (u_pair < 0) {
        ivec4 row = texelFetch(t_selection, u_first + instance);
        edge.source = row.x;
        edge.target = row.y;
        what = row.z;
        edge.pair = row.w >> 2;
        kind = row.w & 3;
    } else {
        int j = instance / u_dense.y;
        edge.source = u_dense.z + instance - j * u_dense.y;
        edge.target = u_dense.w + j;
        what = u_dense.x + instance;
        edge.pair = u_pair;
    }
    vec2 scale = texelFetch(t_pair_scale, edge.pair).rg;
    bool own = kind == PARAMETER;
    edge.number = own ? what : kind == QUANTITY ? edge.source * 9973 + edge.target : edge.target;
    int place = u_values < 0 ? what : u_values + u_first + instance;
    float value = own ? texelFetch(t_value, place).r : kind == ACTIVATION ? activation_of(what) : intBitsToFloat(what);
    if (own || kind == ACTIVATION) value *= texelFetch(t_pair, edge.pair).r;
#ifdef CHANGE
    float before = own ? texelFetch(t_before, place).r * texelFetch(t_pair, edge.pair).r : value;
    if (!own) value = 0.;
    edge.before = clamp(before * scale.x, -1.6, 1.6);
    edge.change = clamp(value * scale.x * u_typical, -1.6, 1.6);
    value = u_old * before + u_times * passed(edge.source, edge.target) * value;
    if (kind == QUANTITY) value = before;
#else
    if (kind == ACTIVATION) value *= u_constant;
    if (kind != QUANTITY) {
        if (u_flow == 3) value = own ? texelFetch(t_pair, edge.pair).r : 0.;
        if ((u_flow & 1) == 1) value *= activation_of(edge.source);
        if (u_flow >= 2) value *= delta_of(edge.target);
    }
#endif
    edge.level = clamp(value * scale.x, -1.6, 1.6);
    edge.gain = scale.y;
    return edge;
}

// Strong paths read, the rest becomes air.
float energy_of(float level) { return pow(abs(level), 1.35); }
