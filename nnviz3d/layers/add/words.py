"""What a sum is, for people."""

NAME = "sum"
SENTENCE = "Each neuron adds up the neurons with its own number in all layers that come in: so a layer only has to learn what is to be added to what it skips."
LOOK = "Compare the layers that come in: the larger one decides."
