"""Texts about a mean over windows. `FORWARD`, `BACKWARD`: what happens in its phases of a walk."""

NAME = "average pooling"
SENTENCE = "Each cell is the mean of a small window of the map before it: the map becomes smaller and smoother."
LOOK = "All cells of a window count equally; compare the map with the one before it."
FORWARD = "each cell takes the mean of its window."
BACKWARD = "each error is shared out equally among the cells of its window."
