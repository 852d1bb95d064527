"""What the commands do that need a session only: a window gives them, and a film of a session log gives them again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nnviz3d.app.session.actions import editing, snapshots, training, walk
from nnviz3d.app.session.actions.occasion import Occasion

ACTIONS: dict[str, Callable[[Occasion, Any], None]] = {
    **training.ACTIONS,
    **walk.ACTIONS,
    **snapshots.ACTIONS,
    **editing.ACTIONS,
}
