"""Texts about attention's scores. `FORWARD`, `BACKWARD`: what happens in its phases of a walk."""

NAME = "attention scores"
SENTENCE = "Each token's query is multiplied with the key of every token: the more alike the two are, the higher is the score."
LOOK = "A row belongs to the token that looks, a column to the token that is looked at."
FORWARD = "each query is multiplied with each key, head by head."
BACKWARD = "the error of a score goes to its query, times the key, and to its key, times the query."
