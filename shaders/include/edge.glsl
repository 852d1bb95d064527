// An edge has no data of its own: its number gives (pair, j, i), and everything else is fetched by those.
uniform isamplerBuffer t_pair;      // pair -> first parameter, inputs, first source neuron, first target neuron
uniform samplerBuffer t_pair_scale; // pair -> 1 / (the value of the brightest edges), gain
uniform samplerBuffer t_value;      // parameter -> weight, gradient or last change
uniform isamplerBuffer t_selection; // n-th chosen edge -> pair, edge inside the pair
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

struct Edge {
    int source;
    int target;
    float level;  // the quantity in units of its pair's scale, with its sign
    float gain;   // makes 2 thousand and 2 million edges look equally bright
    int number;   // its parameter's index: a stable seed
#ifdef CHANGE
    float before; // the old weight, in units of the pair's scale
    float change; // the difference, in units of a typical one
#endif
};

// How much of an edge a wave has passed, in [0, 1].
float passed(int target)
{
    float layer = texelFetch(t_place, target).w;
    return u_way == 0 ? 1. : clamp(u_way > 0 ? u_front - layer + 1. : layer - u_front, 0., 1.);
}

Edge edge_of(int instance)
{
    int pair = u_pair, local = instance;
    if (pair < 0) {
        ivec2 chosen = texelFetch(t_selection, instance).xy;
        pair = chosen.x;
        local = chosen.y;
    }
    ivec4 about = texelFetch(t_pair, pair);
    vec2 scale = texelFetch(t_pair_scale, pair).rg;
    int j = local / about.y;
    int i = local - j * about.y;
    Edge edge;
    edge.number = about.x + local;
    edge.source = about.z + i;
    edge.target = about.w + j;
    float value = texelFetch(t_value, edge.number).r;
#ifdef CHANGE
    float before = texelFetch(t_before, edge.number).r;
    edge.before = clamp(before * scale.x, -1.6, 1.6);
    edge.change = clamp(value * scale.x * u_typical, -1.6, 1.6);
    value = u_old * before + u_times * passed(edge.target) * value;
#else
    if (u_flow == 3) value = 1.;
    if ((u_flow & 1) == 1) value *= activation_of(edge.source);
    if (u_flow >= 2) value *= delta_of(edge.target);
#endif
    edge.level = clamp(value * scale.x, -1.6, 1.6);
    edge.gain = scale.y;
    return edge;
}

// Strong paths read, the rest becomes air.
float energy_of(float level) { return pow(abs(level), 1.35); }
