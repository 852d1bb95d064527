"""Curves of a session: loss and accuracy against the step, of bounded length however long the run is."""

from __future__ import annotations

import numpy as np

from nnviz3d.spec.readout import Charts

CAPACITY = 4096  # points a curve; when full, every second one is dropped and every second new one skipped


class Curve:
    """(step, values) rows; `width` values a row."""

    def __init__(self, width: int):
        self._rows = np.zeros((CAPACITY, 1 + width), np.float64)
        self._count = 0
        self._stride = 1
        self._seen = 0

    def add(self, step: int, *values: float) -> None:
        self._seen += 1
        if self._seen % self._stride:
            return
        # the newest value of a step wins; after a rewind what came later has not happened
        self._count = int(np.searchsorted(self._rows[: self._count, 0], step))
        if self._count == CAPACITY:
            self._rows[: CAPACITY // 2] = self._rows[::2]
            self._count //= 2
            self._stride *= 2
        self._rows[self._count] = step, *values
        self._count += 1

    def column(self, k: int) -> np.ndarray:
        """A read-only float32 copy of one column; 0 is the step."""
        out = self._rows[: self._count, k].astype(np.float32)
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

    @property
    def charts(self) -> Charts:
        if self._charts is None:
            nothing = np.zeros(0, np.float32)
            accuracies = [self._test.column(k) if self.classification else nothing for k in (2, 3)]
            self._charts = Charts(self._train.column(0), self._train.column(1), self._test.column(0), self._test.column(1), *accuracies)
        return self._charts
