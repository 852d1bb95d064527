"""Undo and redo where a window has shown several sessions: the way back may lead to one that was left."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nnviz3d.app.window.loop import Loop


def _undo(loop: Loop, _value: None) -> None:
    there = loop.session.history.elsewhere(forth=False)
    if there is None:
        loop.session.undo()
    else:
        loop.go_elsewhere(there, forth=False)


def _redo(loop: Loop, _value: None) -> None:
    there = loop.session.history.elsewhere(forth=True)
    if there is None:
        loop.session.redo()
    else:
        loop.go_elsewhere(there, forth=True)


ACTIONS = {"undo": _undo, "redo": _redo}
