"""What an opaque tensor is, for people."""

NAME = "opaque"
SENTENCE = "A tensor of a network that was built elsewhere. Its values are known; the equations behind them are not."
LOOK = "Its cells show its values. A line into it is a connection between two tensors, not an edge between two neurons."
FORWARD = "its values are those that the network's own framework computed."
BACKWARD = "no error is known: the network was only run forward."
