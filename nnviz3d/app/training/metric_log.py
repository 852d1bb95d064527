"""Curves of a run: loss and accuracy against the step, of bounded length however long it is.

They belong to the run: who goes back in it and on again changes nothing of them. They end where a branch ends (`follow`).
"""

from __future__ import annotations

import copy

import numpy as np

from nnviz3d.sources.protocols import History
from nnviz3d.spec.readout import Charts

CAPACITY = 4096  # points a curve; when full, every second one is dropped and every second new one skipped


class Curve:
    """(step, values) rows; `width` values a row."""

    def __init__(self, width: int):
        self._rows = np.full((CAPACITY, 1 + width), np.nan, np.float64)  # written to, so that its memory is there from the start
        self._count = 0
        self._stride = 1
        self._seen = 0

    def add(self, step: int, *values: float) -> None:
        """The newest point. What is known at a later step stays, and of one step the newest values count."""
        last = self._rows[self._count - 1, 0] if self._count else -1
        if step < last:
            return
        if step == last:
            self._rows[self._count - 1, 1:] = values
            return
        self._seen += 1
        if self._seen % self._stride:
            return
        if self._count == CAPACITY:
            self._rows[: CAPACITY // 2] = self._rows[::2]
            self._count //= 2
            self._stride *= 2
        self._rows[self._count] = step, *values
        self._count += 1

    def cut(self, step: int) -> None:
        """Points from this step on have not happened."""
        self._count = int(np.searchsorted(self._rows[: self._count, 0], step))
        if not self._count:
            self._stride = 1

    @property
    def rows(self) -> np.ndarray:
        """(n, 1 + width) float64, a copy."""
        return self._rows[: self._count].copy()

    def column(self, k: int) -> np.ndarray:
        """A read-only float32 copy of one column; 0 is the step. Its memory is of one size whatever the length: of arrays under 1 kB numpy
        keeps up to seven for each size that was ever used, and a growing curve would use them all."""
        out = np.empty(CAPACITY, np.float32)[: self._count]
        out[:] = self._rows[: self._count, k]
        out.flags.writeable = False
        return out


class Curves:
    """Train loss at every frame, test loss and both accuracies at every evaluation. `charts` is rebuilt only after a change."""

    def __init__(self, classification: bool):
        self.classification = classification
        self.clear()

    def clear(self) -> None:
        self._train, self._test = Curve(1), Curve(3)
        self._charts: Charts | None = None

    def add_train(self, step: int, loss: float) -> None:
        if np.isfinite(loss):
            self._train.add(step, loss)
            self._charts = None

    def add_test(self, step: int, test_loss: float, train_accuracy: float | None, test_accuracy: float | None) -> None:
        self._test.add(step, test_loss, *(np.nan if a is None else a for a in (train_accuracy, test_accuracy)))
        self._charts = None

    def follow(self, history: History | None) -> Curves:
        """Drop what a run no longer is. The loss of the step that a branch begins at was there before, a look at the test set was not."""
        lost = None if history is None else history.take_lost("curves")
        if lost is not None:
            self._train.cut(lost + 1)
            self._test.cut(lost)
            self._charts = None
        return self

    def until(self, step: int) -> Curves:
        """A copy that ends at a step."""
        out = copy.copy(self)
        out._train, out._test, out._charts = copy.deepcopy(self._train), copy.deepcopy(self._test), None
        out._train.cut(step + 1)
        out._test.cut(step + 1)
        return out

    def kept(self) -> dict[str, tuple[np.ndarray, int, int]]:
        """For a checkpoint: (rows, how thin, points offered) of each curve."""
        return {f"curve.{name}": (c.rows, c._stride, c._seen) for name, c in (("train", self._train), ("test", self._test))}

    @classmethod
    def of(cls, kept: dict[str, tuple[np.ndarray, int, int]], classification: bool) -> Curves:
        """The reverse of `kept`; of longer curves the end."""
        out = cls(classification)
        for name, curve in (("train", out._train), ("test", out._test)):
            rows, curve._stride, curve._seen = kept[f"curve.{name}"]
            rows = rows[-CAPACITY:]
            curve._count = len(rows)
            curve._rows[: len(rows)] = rows
        return out

    @property
    def charts(self) -> Charts:
        if self._charts is None:
            nothing = np.zeros(0, np.float32)
            accuracies = [self._test.column(k) if self.classification else nothing for k in (2, 3)]
            self._charts = Charts(self._train.column(0), self._train.column(1), self._test.column(0), self._test.column(1), *accuracies)
        return self._charts


def between(charts: Charts, first: int, last: int) -> Charts:
    """The points of these steps."""
    train, test = (
        slice(int(steps.searchsorted(first, "left")), int(steps.searchsorted(last, "right")))
        for steps in (charts.train_step, charts.test_step)
    )
    cut = (charts.test_step, charts.test_loss, charts.train_accuracy, charts.test_accuracy)
    return Charts(charts.train_step[train], charts.train_loss[train], *(array[test] for array in cut))
