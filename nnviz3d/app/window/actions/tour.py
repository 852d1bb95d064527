"""The guided tour: its events, and its language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nnviz3d.app.window.loop import Loop


def _speak(loop: Loop, value: Any) -> None:
    """From now on: the next tour begins in this language too."""
    loop.tour.set_language(str(value))
    loop.settle_in("language", str(value))


ACTIONS = {
    "tour": lambda loop, value: loop.tour.do(str(value)) if loop.tour.on else loop.tour.start(str(value or "1")),
    "tour_language": _speak,
}
