"""What commands do. Each module holds `ACTIONS`: the name of a command to a function of (loop, value); here they are one table.

A command is something to do that is not a change of the scene; changes of the scene are edits, and go through `Session.apply`.
"""

from __future__ import annotations

from nnviz3d.app.actions import editing, files, stage, tour, training, walk

ACTIONS = training.ACTIONS | walk.ACTIONS | stage.ACTIONS | files.ACTIONS | editing.ACTIONS | tour.ACTIONS
