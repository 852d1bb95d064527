"""Texts about concatenated layers. `FORWARD`, `BACKWARD`: what happens in its phases of a walk."""

NAME = "concat"
SENTENCE = "Several layers are placed side by side to form one, with all values unchanged, so that the next layer can use them all."
LOOK = "Each neuron has one edge: follow it to see where its value comes from."
FORWARD = "the layers are placed side by side, and every value is passed on unchanged."
BACKWARD = "each of the joined layers gets its own part of the error back."
