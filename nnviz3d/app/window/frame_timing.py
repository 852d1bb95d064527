"""Milliseconds a frame by stage: medians for the panel, percentiles of the run for `--stats`. The one place where the app reads the clock.

Of a constant size however long a run is: the last thousand frames are kept as they are, all of them as counts of times that differ by 1 %.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import log
from time import perf_counter

import numpy as np

from nnviz3d.spec.readout import Performance

RECENT = 90
KEPT = 1000  # frames whose times are kept one by one
WARM = 5  # first frames, which compile and warm up: not counted
FINE = 0.01  # share by which two times differ that are counted apart
SHORTEST, LONGEST = 1e-4, 1e7  # ms that are distinguished: from less than a call of the clock to hours
CELLS = round(log(LONGEST / SHORTEST) / FINE) + 1


class Times:
    """Milliseconds of one stage."""

    def __init__(self):
        self.last: deque[float] = deque(maxlen=KEPT)
        self._counts = array("I", bytes(4 * CELLS))  # whole from the start: a dict would grow over hours, by every rare time
        self._seen = 0

    def add(self, ms: float) -> None:
        self.last.append(ms)
        self._seen += 1
        if self._seen > WARM:
            self._counts[round(log(min(max(ms, SHORTEST), LONGEST) / SHORTEST) / FINE)] += 1

    def percentiles(self, wanted: tuple[float, ...], skip: int) -> list[float]:
        """Exact for at most `KEPT` frames, of which the first `skip` are left out; else within 1 %, of all."""
        if self._seen <= KEPT:
            rows = list(self.last)
            return [float(np.percentile(rows[skip:] or rows, q)) for q in wanted]
        counts = np.array(self._counts)
        cells = np.flatnonzero(counts)
        ms = SHORTEST * np.exp(cells * FINE)
        return [float(np.percentile(ms, q, weights=counts[cells], method="inverted_cdf")) for q in wanted]


class Meter:
    """`with meter("train"): ...`; `end_frame` closes a frame. Names keep the order in which they first appeared."""

    def __init__(self, clock: Callable[[], float] = perf_counter):
        """`clock`: seconds, of the wall or of this thread."""
        self._clock = clock
        self._now: dict[str, float] = {}
        self._frames: dict[str, Times] = {"frame": Times()}
        self._count = 0
        self._recent: deque[float] = deque(maxlen=RECENT)
        self._start = clock()
        self._shown = Performance()
        self._since = 0

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        start = self._clock()
        try:
            yield
        finally:
            self._now[name] = self._now.get(name, 0.0) + (self._clock() - start) * 1e3

    def of(self, *names: str) -> float:
        """Milliseconds of these stages in the frame that just ended."""
        return sum(self._frames[name].last[-1] for name in names if name in self._frames)

    @property
    def recent_ms(self) -> float:
        """Median frame of late; of a loop that has just begun, of a slow machine."""
        return float(np.median(self._recent)) if self._recent else 1000 / 30

    def rows(self, name: str) -> list[float]:
        """Milliseconds of one stage in the frames of late, at most `KEPT`."""
        return list(self._frames[name].last) if name in self._frames else []

    def end_frame(self) -> float:
        """Milliseconds since the last call."""
        now = self._clock()
        elapsed = (now - self._start) * 1e3
        self._start = now
        self._now["frame"] = elapsed
        for name, ms in self._now.items():
            self._frames.setdefault(name, Times()).add(ms)
        self._count += 1
        self._recent.append(elapsed)
        self._now.clear()
        return elapsed

    def performance(self, gpu: dict[str, float], **facts) -> Performance:
        """For the panel; the medians are renewed a few times a second."""
        self._since += 1
        if self._since >= 15 or not self._shown.stages:
            self._since = 0
            stages = {name: float(np.median(self.rows(name)[-RECENT:])) for name in self._frames if name != "frame"}
            stages |= {f"gpu {name}": ms for name, ms in gpu.items()}
            history = np.fromiter(self._recent, np.float32)
            p50, p99 = (float(np.percentile(history, q)) for q in (50, 99)) if len(history) else (0.0, 0.0)
            self._shown = Performance(stages=stages, frame_ms=p50, frame_p99_ms=p99, history=history, **facts)
        return self._shown

    def stats(self, skip: int = WARM) -> dict:
        """p50 and p99 a stage over all frames but the first `skip` (they compile and warm up)."""
        out = {}
        for name, times in self._frames.items():
            if times.last:
                p50, p99 = times.percentiles((50, 99), skip)
                out[name] = {"p50": round(p50, 3), "p99": round(p99, 3)}
        return {"frames": self._count, "ms": out}
