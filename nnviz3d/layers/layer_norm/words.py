"""Texts about layer norm. `FORWARD`, `BACKWARD`: what happens in its phases of a walk."""

NAME = "layer norm"
SENTENCE = (
    "The values of one sample, or of one token, are brought to mean 0 and variance 1; "
    "each is then multiplied by a learned scale and shifted."
)
LOOK = "Every value changes when one of them does: they share a mean and a deviation."
FORWARD = "the values of a sample or token are brought to mean 0 and variance 1, then scaled and shifted."
BACKWARD = "the error passes back without its mean and without its part along the normalised values."
