"""Quality levels, and the governor that holds the frame rate by choosing among finer steps of the same scale.

A step changes rarely and by little: what a person sees must not flicker. Pure: frame times in, a level out.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Level:
    """What a frame may cost: edges in total, resolution of the scene against the window, halo levels, signals a layer pair."""

    name: str
    edges: int
    scale: float
    bloom_levels: int
    particles: int
    quad_pixels: float  # spheres of a smaller radius are point sprites


NAMED = {
    "low": Level("low", 700, 0.75, 4, 24, 12.0),
    "balanced": Level("balanced", 2200, 0.9, 5, 36, 10.0),
    "high": Level("high", 12_000, 1.0, 6, 44, 9.0),
    "ultra": Level("ultra", 2_000_000, 1.0, 6, 64, 7.0),
}
LADDER = (
    Level("auto 1", 300, 0.55, 3, 14, 14.0),
    Level("auto 2", 450, 0.66, 4, 18, 13.0),
    NAMED["low"],
    Level("auto 4", 1000, 0.8, 5, 28, 11.0),
    Level("auto 5", 1500, 0.85, 5, 32, 11.0),
    NAMED["balanced"],
    Level("auto 7", 5000, 1.0, 5, 42, 10.0),
    NAMED["high"],
    Level("auto 9", 60_000, 1.0, 6, 52, 8.0),
    Level("auto 10", 400_000, 1.0, 6, 60, 7.0),
    NAMED["ultra"],
)


class Governor:
    """Holds `target_ms` a frame. `software`: start low and never climb above what a CPU can rasterise."""

    PATIENCE = 24  # frames between two steps down: a second's half at 33 ms; steps up wait four times as long

    def __init__(self, target_ms: float = 30.0, software: bool = False):
        self.target_ms = target_ms
        self.index = 2 if software else 7
        self._times: deque[float] = deque(maxlen=self.PATIENCE)
        self._since = 0
        self._ceiling = len(LADDER) - 1
        self._forgive = 0

    @property
    def level(self) -> Level:
        return LADDER[self.index]

    def observe(self, work_ms: float) -> Level:
        """Take one frame's work (without waiting for vsync) and return the level for the next frame."""
        self._times.append(work_ms)
        self._since += 1
        self._forgive += 1
        if self._forgive > 1800:  # a step that was too much a minute ago may fit now
            self._ceiling, self._forgive = min(self._ceiling + 1, len(LADDER) - 1), 0
        if self._since < self.PATIENCE:
            return self.level
        typical = median(self._times)
        if typical > self.target_ms * 1.04 and self.index > 0:
            self._ceiling = self.index - 1  # so that it does not come straight back: no flicker
            self._step(-2 if typical > self.target_ms * 2 and self.index > 1 else -1)
        elif typical < self.target_ms * 0.7 and self._since > 4 * self.PATIENCE and self.index < self._ceiling:
            self._step(+1)
        return self.level

    def _step(self, by: int) -> None:
        self.index = max(0, min(self.index + by, len(LADDER) - 1))
        self._since = 0
        self._forgive = 0
        self._times.clear()


def level_for(quality: str, governor: Governor) -> Level:
    """A named level, or the governor's for `auto`."""
    return NAMED.get(quality) or governor.level
