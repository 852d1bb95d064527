"""Texts about a softmax. `FORWARD`, `BACKWARD`: what happens in its phases of a walk."""

NAME = "softmax"
SENTENCE = "The scores of each row become shares between 0 and 1 that add up to 1: how much of its attention a token gives to each other."
LOOK = "One bright cell in a row: the token looks at one place only. An even row: it looks everywhere."
FORWARD = "the scores of each row become shares that add up to 1."
BACKWARD = "a score is to rise where its own error is below the average of its row."
