"""Texts about an embedding. `FORWARD`, `BACKWARD`: what happens in its phases of a walk."""

NAME = "embedding"
SENTENCE = "Each token is a number; the table has a row of weights for each number, and that row is what the network knows of the token."
LOOK = "Tokens that are used alike get similar rows."
FORWARD = "each token takes its row out of the table."
BACKWARD = "the error of each token goes to its row; rows of tokens that are not there get none."
