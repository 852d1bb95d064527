"""Changing the network itself: one weight or bias, frozen and killed neurons. Values that cannot be become the banner."""

from __future__ import annotations


def _set_parameter(loop, value) -> None:
    parameter, number = value
    loop.session.editing.set_parameter(int(parameter), float(number), loop.now, loop.answer.editing)


def _hold(kind: str):
    def run(loop, value) -> None:
        neurons, on = value
        loop.session.editing.hold(kind, neurons, bool(on), loop.now)

    return run


ACTIONS = {
    "set_parameter": _set_parameter,
    "freeze": _hold("frozen"),
    "kill": _hold("killed"),
    "release": lambda loop, _value: loop.session.editing.release(loop.now),
}
