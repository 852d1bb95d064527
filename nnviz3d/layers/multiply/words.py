"""Texts about a product of layers. `FORWARD`, `BACKWARD`: what happens in its phases of a walk."""

NAME = "product"
SENTENCE = "Each neuron multiplies the two neurons with the same number in the layers that it reads: one can act as a gate for the other."
LOOK = "Look for values near 0 in one of the two: there, the other is blocked."
FORWARD = "each neuron multiplies its inputs from the two layers."
BACKWARD = "the error passes back to each of the two layers, multiplied by the value from the other."
