"""What layers side by side is, for people."""

NAME = "concat"
SENTENCE = "The layers that come in stand side by side as one, every number unchanged: what follows can use them all."
LOOK = "Each neuron has one edge: follow it to see where its number comes from."
