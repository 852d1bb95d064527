"""What layers side by side is, for people. `FORWARD`, `BACKWARD`: what happens in its phases of a walk."""

NAME = "concat"
SENTENCE = "The layers that come in stand side by side as one, every number unchanged: what follows can use them all."
LOOK = "Each neuron has one edge: follow it to see where its number comes from."
FORWARD = "the layers that come in stand side by side, and every number is passed on as it is."
BACKWARD = "each layer that was joined gets its own part of the error back."
