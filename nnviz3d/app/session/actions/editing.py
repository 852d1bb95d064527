"""Changing the network itself: one weight or bias, frozen and killed neurons. Values that cannot be become the banner."""

from __future__ import annotations

from nnviz3d.app.session.actions.occasion import Occasion
from nnviz3d.spec.neuron_locks import Hold


def _set_parameter(at: Occasion, value) -> None:
    parameter, number = value
    at.session.editing.set_parameter(int(parameter), float(number), at.now, at.held)


def _prune(at: Occasion, value) -> None:
    layer, share = value
    at.session.editing.prune(int(layer), float(share), at.now)


def _hold(kind: Hold):
    def run(at: Occasion, value) -> None:
        neurons, on = value
        at.session.editing.hold(kind, neurons, bool(on), at.now)

    return run


def _check(at: Occasion, value) -> None:
    """Compare a parameter's gradient with the loss itself; the answer is in the next reading."""
    at.session.inspector.check(int(value))


ACTIONS = {
    "set_parameter": _set_parameter,
    "prune": _prune,
    "freeze": _hold("frozen"),
    "kill": _hold("killed"),
    "release": lambda at, _value: at.session.editing.release(at.now),
    "check": _check,
}
