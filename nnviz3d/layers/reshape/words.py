"""What another shape is, for people. `FORWARD`, `BACKWARD`: what happens in its phases of a walk."""

NAME = "reshape"
SENTENCE = "The same numbers in the same order, arranged with other axes: nothing is computed."
LOOK = "Each neuron is as bright as the one that it comes from."
FORWARD = "every number is passed on as it is, with other axes."
BACKWARD = "the error returns as it is, with the axes that there were before."
