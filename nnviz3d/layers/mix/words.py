"""Texts about attention's mixture. `FORWARD`, `BACKWARD`: what happens in its phases of a walk."""

NAME = "attention mixture"
SENTENCE = "Each token adds up the values of the tokens that it looks at, each times its share of the attention."
LOOK = "Where one share is near 1, the value of that token is copied."
FORWARD = "each token adds up the values that it attends to, times their shares."
BACKWARD = "the error goes to the values, times their shares, and to the shares, times the values."
