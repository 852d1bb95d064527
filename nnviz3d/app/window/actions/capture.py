"""Filming the window, and keeping what was done in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nnviz3d.app.window import live_capture
from nnviz3d.spec.session_log import ENDING

if TYPE_CHECKING:
    from nnviz3d.app.window.loop import Loop


def _save_timeline(loop: Loop, _value: None) -> None:
    path = loop.log.save(live_capture.free(Path.cwd(), loop.session.name).with_suffix(ENDING))
    part = " (only its beginning: the session is too long)" if loop.log.full else ""
    loop.say(f"saved {path.name}{part}; `nnviz3d record {path.name} -o film.mp4` makes a film of it")


ACTIONS = {
    "capture": lambda loop, value: loop.capture.toggle(alone=value == "stage"),
    "save_timeline": _save_timeline,
}
