"""What a product is, for people. `FORWARD`, `BACKWARD`: what happens in its phases of a walk."""

NAME = "product"
SENTENCE = "Each neuron multiplies the two neurons with its own number in the layers that come in: one can close what the other passes on."
LOOK = "Look where one of the two is near 0: nothing of the other is passed on there."
FORWARD = "each neuron multiplies what comes in from the two layers."
BACKWARD = "the error returns to each of the two layers, times what came from the other."
