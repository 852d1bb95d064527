"""Milliseconds a frame by stage: medians for the panel, all of them for `--stats`. The app reads the clock, and here it does."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

import numpy as np

from nnviz3d.spec.readout import Performance

RECENT = 90


class Meter:
    """`with meter("train"): ...`; `end_frame` closes a frame. Names keep the order in which they first appeared."""

    def __init__(self):
        self._now: dict[str, float] = {}
        self._frames: dict[str, list[float]] = {"frame": []}
        self._recent: deque[float] = deque(maxlen=RECENT)
        self._start = perf_counter()
        self._shown = Performance()
        self._since = 0

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        start = perf_counter()
        try:
            yield
        finally:
            self._now[name] = self._now.get(name, 0.0) + (perf_counter() - start) * 1e3

    def of(self, *names: str) -> float:
        """Milliseconds of these stages in the frame that just ended."""
        return sum(frames[-1] for name in names if (frames := self._frames.get(name)))

    @property
    def recent_ms(self) -> float:
        """Median frame of late; of a loop that has just begun, of a slow machine."""
        return float(np.median(self._recent)) if self._recent else 1000 / 30

    def rows(self, name: str) -> list[float]:
        """Milliseconds of one stage in every frame so far."""
        return self._frames.get(name, [])

    def end_frame(self) -> float:
        """Milliseconds since the last call."""
        now = perf_counter()
        elapsed = (now - self._start) * 1e3
        self._start = now
        self._now["frame"] = elapsed
        for name, ms in self._now.items():
            rows = self._frames.setdefault(name, [])
            rows.append(ms)
            if len(rows) > 20_000:  # a run of months must not grow; --stats then tells of the last ten minutes
                del rows[:10_000]
        self._recent.append(elapsed)
        self._now.clear()
        return elapsed

    def performance(self, gpu: dict[str, float], **facts) -> Performance:
        """For the panel; the medians are renewed a few times a second."""
        self._since += 1
        if self._since >= 15 or not self._shown.stages:
            self._since = 0
            stages = {name: float(np.median(rows[-RECENT:])) for name, rows in self._frames.items() if name != "frame" and rows}
            stages |= {f"gpu {name}": ms for name, ms in gpu.items()}
            history = np.fromiter(self._recent, np.float32)
            p50, p99 = (float(np.percentile(history, q)) for q in (50, 99)) if len(history) else (0.0, 0.0)
            self._shown = Performance(stages=stages, frame_ms=p50, frame_p99_ms=p99, history=history, **facts)
        return self._shown

    def stats(self, skip: int = 5) -> dict:
        """p50 and p99 a stage over all frames but the first `skip` (they compile and warm up)."""
        out = {}
        for name, rows in self._frames.items():
            kept = rows[skip:] or rows
            if kept:
                out[name] = {"p50": round(float(np.percentile(kept, 50)), 3), "p99": round(float(np.percentile(kept, 99)), 3)}
        return {"frames": len(self._frames["frame"]), "ms": out}
