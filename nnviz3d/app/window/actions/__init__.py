"""What commands do in a window: `ACTIONS`, the name of a command to a function of (loop, value).

Those of `app.session.actions` need the loop's session only; what they return is told to the person. The modules here hold the others, and
those that mean more in a window. A change of the scene is no command but an edit, and goes through `Session.apply`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nnviz3d.app.session import actions
from nnviz3d.app.session.session import Session
from nnviz3d.app.window.actions import capture, files, history, tour, view

if TYPE_CHECKING:
    from nnviz3d.app.window.loop import Loop


def _in_its_session(act: Callable[[Session, Any], str | None]) -> Callable[[Loop, Any], None]:
    def run(loop: Loop, value: Any) -> None:
        text = act(loop.session, value)
        if text:
            loop.say(text)

    return run


ACTIONS: dict[str, Callable[[Loop, Any], None]] = {
    **{name: _in_its_session(act) for name, act in actions.ACTIONS.items()},
    **history.ACTIONS,
    **view.ACTIONS,
    **files.ACTIONS,
    **tour.ACTIONS,
    **capture.ACTIONS,
}
