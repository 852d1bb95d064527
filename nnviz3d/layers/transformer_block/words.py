"""Texts about a transformer block."""

NAME = "transformer block"
SENTENCE = (
    "Several layers under one name: in attention every token collects what it needs from other tokens, then two dense layers work on each "
    "token alone. Both add their result to what they read."
)
LOOK = "Open the scores: each row says which tokens a token looks at."
