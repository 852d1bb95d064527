"""Keeping few of many samples: what a straight line between two kept ones tells well enough is not kept. One sample at a time.

The algorithm is Bristol's (swinging door trending, ISA 1990): the slopes of all lines from the last kept sample that pass every sample
since within its tolerance are a range; the first sample that leaves none ends it, and the sample before is kept.
"""

from __future__ import annotations

from collections.abc import Sequence

Sample = tuple[float, tuple[float, ...]]


class LineCompressor:
    """`add` returns the samples to keep, in order; `flush` what waits still."""

    def __init__(self):
        self._kept: Sample | None = None
        self._waits: Sample | None = None
        self._low: list[float] = []
        self._high: list[float] = []

    def add(self, time: float, values: Sequence[float], tolerance: Sequence[float]) -> list[Sample]:
        """`time` later than before; one tolerance for each value."""
        sample = time, tuple(values)
        kept, waits = self._kept, self._waits
        if kept is None:
            self._begin(sample)
            return [sample]
        out = []
        if not self._narrow(kept, sample, tolerance) and waits is not None:
            out.append(waits)
            self._begin(waits)
            self._narrow(waits, sample, tolerance)
        self._waits = sample
        return out

    def flush(self) -> list[Sample]:
        """The newest sample, where it is not kept yet; the next one restarts."""
        out = [self._waits] if self._waits is not None else []
        self._kept = self._waits = None
        return out

    def _begin(self, sample: Sample) -> None:
        self._kept, self._waits = sample, None
        self._low, self._high = [-float("inf")] * len(sample[1]), [float("inf")] * len(sample[1])

    def _narrow(self, kept: Sample, sample: Sample, tolerance: Sequence[float]) -> bool:
        """Whether a line to this sample passes all since the last kept one; narrows the range of slopes where it does."""
        start, values = kept
        span = sample[0] - start
        slopes = [(v - v0) / span for v, v0 in zip(sample[1], values, strict=True)]
        if self._waits is not None and any(not low <= s <= high for s, low, high in zip(slopes, self._low, self._high, strict=True)):
            return False
        for k, (slope, wide) in enumerate(zip(slopes, tolerance, strict=True)):
            self._low[k] = max(self._low[k], slope - wide / span)
            self._high[k] = min(self._high[k], slope + wide / span)
        return True
