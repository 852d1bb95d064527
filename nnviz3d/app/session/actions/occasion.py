"""What a command is done to, and when: a window gives one for each command, a replay of what was done in a window one for each event."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nnviz3d.app.session.run_archive import Elsewhere
from nnviz3d.app.session.session import Session


def _unheard(_text: str) -> None:
    """Without a window there is no line for a message."""


@dataclass(frozen=True)
class Occasion:
    """`now`: seconds on the clock that tells two edits apart; `held`: the button that edits is still down, so this edit is not the last.

    `say` shows a line to the person; `go_elsewhere` opens the scene that was open before or after this one: only a window can.
    """

    session: Session
    now: float = 0.0
    held: bool = False
    say: Callable[[str], None] = _unheard
    go_elsewhere: Callable[[Elsewhere, bool], None] | None = None
