"""Texts about a dense layer. `FORWARD`, `BACKWARD`: what happens in its phases of a walk."""

NAME = "dense"
SENTENCE = "Each neuron multiplies every input by a weight, adds everything up together with its bias, and applies the activation function."
LOOK = "Thick edges are large weights; the matrix shows them all."
FORWARD = "each neuron adds up its weighted inputs and its bias, then applies {activation}."
BACKWARD = "the error is sent back. A weight's gradient is the error at its end times the activation at its start."
