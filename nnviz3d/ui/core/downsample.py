"""Curves of any length made as long as the plot is wide: minimum, mean, geometric mean and maximum of each stretch of steps.

A stretch that is full never changes again, so the cost of a frame is the new points, whatever the length (a million steps
are read once, as they come).
"""

from __future__ import annotations

from itertools import accumulate
from math import ceil

import numpy as np

MAX_STRETCHES = 512  # between this and half of it are kept; a plot in the dock is 300 to 700 pixels wide
TINY = 1e-30  # what 0 counts as where logarithms are taken


class Series:
    """A growing (x, y) curve, reduced. `update` when it has grown; read `x`, `low`, `mean`, `middle` (the
    geometric mean), `high` (float64, equal lengths).

    `lowest`, `highest`: of all values. `wide`: whether any stretch holds more than one value.
    """

    def __init__(self):
        self.x = self.low = self.mean = self.middle = self.high = np.zeros(0)
        self.lowest = self.highest = 0.0
        self.wide = False
        self._stride = 1
        self._seen = 0
        self._first: tuple[float, float] | None = None
        self._newest: tuple[float, float] | None = None  # the last point that was taken in
        self._full = [np.zeros(0)] * 5  # of complete stretches
        self._smooth: tuple | None = None

    def update(self, x: np.ndarray, y: np.ndarray) -> None:
        """Take in what was appended; start over where the curve is another one (shorter, or with other points)."""
        n = min(len(x), len(y))
        if n == 0:
            self.__init__()
            return
        first = (float(x[0]), float(y[0]))
        at = self._seen - 1
        newest = self._newest
        same = newest is not None and first == self._first and n > at and np.array_equal(newest, (x[at], y[at]), equal_nan=True)
        if n == self._seen and same:
            return
        stride = 1
        while n > stride * MAX_STRETCHES:
            stride *= 2
        if stride != self._stride or not same:
            self._full = [np.zeros(0)] * 5
        self._stride, self._seen, self._first, self._newest = stride, n, first, (x[n - 1], y[n - 1])
        done = len(self._full[0])
        complete = n // stride
        if complete > done:
            new = _reduce(x, y, done * stride, complete * stride, stride)
            self._full = [np.concatenate(pair) for pair in zip(self._full, new, strict=True)]
        parts = self._full
        if complete * stride < n:
            tail = _reduce(x, y, complete * stride, n, n - complete * stride)
            parts = [np.concatenate(pair) for pair in zip(parts, tail, strict=True)]
        known = np.isfinite(parts[2])
        self.x, self.low, self.mean, self.middle, self.high = parts if known.all() else [part[known] for part in parts]
        if len(self.x):
            self.lowest, self.highest = float(self.low.min()), float(self.high.max())
            self.wide = bool((self.high > self.low).any())

    def smooth(self, amount: float, log: bool = False) -> np.ndarray:
        """TensorBoard's smoothing of the means: s = amount s + (1 - amount) y from s = 0, divided by 1 - amount^n, so that the first
        points are not drawn to zero. `amount` in [0, 1); 0 gives the means themselves. Kept until points are added.

        `log`: for a logarithmic axis, of the logarithms; and never outside what the last 3 / (1 - amount) points span, so that a jump of
        many decades is not remembered for longer.
        """
        if amount <= 0 or len(self.mean) < 2:
            return self.mean
        if self._smooth is None or self._smooth[0] is not self.mean or self._smooth[1:3] != (amount, log):
            made = self._logarithmic(amount) if log else _averaged(self.mean, amount)
            self._smooth = self.mean, amount, log, made
        return self._smooth[3]

    def _logarithmic(self, amount: float) -> np.ndarray:
        made, reach = np.exp(_averaged(np.log(np.maximum(self.middle, TINY)), amount)), ceil(3 / (1 - amount))
        low, high = (np.lib.stride_tricks.sliding_window_view(np.pad(y, (reach - 1, 0), "edge"), reach) for y in (self.low, self.high))
        return np.clip(made, low.min(1), high.max(1))


def _averaged(y: np.ndarray, amount: float) -> np.ndarray:
    """TensorBoard's running average."""
    sums = list(accumulate((y * (1 - amount)).tolist(), lambda s, y: amount * s + y))
    return np.array(sums) / -np.expm1(np.arange(1, len(sums) + 1) * np.log(amount))


def _reduce(x, y, start: int, stop: int, stride: int) -> list[np.ndarray]:
    """x at the end of each stretch, and min, mean, geometric mean, max of y; NaN where a stretch holds no finite number."""
    y_sk = np.asarray(y[start:stop], np.float64).reshape(-1, stride)
    ends = np.asarray(x[start + stride - 1 : stop : stride], np.float64)
    if np.isfinite(y_sk).all():
        return [ends, y_sk.min(1), y_sk.mean(1), np.exp(np.log(np.maximum(y_sk, TINY)).mean(1)), y_sk.max(1)]
    known = np.isfinite(y_sk)
    some = known.any(1)
    count = np.maximum(known.sum(1), 1)
    mean = np.where(some, np.where(known, y_sk, 0).sum(1) / count, np.nan)
    logs = np.log(np.maximum(np.where(known, y_sk, 1.0), TINY)).sum(1) / count
    low, high = np.where(known, y_sk, np.inf).min(1), np.where(known, y_sk, -np.inf).max(1)
    return [ends, low, mean, np.where(some, np.exp(logs), np.nan), high]
