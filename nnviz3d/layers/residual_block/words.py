"""Texts about a residual block."""

NAME = "residual block"
SENTENCE = (
    "Several layers under one name: two convolutions learn what to add to the block's input, and a sum adds it. Errors reach earlier "
    "blocks through the sum unchanged, so that many blocks can be trained."
)
LOOK = "Compare the two inputs of the sum: in a trained network the block often changes its input only a little."
