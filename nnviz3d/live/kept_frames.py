"""Frames of a loop that are kept for viewers, in memory of a fixed size: the newest always, the past ever more thinly.

A frame's numbers lie in one array of float32, which is used again when the frame is forgotten. While a frame is sent it is held, and its
memory is not written to.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from math import nan, prod

import numpy as np

KEPT = 2000  # frames, however small they are
LOSSES = 4_000_000  # steps whose loss is kept
ALIGNED = 2  # numbers: an array begins at a multiple of 8 bytes


@dataclass(frozen=True)
class FrameLayout:
    """Where the arrays of a frame lie in its numbers: `places` is name -> (first number, shape), for parameters, then for gradients."""

    shapes: dict[str, tuple[int, ...]]
    places: dict[str, tuple[int, tuple[int, ...]]] = field(init=False)
    size: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        at, places = 0, {}
        for kind in ("parameter", "gradient"):
            for name, shape in self.shapes.items():
                places[f"{kind}/{name}"] = at, shape
                at += -(-prod(shape) // ALIGNED) * ALIGNED
        object.__setattr__(self, "places", places)
        object.__setattr__(self, "size", max(at, ALIGNED))

    @property
    def bytes(self) -> int:
        return 4 * self.size

    def view(self, numbers: np.ndarray, name: str) -> np.ndarray:
        at, shape = self.places[name]
        return numbers[at : at + prod(shape)].reshape(shape)


@dataclass(eq=False)
class LoopFrame:
    """The state after a step. `names`: of the arrays that were filled. `held`: by how many that send it."""

    layout: FrameLayout
    numbers: np.ndarray
    step: int = 0
    sequence: int = 0
    epoch: float | None = None
    loss: float | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    batch: int | None = None
    lends: bool = False
    paused: bool = False
    names: list[str] = field(default_factory=list)
    held: int = 0

    def arrays(self) -> dict[str, np.ndarray]:
        return {name: self.layout.view(self.numbers, name) for name in self.names}


class KeptFrames:
    """At most `budget` bytes of frames, those in use counted. Not locked: who uses it from several threads locks."""

    def __init__(self, budget: int):
        self.budget, self.made, self.dropped = budget, 0, 0
        self.frames: list[LoopFrame] = []  # by sequence
        self._free: list[np.ndarray] = []
        self._sequence = 0
        self.layout: FrameLayout | None = None

    def begin(self, layout: FrameLayout) -> bool:
        """Frames of another shape from now on: the past is forgotten. Whether two of them fit the budget."""
        self.frames, self._free, self.made, self.layout = [], [], 0, layout
        return 2 * layout.bytes <= self.budget

    def take(self) -> LoopFrame | None:
        """A frame to be filled; None where all memory is in use, and then it counts as dropped."""
        layout = self.layout
        assert layout is not None
        if not self._free and (self.made + 1) * layout.bytes > self.budget:
            self._forget_one()
        if self._free:
            return LoopFrame(layout, self._free.pop())
        if (self.made + 1) * layout.bytes > self.budget:
            self.dropped += 1
            return None
        self.made += 1
        return LoopFrame(layout, np.zeros(layout.size, np.float32))

    def keep(self, frame: LoopFrame) -> None:
        """A frame that is filled, the newest from now on."""
        self._sequence += 1
        frame.sequence = self._sequence
        self.frames.append(frame)
        if len(self.frames) > KEPT:
            self._forget_one()

    def give_back(self, frame: LoopFrame) -> None:
        """It was not filled, or is forgotten and no longer sent."""
        if frame.layout is self.layout:
            self._free.append(frame.numbers)

    def hold(self, frame: LoopFrame) -> LoopFrame:
        frame.held += 1
        return frame

    def release(self, frame: LoopFrame) -> None:
        frame.held -= 1
        if not frame.held and frame not in self.frames:
            self.give_back(frame)

    def newest(self) -> LoopFrame | None:
        return self.frames[-1] if self.frames else None

    def before(self, sequence: int) -> LoopFrame | None:
        """The newest frame of those before this one."""
        return next((frame for frame in reversed(self.frames) if frame.sequence < sequence), None)

    def _forget_one(self) -> None:
        """The one whose neighbours are nearest to each other: what is left covers the run evenly. The newest stays, and what is sent."""
        if len(self.frames) < 2:
            return
        steps = np.array([frame.step for frame in self.frames])
        order = np.argsort(steps[2:] - steps[:-2], kind="stable") + 1
        k = next((int(k) for k in (*order, 0) if not self.frames[k].held), None)
        if k is not None:
            self.give_back(self.frames.pop(k))


class Losses:
    """The loss of every step; NaN where there was none."""

    def __init__(self):
        self.last, self._values = 0, array("d")

    def add(self, value: float) -> None:
        self.last += 1
        self._values.append(value)
        if len(self._values) > LOSSES:
            del self._values[: LOSSES // 2]

    def put(self, step: int, value: float) -> None:
        """Of a step that was added before its value was known."""
        k = step - (self.last - len(self._values)) - 1
        if 0 <= k < len(self._values):
            self._values[k] = value

    def unknown(self) -> None:
        self.add(nan)

    def between(self, after: int, until: int) -> np.ndarray:
        """(k,) float64, of the steps after `after` up to `until`, as far as they are kept: the last one is that of `until`."""
        first = self.last - len(self._values)
        return np.array(self._values[max(after - first, 0) : max(until - first, 0)], np.float64)
