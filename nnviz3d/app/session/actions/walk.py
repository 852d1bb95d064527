"""Moving inside one iteration. Without a walk all but `walk` do nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nnviz3d.app.session.session import Session
from nnviz3d.app.session.step_player import Walking


def _walk(session: Session, _value: None) -> None:
    session.start_walk()


def _leave(session: Session, _value: None) -> None:
    session.leave_walk()


def _inside(act: Callable[[Walking, Any], None]) -> Callable[[Session, Any], None]:
    """`act` where there is a walk."""

    def run(session: Session, value: Any) -> None:
        if session.walking is not None:
            act(session.walking, value)

    return run


def _to(walking: Walking, value: float) -> None:
    walking.playing = False
    walking.walk.go(float(value))


def _by(walking: Walking, value: int) -> None:
    walking.by(int(value))


def _play(walking: Walking, value: bool) -> None:
    walking.restart_or_hold(bool(value))


def _speed(walking: Walking, value: float) -> None:
    walking.habits.speed = float(value)


def _loop(walking: Walking, value: str) -> None:
    walking.habits.loop = str(value)


def _gradient(walking: Walking, value: bool) -> None:
    walking.show_gradient(bool(value))


ACTIONS = {
    "walk": _walk,
    "walk_leave": _leave,
    "walk_to": _inside(_to),
    "walk_by": _inside(_by),
    "walk_play": _inside(_play),
    "walk_speed": _inside(_speed),
    "walk_loop": _inside(_loop),
    "walk_gradient": _inside(_gradient),
}
