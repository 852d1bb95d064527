"""Texts about a mean over whole maps. `FORWARD`, `BACKWARD`: what happens in its phases of a walk."""

NAME = "global average pooling"
SENTENCE = "Each neuron is the mean of one whole map: how strongly its pattern was found, no matter where."
LOOK = "Compare each value with the brightness of its map."
FORWARD = "each neuron takes the mean of its map."
BACKWARD = "each error is shared out equally among all cells of its map."
