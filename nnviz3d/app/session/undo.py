"""Undo and redo: a list of what to return to. A drag on a slider, or on a weight, is one step back, not two hundred.

An entry is a scene, a part of the run that was changed by hand, a whole run that was left, or another session of the window. Taking a
step back puts what is there now on the other list.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nnviz3d.app.session.run_archive import ArchivedRun, Elsewhere, fit
from nnviz3d.spec.neuron_locks import Holds
from nnviz3d.spec.scene import Scene
from nnviz3d.spec.topology import Topology

DEPTH = 200
TOGETHER = 0.6  # seconds: edits of the same keys closer than that are one change


@dataclass(frozen=True)
class Value:
    """A weight or bias of a network of this shape had this value."""

    topology: Topology
    parameter: int
    value: float


@dataclass(frozen=True, eq=False)
class Weights:
    """A network of this shape had these parameters (P,)."""

    topology: Topology
    parameters: np.ndarray

    @property
    def bytes(self) -> int:
        return self.parameters.nbytes


@dataclass(frozen=True)
class Held:
    """These neurons of a network of this shape were frozen or killed."""

    topology: Topology
    holds: Holds


Change = Scene | Value | Weights | Held | ArchivedRun  # what a session can return to by itself
Entry = Change | Elsewhere


class UndoHistory:
    def __init__(self):
        self._past: list[Entry] = []
        self._future: list[Entry] = []
        self._last: tuple[tuple[str, ...], float, bool] = ((), -1e9, False)

    def record(self, before: Entry, keys: tuple[str, ...], now: float, held: bool = False) -> None:
        """`before` is what the edit of `keys` at `now` (seconds) replaces; `held`: a widget or an edge is still being dragged."""
        last_keys, last_time, last_held = self._last
        if keys != last_keys or (not (held and last_held) and now - last_time > TOGETHER):
            self._past.append(before)
            del self._past[:-DEPTH]
            fit(self._past)
        self._future.clear()
        self._last = keys, now, held

    def let_go(self) -> None:
        """Nothing is being dragged any more: the next drag is another change."""
        self._last = (*self._last[:2], False)

    def undo(self, now: Callable[[Change], Change]) -> Change | None:
        """What to return to; None where there is nothing, or only another session. `now(entry)`: what of the same kind is there at
        present."""
        return self._swap(self._past, self._future, now)

    def redo(self, now: Callable[[Change], Change]) -> Change | None:
        return self._swap(self._future, self._past, now)

    def _swap(self, source: list[Entry], target: list[Entry], now: Callable[[Change], Change]) -> Change | None:
        self._last = ((), -1e9, False)
        entry = source[-1] if source else None
        if entry is None or isinstance(entry, Elsewhere):
            return None
        source.pop()
        target.append(now(entry))
        fit(target)
        return entry

    def leave(self, there: Elsewhere, here: Elsewhere, forth: bool) -> None:
        """To that session, from which the way back (`forth`: the way on was taken) leads here again."""
        (self._future if forth else self._past).pop()
        other = there.session.history
        entries = other._past if forth else other._future
        entries.append(here)
        fit(entries)

    def elsewhere(self, forth: bool = False) -> Elsewhere | None:
        """The session that the next undo (or redo) leads to, where it leads to another one."""
        entries = self._future if forth else self._past
        return entries[-1] if entries and isinstance(entries[-1], Elsewhere) else None

    @property
    def bytes(self) -> int:
        """Of the runs that it holds."""
        return sum(entry.bytes for entry in (*self._past, *self._future) if isinstance(entry, (ArchivedRun, Elsewhere, Weights)))

    @property
    def can_undo(self) -> bool:
        return bool(self._past)

    @property
    def can_redo(self) -> bool:
        return bool(self._future)
