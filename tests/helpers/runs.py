"""Two runs that must be the same to the bit."""

from __future__ import annotations

from tests.engine.nets import everything

OPTIMIZERS = ["sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw"]


def whole(t) -> bytes:
    """All that training has made, and where its random numbers and its data stand."""
    state = t.state()
    return everything(t) + repr((state["noise"], state["batches"], state["step"], state["epoch"], t.train.learning_rate)).encode()
