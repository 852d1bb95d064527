"""Moving inside one iteration. Without a walk all but `walk` do nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nnviz3d.app.session.actions.occasion import Occasion
from nnviz3d.app.session.step_player import StepPlayer


def _inside(act: Callable[[StepPlayer, Any], None]) -> Callable[[Occasion, Any], None]:
    """`act(walking, value)`, where there is a walk."""

    def run(at: Occasion, value: Any) -> None:
        if at.session.walking is not None:
            act(at.session.walking, value)

    return run


def _to(walking: StepPlayer, value: Any) -> None:
    walking.playing = False
    walking.walk.go(float(value))


def _speed(walking: StepPlayer, value: Any) -> None:
    walking.walk_settings.speed = float(value)


def _loop(walking: StepPlayer, value: Any) -> None:
    walking.walk_settings.loop = value


ACTIONS = {
    "walk": lambda at, _value: at.session.start_walk(),
    "walk_leave": lambda at, _value: at.session.leave_walk(),
    "walk_to": _inside(_to),
    "walk_by": _inside(lambda walking, value: walking.by(int(value))),
    "walk_play": _inside(lambda walking, value: walking.restart_or_hold(bool(value))),
    "walk_speed": _inside(_speed),
    "walk_loop": _inside(_loop),
    "walk_gradient": _inside(lambda walking, value: walking.show_gradient(bool(value))),
}
