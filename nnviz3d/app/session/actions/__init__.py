"""What the commands do that need a session only: a window gives them, and a film of a session log gives them again.

A handler takes the session and the command's value. What it returns is told to the person who gave the command; None: nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nnviz3d.app.session.actions import editing, snapshots, training, walk
from nnviz3d.app.session.session import Session

ACTIONS: dict[str, Callable[[Session, Any], str | None]] = {
    **training.ACTIONS,
    **walk.ACTIONS,
    **snapshots.ACTIONS,
    **editing.ACTIONS,
}
