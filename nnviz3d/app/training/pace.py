"""How fast a run goes: the steps that the scene's pace owes, a goal that is trained to as fast as possible, and the speed that came of it.

No clock: time is passed in.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

LEAST_TRAINING = 4.0  # ms a frame that training gets even when drawing is slow, if it wants them
SMOOTH = 0.15  # share of the newest frame in what frames took lately


@dataclass(frozen=True)
class Goal:
    """Train to this step, then hold; `walk`: and stand at the start of the step after it."""

    step: int
    walk: bool = False


class Pace:
    """`speed`: steps a second, measured over the last second."""

    def __init__(self):
        self.goal: Goal | None = None
        self.speed = 0.0
        self._owed = 0.0
        self._window: deque[tuple[float, int]] = deque()

    def limit(self, rate: float, dt: float, step: int, left: int | None) -> int | None:
        """How many steps may be taken in a frame of `dt` seconds, at `rate` steps a second (0: no pace); None: no limit.

        `left`: the steps to where training must be looked at, if there is such a place.
        """
        limit = None
        if self.goal is not None:
            limit = max(self.goal.step - step, 0)
        elif rate > 0:
            # what could not be done in time is not owed for ever: a slow machine trains as fast as it can
            self._owed = min(self._owed + dt * rate, max(rate * 0.1, 1.0))
            limit = int(self._owed)
        return limit if left is None else left if limit is None else min(limit, left)

    def took(self, steps: int) -> None:
        """So many steps were finished."""
        self._owed = max(self._owed - steps, 0.0)

    def measure(self, dt: float, steps: int) -> None:
        """A frame of `dt` seconds, with so many steps, is over."""
        self._window.append((dt, steps))
        while len(self._window) > 1 and sum(seconds for seconds, _ in self._window) > 1.0:
            self._window.popleft()
        self.speed = sum(count for _, count in self._window) / max(sum(seconds for seconds, _ in self._window), 1e-3)


class TrainingBudget:
    """Milliseconds of a frame that training gets: what the rest leaves. A piece of a large step is not cut short, so what training
    takes beyond its budget is taken off it."""

    def __init__(self):
        self._others, self._over, self._given = 18.0, 0.0, 0.0

    def give(self, frame_ms: float) -> float:
        """Of a frame that is to last `frame_ms`."""
        self._given = max(frame_ms - self._others - self._over, LEAST_TRAINING)
        return self._given

    def spent(self, frame_ms: float, train_ms: float) -> None:
        """A frame lasted `frame_ms`, of which training took `train_ms`."""
        self._others += (min(frame_ms - train_ms, 200.0) - self._others) * SMOOTH
        self._over += (min(max(train_ms - self._given, 0.0), 200.0) - self._over) * SMOOTH
