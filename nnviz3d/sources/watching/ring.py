"""The kept past of a watched loop: states by step, in a bounded number of bytes. One thread writes it, another reads it.

Where there is no room, the state goes whose neighbours tell most of what it tells: near the newest step all are kept, further back fewer
and fewer, and the first one stays.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from threading import Lock

import numpy as np

from nnviz3d.sources.watching.network import SentSample

MOST = 2000  # states, however small


@dataclass(frozen=True, eq=False)
class KeptState:
    """After a step: `parameters` (P,) float32, finite, on the host; `gradients` (P,) or None. `sound`: what came was finite.
    `losses`, `metrics` as they were sent."""

    step: int
    epoch: float
    loss: float
    parameters: np.ndarray
    gradients: np.ndarray | None = None
    batch: int = 0
    metrics: tuple[tuple[str, float], ...] = ()
    sound: bool = True
    sample: SentSample | None = None

    @property
    def bytes(self) -> int:
        return self.parameters.nbytes + (0 if self.gradients is None else self.gradients.nbytes) + 500


class StateRing:
    """`budget` in bytes; the newest state is kept even where it is larger."""

    def __init__(self, budget: int):
        self.budget, self.bytes = budget, 0
        self._lock = Lock()
        self._steps: list[int] = []
        self._states: list[KeptState] = []

    def __len__(self) -> int:
        return len(self._steps)

    @property
    def steps(self) -> np.ndarray:
        """Ascending, a copy."""
        with self._lock:
            return np.array(self._steps, np.int64)

    @property
    def newest(self) -> KeptState | None:
        with self._lock:
            return self._states[-1] if self._states else None

    def put(self, state: KeptState) -> None:
        """Of a step that is known, the newer one counts."""
        with self._lock:
            at = bisect_left(self._steps, state.step)
            there = at < len(self._steps) and self._steps[at] == state.step
            if there:
                self.bytes -= self._states[at].bytes
            self._steps[at : at + there] = [state.step]
            self._states[at : at + there] = [state]
            self.bytes += state.bytes
            while len(self._steps) > 1 and (self.bytes > self.budget or len(self._steps) > MOST):
                self._drop()

    def clear(self) -> None:
        with self._lock:
            self._steps, self._states, self.bytes = [], [], 0

    def at(self, step: float) -> KeptState:
        """The last one that is not after this step; the first of all before it. Raises IndexError where there is none."""
        with self._lock:
            return self._states[max(bisect_right(self._steps, step) - 1, 0)]

    def beside(self, step: float, by: int) -> KeptState:
        """`by` places further on or back, or the end there is."""
        with self._lock:
            here = max(bisect_right(self._steps, step) - 1, 0)
            return self._states[min(max(here + by, 0), len(self._states) - 1)]

    def _drop(self) -> None:
        count = len(self._steps)
        k = 0
        if count > 2:
            step = np.array(self._steps, np.float64)
            gap, age = step[2:] - step[:-2], step[-1] - step[1:-1] + 1
            k = 1 + int(np.argmin(gap / age))
        self.bytes -= self._states[k].bytes
        del self._steps[k], self._states[k]
