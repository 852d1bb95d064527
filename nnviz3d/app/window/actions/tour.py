"""The guided tour: its events, and its language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nnviz3d.app.window.loop import Loop


def _speak(loop: Loop, value: Any) -> None:
    """From now on: the next tour begins in this language too."""
    loop.guide.speak(str(value))
    loop.settle_in("language", str(value))


ACTIONS = {
    "tour": lambda loop, value: loop.guide.do(str(value)) if loop.guide.on else loop.guide.start(str(value or "1")),
    "tour_language": _speak,
}
