"""Undo and redo: a list of scenes. A drag on a slider is one step back, not two hundred."""

from __future__ import annotations

from nnviz3d.spec.scene import Scene

DEPTH = 200
TOGETHER = 0.6  # seconds: edits of the same keys closer than that are one change


class History:
    def __init__(self):
        self._past: list[Scene] = []
        self._future: list[Scene] = []
        self._last: tuple[tuple[str, ...], float, bool] = ((), -1e9, False)

    def record(self, before: Scene, keys: tuple[str, ...], now: float, held: bool = False) -> None:
        """`before` is the scene that the edit of `keys` at `now` (seconds) replaces; `held`: a widget is still being dragged."""
        last_keys, last_time, last_held = self._last
        if keys != last_keys or (not (held and last_held) and now - last_time > TOGETHER):
            self._past.append(before)
            del self._past[:-DEPTH]
        self._future.clear()
        self._last = keys, now, held

    def undo(self, current: Scene) -> Scene | None:
        return self._swap(self._past, self._future, current)

    def redo(self, current: Scene) -> Scene | None:
        return self._swap(self._future, self._past, current)

    def _swap(self, source: list[Scene], target: list[Scene], current: Scene) -> Scene | None:
        self._last = ((), -1e9, False)
        if not source:
            return None
        target.append(current)
        return source.pop()

    @property
    def can_undo(self) -> bool:
        return bool(self._past)

    @property
    def can_redo(self) -> bool:
        return bool(self._future)
