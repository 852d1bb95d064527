"""Texts about RMS norm. `FORWARD`, `BACKWARD`: what happens in its phases of a walk."""

NAME = "RMS norm"
SENTENCE = (
    "The values of one sample, or of one token, are divided by the root of their mean square; each is then multiplied by a learned scale."
)
LOOK = "The length of the whole vector no longer matters, only its direction."
FORWARD = "the values of a sample or token are divided by their root mean square, then scaled."
BACKWARD = "the error passes back without its part along the normalised values."
