"""What a recording adds to a source: its kept steps, and what was written down beside them."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from nnviz3d.engine.tape import Tape
from nnviz3d.sources.watching.feed import WatchedFeed, WatchedRun
from nnviz3d.spec.readout import RecordingReading, WatchedReading
from nnviz3d.spec.scene import Scene
from nnviz3d.spec.topology import Topology


class Playback(Protocol):
    """A run that was written down. The source's clock goes from kept step to kept step."""

    @property
    def grows(self) -> bool:
        """Whether steps are added while it is shown: a loop is watched."""
        ...

    @property
    def path(self) -> Path: ...
    @property
    def gone(self) -> str:
        """Why the data are not those that were recorded; "" where they are."""
        ...

    @property
    def unsound(self) -> bool:
        """The present step holds what is not a number."""
        ...

    @property
    def rows(self) -> int:
        """Samples that each step was of."""
        ...

    @property
    def end(self) -> str:
        """How the run ended, in words."""
        ...

    @property
    def scores(self) -> list[tuple]:
        """(step, test loss, train accuracy, test accuracy) wherever they were measured."""
        ...

    def at(self, step: float) -> int:
        """The last kept step that is not after this one; the first of all before it."""
        ...

    def beside(self, step: float, by: int) -> int:
        """The kept step `by` places further on or back, or the end there is."""
        ...

    def go(self, step: float) -> int:
        """Be at the last kept step that is not after this one; the shown sample is not refreshed. Raises RunError."""
        ...

    def curve(self, points: int) -> tuple[np.ndarray, np.ndarray]:
        """(step, loss) at no more than so many steps."""
        ...

    def record(self, shown: int = 0) -> Tape:
        """One step from here, worked out from what is known. Raises RunError where that is not enough (`Reasons.walk`)."""
        ...

    def reading(self) -> RecordingReading | None:
        """Of what was written down; None of what is watched."""
        ...


class LoopPlayback(Playback, Protocol):
    """A run that another program trains: states arrive while it is shown."""

    scene: Scene
    feed: WatchedFeed
    run_shown: WatchedRun | None

    @property
    def topology(self) -> Topology: ...
    @property
    def step(self) -> int: ...
    @property
    def at_boundary(self) -> bool: ...
    def renew(self) -> bool:
        """Take over another network, where one has arrived; whether it did."""
        ...

    def follow(self, more: Callable[[], bool], step: float = inf) -> bool:
        """Go to the newest state, or the kept one at `step`, while `more()`; whether it is there."""
        ...

    def arrived(self) -> list[tuple[int, float]]:
        """(step, loss) of what has arrived since this was last asked."""
        ...

    def control(self, action: Any) -> None:
        """Ask the loop to "run", "pause" or take a "step", where it lends control."""
        ...

    def settle(self) -> None: ...
    def watched(self, live: bool) -> WatchedReading: ...
