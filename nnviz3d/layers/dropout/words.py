"""What dropout is, for people."""

NAME = "dropout"
SENTENCE = "In a training step a random share of the numbers is set to 0, so that no neuron can rely on one other alone; afterwards everything is passed on."
LOOK = "Outside of training it changes nothing: both ends of an edge are equally bright."
