"""A step, compiled: the flat list of calls that one batch size needs, bound to buffers that never move.

Running a step is `for call in plan.calls: call()`. Phases stay named (`input`, `forward k`, `loss`, `backward k`, `update`), k the number
of the node, so that a step can be explained and shown. `engine.compiler` fills it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from nnviz3d.backend import Ops
from nnviz3d.backend.numpy_ops import Calls
from nnviz3d.engine.buffers import Buffers

SMALL_FLOP, SMALL_PARAMETERS = 1e8, 300_000  # below both a step takes about 2 ms or less and is not cut


@dataclass
class Plan:
    """`calls` in order; `phases` (name, start, stop) in it; `groups` the stretches that run without looking at the budget."""

    calls: Calls = field(default_factory=list)
    phases: list[tuple[str, int, int]] = field(default_factory=list)
    groups: list[Calls] = field(default_factory=list)
    watch: int = 1  # steps between two looks at a device that runs ahead: it must not queue more than a frame's worth
    index: Any = None  # (B,) where the rows of the batch are named
    buffers: Buffers | None = None
    masks: list = field(default_factory=list)  # (mask, dropout share) to draw before the step

    def add(self, phase: str, calls: Calls) -> None:
        if calls:
            self.phases.append((phase, len(self.calls), len(self.calls) + len(calls)))
            self.calls += calls

    def group(self, ops: Ops, flop: float, parameters: int) -> None:
        """A small step runs in one go; a large one looks at the budget after every call; a device, which runs ahead, gets it whole."""
        if ops.asynchronous:
            self.groups, self.watch = [ops.graph(self.calls)], 16 if flop < 1e9 else 1
        elif flop <= SMALL_FLOP and parameters <= SMALL_PARAMETERS:
            self.groups = [self.calls]
        else:
            self.groups = [[call] for call in self.calls]

    def split(self, phase: str, tap: Callable[[], object]) -> list[Calls]:
        """All calls, with `tap` before the first one of this phase."""
        at = next(start for name, start, _ in self.phases if name == phase)
        return [self.calls[:at], [tap], self.calls[at:]]

    def phase_at(self, call: int) -> str:
        """The phase that the call with this index belongs to; "" after the last."""
        return next((name for name, start, stop in self.phases if start <= call < stop), "")
