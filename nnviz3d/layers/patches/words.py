"""What cutting a picture into patches is, for people. `FORWARD`, `BACKWARD`: what happens in its phases of a walk."""

NAME = "patches"
SENTENCE = (
    "Cuts a picture into squares. Each square becomes a token, and its pixels become the token's features, so that attention can work on "
    "a picture as it does on text. Nothing is computed."
)
LOOK = "Follow one pixel: it lies in exactly one token."
FORWARD = "every pixel is passed on unchanged to the token of its patch."
BACKWARD = "the error of every feature passes back unchanged to its pixel."
