// An edge has no data of its own: its connection (here: pair) and its number in it say what it joins; everything else is fetched by those.
// t_pair: pair -> first parameter, inputs, first source, first target: every source to every target, edge = j * inputs + i;
// or -stride, width, first source, first target: one by one, a block of `width` to every `stride`-th place, without parameters;
// or -1, -first factor (0 or less), first source, first target: one by one, times the activation of another neuron.
uniform isamplerBuffer t_pair;
uniform samplerBuffer t_pair_scale; // pair -> 1 / (the value of the brightest edges), gain
uniform samplerBuffer t_value;      // parameter -> weight, gradient or last change
uniform isamplerBuffer t_selection; // n-th chosen edge -> pair, edge inside the pair
uniform samplerBuffer t_time;       // neuron -> its rank: when a wave arrives there
uniform samplerBuffer t_detour;       // pair -> share of the way on which its edges rise, from which they sink; height, what heights shrink to
uniform bool u_detours;               // whether any pair goes round what it skips; where one does not, the first number is 0
uniform int u_first;                // of the chosen edges
uniform float u_constant;           // the value of an edge without a parameter: 1, or 0 where values are gradients or changes
uniform int u_pair;                 // all edges of this pair; -1: the chosen ones
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

Edge edge_of(int instance)
{
    int pair = u_pair, local = instance;
    if (pair < 0) {
        ivec2 chosen = texelFetch(t_selection, u_first + instance).xy;
        pair = chosen.x;
        local = chosen.y;
    }
    ivec4 about = texelFetch(t_pair, pair);
    vec2 scale = texelFetch(t_pair_scale, pair).rg;
    int j = about.y > 0 ? local / about.y : 0;
    int i = local - j * about.y;
    bool own = about.x >= 0;  // it has a parameter
    Edge edge;
    edge.pair = pair;
    edge.number = own ? about.x + local : about.w + local;
    edge.source = about.z + (own ? i : local);
    edge.target = about.w + (own ? j : about.y > 0 ? i - j * about.x : local);
    float constant = own || about.y > 0 ? 1. : activation_of(local - about.y);
    float value = own ? texelFetch(t_value, edge.number).r : constant * u_constant;
#ifdef CHANGE
    float before = own ? texelFetch(t_before, edge.number).r : constant;
    if (!own) value = 0.;
    edge.before = clamp(before * scale.x, -1.6, 1.6);
    edge.change = clamp(value * scale.x * u_typical, -1.6, 1.6);
    value = u_old * before + u_times * passed(edge.source, edge.target) * value;
#else
    if (u_flow == 3) value = own ? 1. : 0.;
    if ((u_flow & 1) == 1) value *= activation_of(edge.source);
    if (u_flow >= 2) value *= delta_of(edge.target);
#endif
    edge.level = clamp(value * scale.x, -1.6, 1.6);
    edge.gain = scale.y;
    return edge;
}

// Strong paths read, the rest becomes air.
float energy_of(float level) { return pow(abs(level), 1.35); }
