"""Texts about a convolution over maps. `FORWARD`, `BACKWARD`: what happens in its phases of a walk."""

NAME = "convolution"
SENTENCE = "A small window of weights slides over the maps: at every place it multiplies what it covers by its weights and adds it up."
LOOK = "Each map shows where its pattern was found; point at a cell to see the patch that it was computed from."
FORWARD = "a window slides over the maps; at each place the weighted sum of its cells goes through {activation}."
BACKWARD = "each cell sends its error back through its window; a weight's gradient is the sum over all places."
