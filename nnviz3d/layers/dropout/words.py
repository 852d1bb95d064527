"""What dropout is, for people."""

NAME = "dropout"
SENTENCE = (
    "In a training step a random share of the numbers is set to 0: "
    "so no neuron can rely on a single other one. Otherwise everything is passed on."
)
LOOK = "Outside of training it changes nothing: both ends of an edge are equally bright."
