"""Runs compiled steps, whole or in pieces of a few milliseconds, and stops at the first one that is not finite.

Knows calls, a cursor among them and how a step can fail; knows neither data nor settings: `Trainer` is the rest.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from nnviz3d.backend import Ops
from nnviz3d.backend.constants import Constants
from nnviz3d.backend.numpy_ops import Calls
from nnviz3d.engine.arenas import Arenas
from nnviz3d.engine.batch_feeder import Feed
from nnviz3d.engine.buffers import Buffers
from nnviz3d.engine.optimizers import Optimizer


class Diverged(Exception):
    """Loss or gradient of the running step is not finite; nothing has been applied."""


class StepRunner:
    """`step` finished steps; `loss` mean over the last finished step's batch, nan before the first; `rows` of that batch; `epoch` finished
    epochs with the fraction of the running one, for example 3.25; `diverged` the 1-based number of the step that became non-finite, else
    None: parameters and slots then are those of the last finite step."""

    def __init__(self, ops: Ops, arenas: Arenas, feed: Feed, optimizer: Optimizer, constants: Constants):
        self.ops, self.arenas = ops, arenas
        self._feed, self._optimizer, self._constants = feed, optimizer, constants
        self.step, self.loss, self.rows, self.epoch = 0, math.nan, 0, 0.0
        self.diverged: int | None = None
        self._cursor, self._base, self._step_loss = 0, 0, math.nan
        self._groups: list[Calls] = []
        self._tap: Callable[[], None] | None = None
        self._backup: dict[str, np.ndarray] | None = None

    def _prepare(self) -> None:
        """Before every step."""

    @property
    def of_epoch(self) -> tuple[int, int]:
        """(steps of the running epoch that are done, steps of a whole one). Between steps only."""
        return self._feed.batches.taken

    @property
    def at_boundary(self) -> bool:
        """No step is half done: the arenas are one consistent moment."""
        return self._cursor == 0

    @property
    def phase(self) -> str:
        """What comes next inside a half-done step ("backward 2"); "" between steps."""
        if self._cursor == 0:
            return ""
        plan = self._feed.plan
        return plan.phase_at(sum(map(len, plan.groups[: self._cursor])))

    def run(self, steps: int) -> int:
        """Whole steps; stops at divergence. A half-done step is finished first and counts. Returns the number finished."""
        done = 0
        while done < steps and self.diverged is None:
            done += self.advance(always, steps - done)
        return done

    def advance(self, more: Callable[[], bool], steps: int | None = None) -> int:
        """Run pieces of steps while `more()` (asked after each piece, at least one runs); returns the steps finished.

        A step longer than the budget is continued by the next call, and that call ends where the step ends.
        """
        continued, first = self._cursor > 0, self.step
        last = math.inf if steps is None else first + steps
        with np.errstate(all="ignore"):  # non-finite numbers are looked for, not warned about
            while (self.step < last or self._cursor) and self.diverged is None:
                if self._cursor == 0:
                    self._begin()
                try:
                    for call in self._groups[self._cursor]:
                        call()
                except Diverged:
                    self._stop(self.step + 1)
                    break
                self._cursor += 1
                if self._cursor == len(self._groups):
                    self._finish()
                    if continued:
                        break
                if not more():
                    break
            if self.ops.asynchronous:
                self._look()
        return self.step - first

    def run_tapped(self, tap: Callable[[], None]) -> int:
        """run(1) that calls `tap()` where the gradient stands and nothing has been applied: `batch` is what it is of."""
        self.settle()
        self._tap = tap
        try:
            return self.run(1)
        finally:
            self._tap = None

    @property
    def batch(self) -> tuple[np.ndarray, Buffers]:
        """(rows of the training set, their buffers) of the running or last step. The rows are a copy, the buffers are not."""
        return self._feed.batch

    def settle(self) -> None:
        """Finish a half-done step, if there is one."""
        if self._cursor:
            self.advance(always)

    def _begin(self) -> None:
        if not self._optimizer.steady:
            self._optimizer.begin(self.step)
        self._prepare()
        plan = self._feed.next()
        self._groups = plan.groups if self._tap is None else plan.split("update", self._tap)
        self.ops.begin(self._constants)

    def _finish(self) -> None:
        self._cursor = 0
        if self._backup is not None and not self._sound():
            return
        self.step += 1
        self.epoch, self.rows = self._feed.batches.epoch, self._feed.count
        if not self.ops.asynchronous:
            self.loss = self._step_loss
        elif self.step % self._feed.plan.watch == 0:
            self._look()

    # divergence

    def _judge(self, loss: float, norm: float) -> None:
        """Between gradient and update. Raises Diverged, or prepares to undo where the update may overflow."""
        if not (math.isfinite(loss) and math.isfinite(norm)):
            raise Diverged
        self._step_loss = loss
        if not self._optimizer.safe(norm):
            self._optimizer.measured(*self.arenas.largest())
            if not self._optimizer.safe(norm):
                self._backup = self.arenas.copies()

    def _sound(self) -> bool:
        """After a step that could overflow: all finite, or all put back."""
        backup, self._backup = self._backup, None
        self._optimizer.largest = math.inf
        if backup is None or self.arenas.finite():
            return True
        self.arenas.put(backup)
        self._stop(self.step + 1)
        return False

    def _stop(self, step: int) -> None:
        self.diverged, self._cursor = step, 0
        self.arenas.gradients.fill(0)  # they are what is not finite, and the picture may read them

    def _look(self) -> None:
        """Ask a device, which skips every update after the first bad step; then the steps since were none."""
        bad, finished, loss = self.ops.verdict()
        if finished:
            self.loss = loss
        if bad and self.diverged is None:
            self.step = self._base + finished
            self._stop(self.step + 1)


def always() -> bool:
    """Asked for more: yes."""
    return True
