"""Texts about an activation layer. `FORWARD`, `BACKWARD`: what happens in its phases of a walk."""

NAME = "activation"
SENTENCE = (
    "Each neuron applies the same nonlinear function to its input. "
    "Without a nonlinearity, several layers in a row would be equivalent to a single one."
)
LOOK = "The curve shows the function; the point marks this neuron."
FORWARD = "{activation} is applied to each input."
BACKWARD = "the error passes back through {activation}: it is multiplied by the slope at each value."
