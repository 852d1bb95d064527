"""What a sum is, for people. `FORWARD`, `BACKWARD`: what happens in its phases of a walk."""

NAME = "sum"
SENTENCE = (
    "Each neuron adds up the neurons with its own number in all layers that come in: what a layer is added to need not be learned by it."
)
LOOK = "Compare the layers that come in: the larger one decides."
FORWARD = "each neuron adds up what comes in from the layers that are summed."
BACKWARD = "the error returns to each of the layers that were summed, as it is."
