"""Texts about batch norm. `FORWARD`, `BACKWARD`: what happens in its phases of a walk."""

NAME = "batch norm"
SENTENCE = (
    "Each channel is brought to mean 0 and variance 1 over the samples of the batch, then multiplied by a learned scale and shifted; "
    "outside training, running averages are used."
)
LOOK = "Compare the scales: a channel whose scale is near 0 passes nothing on."
FORWARD = "each channel is brought to mean 0 and variance 1 over the batch, then scaled and shifted."
BACKWARD = "the error passes back without its mean over the batch and without its part along the normalised values."
