"""What commands do. Each module holds `ACTIONS`: the name of a command to a function of (loop, value); here they are one table.

A command is something to do that is not a change of the scene; changes of the scene are edits, and go through `Session.apply`.
"""

from __future__ import annotations

from nnviz3d.app.session.actions import editing, snapshots, training, walk
from nnviz3d.app.window.actions import capture, files, tour, view

_ROOMS = (training, walk, snapshots, view, files, editing, tour, capture)
ACTIONS = {name: act for room in _ROOMS for name, act in room.ACTIONS.items()}
