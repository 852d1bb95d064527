"""Texts about a sum of layers. `FORWARD`, `BACKWARD`: what happens in its phases of a walk."""

NAME = "sum"
SENTENCE = (
    "Each neuron adds up the neurons with the same number in all layers that it reads (a residual or skip connection): "
    "the layers in between only need to learn the difference."
)
LOOK = "Compare the layers that are added: the one with larger values dominates the sum."
FORWARD = "each neuron adds up its inputs from the layers that are summed."
BACKWARD = "the error passes back unchanged to each of the layers that were summed."
