"""Texts about a convolution along one axis. `FORWARD`, `BACKWARD`: what happens in its phases of a walk."""

NAME = "convolution in 1D"
SENTENCE = "A short window of weights slides along the sequence: at every place it multiplies what it covers by its weights and adds it up."
LOOK = "Each row shows where its pattern was found; point at a cell to see the stretch that it was computed from."
FORWARD = "a window slides along the sequence; at each place the weighted sum of its cells goes through {activation}."
BACKWARD = "each cell sends its error back through its window; a weight's gradient is the sum over all places."
