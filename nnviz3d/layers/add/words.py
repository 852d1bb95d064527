"""What a sum is, for people."""

NAME = "sum"
SENTENCE = (
    "Each neuron adds up the neurons with its own number in all layers that come in: what a layer is added to need not be learned by it."
)
LOOK = "Compare the layers that come in: the larger one decides."
