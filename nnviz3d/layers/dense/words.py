"""What a dense layer is, for people. `FORWARD`, `BACKWARD`: what happens in its phases of a walk."""

NAME = "dense"
SENTENCE = "Each neuron weighs every number that comes in, adds its bias, and applies the activation function."
LOOK = "Thick edges are large weights; the matrix shows them all."
FORWARD = "each neuron adds up its inputs times their weights and its bias, then {activation} decides what it passes on."
BACKWARD = "the error returns. A weight's gradient is the error at its end times the activation at its start."
