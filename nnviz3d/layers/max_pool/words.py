"""Texts about a maximum over windows. `FORWARD`, `BACKWARD`: what happens in its phases of a walk."""

NAME = "max pooling"
SENTENCE = "Each cell is the largest value of a small window of the map before it: the map becomes smaller, and its strongest signals stay."
LOOK = "Point at a cell: the winner of its window is lit, and only the winner gets an error back."
FORWARD = "each cell takes the largest value of its window."
BACKWARD = "each error goes to the cell that was the largest of its window; the others get none."
