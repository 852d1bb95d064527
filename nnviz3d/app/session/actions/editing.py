"""Changing the network itself: one weight or bias, frozen and killed neurons. Values that cannot be become the banner.

The undo list joins what belongs together by its own clock, which whoever gives the command has set.
"""

from __future__ import annotations

from collections.abc import Iterable

from nnviz3d.app.session.session import Session


def _set_parameter(session: Session, value: tuple[int, float]) -> None:
    parameter, number = value
    session.editing.set_parameter(int(parameter), float(number), session.history.now, session.history.held)


def _freeze(session: Session, value: tuple[Iterable[int], bool]) -> None:
    neurons, on = value
    session.editing.hold("frozen", neurons, bool(on), session.history.now)


def _kill(session: Session, value: tuple[Iterable[int], bool]) -> None:
    neurons, on = value
    session.editing.hold("killed", neurons, bool(on), session.history.now)


def _release(session: Session, _value: None) -> None:
    session.editing.release(session.history.now)


def _check(session: Session, value: int) -> None:
    """Compare a parameter's gradient with the loss itself; the answer is in the next reading."""
    session.inspector.check(int(value))


ACTIONS = {
    "set_parameter": _set_parameter,
    "freeze": _freeze,
    "kill": _kill,
    "release": _release,
    "check": _check,
}
