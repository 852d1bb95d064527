// What every pass over the network shares: the camera, and the columns read by neuron id.
uniform mat4 u_view_from_world;
uniform mat4 u_clip_from_view;
uniform vec2 u_viewport;              // pixels of the whole picture, whatever part of it is drawn here and however finely
uniform float u_ssaa;                 // samples a side of each pixel: all sizes are worked out in pixels and drawn so many times larger
uniform vec4 u_part;                  // from clip space of the whole picture to that of the part that is drawn: scale, then offset
uniform samplerBuffer t_place;        // neuron -> x, y, z, index of its layer
uniform samplerBuffer t_activation;   // neuron -> a
uniform samplerBuffer t_delta;        // neuron -> dL/dz of the shown sample
uniform samplerBuffer t_layer_scale;  // layer -> 1 / (the activation that counts as full), 1 / (the delta that does)

// How many times finer than 720 lines the picture is, at least 1: what is bounded in pixels grows with it.
float fineness() { return max(u_viewport.y / 720., 1.); }

vec4 in_part(vec4 clip) { return vec4(clip.xy * u_part.xy + u_part.zw * clip.w, clip.zw); }

vec3 place_of(int neuron) { return texelFetch(t_place, neuron).xyz; }

float activation_of(int neuron) { return texelFetch(t_activation, neuron).r; }

// The activation in units of its layer's scale: 1 is full, the sign is kept.
float delta_of(int neuron) { return texelFetch(t_delta, neuron).r; }

float level_of(int neuron, float layer) { return clamp(activation_of(neuron) * texelFetch(t_layer_scale, int(layer)).r, -1.25, 1.25); }
