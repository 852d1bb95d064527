"""What dropout is, for people. `FORWARD`, `BACKWARD`: what happens in its phases of a walk."""

NAME = "dropout"
SENTENCE = (
    "In a training step a random share of the numbers is set to 0: "
    "so no neuron can rely on a single other one. Otherwise everything is passed on."
)
LOOK = "Outside of training it changes nothing: both ends of an edge are equally bright."
FORWARD = "every number is passed on as it is; only the batch's own pass sets some of them to 0."
BACKWARD = "the error returns as it is."
