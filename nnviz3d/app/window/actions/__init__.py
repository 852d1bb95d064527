"""What commands do. Each module holds `ACTIONS`: the name of a command to a function of (loop, value); here they are one table.

A command is something to do that is not a change of the scene; changes of the scene are edits, and go through `Session.apply`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nnviz3d.app.session.actions import editing, snapshots, training, walk
from nnviz3d.app.session.actions.occasion import Occasion
from nnviz3d.app.window.actions import capture, files, tour, view


def _by_occasion(handler: Callable[[Occasion, Any], None]) -> Callable[[Any, Any], None]:
    """A handler that needs a session only, for a window."""
    return lambda loop, value: handler(Occasion(loop.session, loop.now, loop.answer.editing, loop.say, loop.go_elsewhere), value)


_OF_SESSION = {name: act for room in (training, walk, snapshots, editing) for name, act in room.ACTIONS.items()}
ACTIONS = {name: _by_occasion(act) for name, act in _OF_SESSION.items()}
ACTIONS |= {name: act for room in (view, files, tour, capture) for name, act in room.ACTIONS.items()}
