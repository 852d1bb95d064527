// An edge has no data of its own: its number gives (pair, j, i), and everything else is fetched by those.
uniform isamplerBuffer t_pair;      // pair -> first parameter, inputs, first source neuron, first target neuron
uniform samplerBuffer t_pair_scale; // pair -> 1 / (the value of the brightest edges), gain
uniform samplerBuffer t_value;      // parameter -> weight, gradient or last change
uniform isamplerBuffer t_selection; // n-th chosen edge -> pair, edge inside the pair
uniform int u_pair;                 // all edges of this pair; -1: the chosen ones
uniform bool u_signal;              // the quantity is weight x activation

struct Edge {
    int source;
    int target;
    float level;  // the quantity in units of its pair's scale, with its sign
    float gain;   // makes 2 thousand and 2 million edges look equally bright
    int number;   // its parameter's index: a stable seed
};

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
    if (u_signal) value *= activation_of(edge.source);
    edge.level = clamp(value * scale.x, -1.6, 1.6);
    edge.gain = scale.y;
    return edge;
}

// Strong paths read, the rest becomes air.
float energy_of(float level) { return pow(abs(level), 1.35); }
