"""What another shape is, for people."""

NAME = "reshape"
SENTENCE = "The same numbers in the same order, arranged with other axes: nothing is computed."
LOOK = "Each neuron is as bright as the one that it comes from."
