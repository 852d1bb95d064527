"""What an activation function by itself is, for people. `FORWARD`, `BACKWARD`: what happens in its phases of a walk."""

NAME = "activation"
SENTENCE = (
    "Each neuron applies one and the same function to the number that comes in: "
    "without such a bend, layers in a row would be no more than one."
)
LOOK = "The curve shows the function, its point where this neuron stands."
FORWARD = "{activation} decides what is passed on of each number that comes in."
BACKWARD = "the error returns through {activation}: times its slope at each number."
