"""Texts about a convolutional block."""

NAME = "conv block"
SENTENCE = (
    "Several layers under one name: a convolution looks for patterns, batch normalisation keeps their sizes comparable, an activation "
    "function keeps the positive ones, and pooling makes the maps smaller."
)
LOOK = "Compare the maps before and after pooling: the pattern stays, its exact position does not."
