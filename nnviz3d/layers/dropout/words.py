"""Texts about dropout. `FORWARD`, `BACKWARD`: what happens in its phases of a walk."""

NAME = "dropout"
SENTENCE = (
    "In each training step a random fraction of the values is set to 0, "
    "so that no neuron can rely on a single other one. Otherwise all values are passed on."
)
LOOK = "Outside training it changes nothing: both ends of an edge are equally bright."
FORWARD = "every value is passed on unchanged; only the pass of the training batch sets some of them to 0."
BACKWARD = "the error passes back unchanged."
