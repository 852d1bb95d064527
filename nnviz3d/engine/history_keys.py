"""Whole states of a training run that are kept within a budget of memory, so that every step between them can be trained again.

Spacing follows from an estimate of what a step costs, so that re-entering is far below a frame. Where the budget is used up, spacing
doubles while re-entering still stays within a frame; then keys are thinned, the older the thinner, and the first stays. No clock.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnviz3d.engine.trainer import Trainer
from nnviz3d.spec.scene import Train

REPLAY, LONGEST = 2e-3, 12e-3  # seconds of training again that re-entering should cost, and may cost
SHARE = 0.1  # of the training time that keeping keys may cost
KEYS = 1000  # at most: thinning looks at all of them
FLOPS, COPY, PARAMETER, FIXED = 5e10, 4e9, 2e-9, 5e-5  # a second; bytes a second; seconds a parameter; seconds a step (two Zen cores)
DEVICE = 200  # times as fast as those cores, roughly


@dataclass
class HistoryKey:
    """`state` after `step` steps; with `train` the same numbers follow up to step `end`.

    `change`: the step at which settings or parameters were changed, so that the key before does not lead here: this step, or that of a
    change whose own key was dropped. None: it does lead here.
    """

    step: int
    end: int
    train: Train
    state: dict
    change: int | None
    bytes: int


class Keys:
    """In order of their steps. `spacing` steps lie between two, or up to `longest`; `budget`: bytes for all of them."""

    def __init__(self, trainer: Trainer, budget_bytes: int):
        self.trainer, self.budget = trainer, budget_bytes
        self._keys: list[HistoryKey] = []
        self.spacing, self.longest = _spacings(trainer)

    @property
    def bytes(self) -> int:
        """Of all keys' arrays."""
        return sum(key.bytes for key in self._keys)

    def _fit(self) -> None:
        """Into the budget."""
        while self._keys and (self.bytes > self.budget or len(self._keys) > KEYS):
            if self.spacing < self.longest:
                self._spread()
            else:
                self._thin()

    def _spread(self) -> None:
        """Twice the spacing: drop the keys that are not needed for it."""
        self.spacing = min(2 * self.spacing, self.longest)
        k, keys = 1, self._keys
        while k < len(keys) - 1:
            if keys[k].change is None and keys[k + 1].step - keys[k - 1].step <= self.spacing:
                self._drop(k)
            else:
                k += 1

    def _thin(self) -> None:
        """Drop the key whose going leaves the smallest gap for its age; never the first and the last of several."""
        if len(self._keys) < 3:
            return self._drop(0)
        steps = np.array([key.step for key in self._keys])
        self._drop(1 + int(((steps[2:] - steps[:-2]) / (steps[-1] + 1 - steps[1:-1])).argmin()))

    def _drop(self, k: int) -> None:
        """Without this key the one before leads on over its steps, or, where it was a change, ends short of it."""
        keys = self._keys
        gone = keys.pop(k)
        if k < len(keys):
            keys[k].change = keys[k].change if gone.change is None else gone.change
            if keys[k].state["batches"]["order"] is gone.state["batches"]["order"]:
                keys[k].bytes += gone.state["batches"]["order"].nbytes
        if k:
            keys[k - 1].end = min(keys[k - 1].end, gone.change - 1) if gone.change is not None else gone.end


def arrays(state: dict) -> list[np.ndarray]:
    """All arrays of a state."""
    return [*state["arenas"].values(), state["batches"]["order"]]


def size_of(state: dict) -> int:
    """Bytes of all its arrays."""
    return sum(array.nbytes for array in arrays(state))


def _spacings(trainer: Trainer) -> tuple[int, int]:
    """(steps between two keys, at most): as many as re-entering may train again, or more where copying a state costs over its share."""
    topology, rows = trainer.topology, trainer.train.batch or len(trainer.data.x_train)
    speed = DEVICE if trainer.ops.asynchronous else 1
    work = 6.0 * min(rows, len(trainer.data.x_train)) * topology.n_edges / FLOPS + PARAMETER * topology.n_parameters
    step = work / speed + FIXED
    copy = 4.0 * topology.n_parameters * (3 + len(trainer.arenas.slots)) / COPY
    spacing = max(1, int(max(REPLAY, copy / SHARE) / step))
    return spacing, max(spacing, int(LONGEST / step))
