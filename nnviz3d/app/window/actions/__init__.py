"""What commands do in a window: `ACTIONS`, the name of a command to a function of (loop, value), with those that need a session only.

A command is something to do that is not a change of the scene; changes of the scene are edits, and go through `Session.apply`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nnviz3d.app.session import actions
from nnviz3d.app.session.actions.occasion import Occasion
from nnviz3d.app.window.actions import capture, files, tour, view

if TYPE_CHECKING:
    from nnviz3d.app.window.loop import Loop


def _by_occasion(handler: Callable[[Occasion, Any], None]) -> Callable[[Loop, Any], None]:
    """A handler that needs a session only, for a window."""
    return lambda loop, value: handler(Occasion(loop.session, loop.now, loop.answer.editing, loop.say, loop.go_elsewhere), value)


ACTIONS: dict[str, Callable[[Loop, Any], None]] = {
    **{name: _by_occasion(act) for name, act in actions.ACTIONS.items()},
    **view.ACTIONS,
    **files.ACTIONS,
    **tour.ACTIONS,
    **capture.ACTIONS,
}
