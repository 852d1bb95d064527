"""What an activation function by itself is, for people."""

NAME = "activation"
SENTENCE = (
    "Each neuron applies one and the same function to the number that comes in: "
    "without such a bend, layers in a row would be no more than one."
)
LOOK = "The curve shows the function, its point where this neuron stands."
