"""What a dense layer is, for people."""

NAME = "dense"
SENTENCE = "Each neuron weighs every number that comes in, adds its bias, and applies the activation function."
LOOK = "Thick edges are large weights; the matrix shows them all."
