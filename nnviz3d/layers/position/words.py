"""Texts about positions. `FORWARD`, `BACKWARD`: what happens in its phases of a walk."""

NAME = "position"
SENTENCE = "Attention does not see the order of tokens: here each place leaves its mark on the features of the token that stands in it."
LOOK = "The same token has other features in another place."
FORWARD = "each token is marked with its place."
BACKWARD = "the error passes back to the tokens, and to the weights of their places where these are learned."
