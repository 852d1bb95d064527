"""What passes through the network only to be seen: the shown sample, loss and accuracy. Never changes learning.

Holds the data on the device (the test part from when it is first asked for) and the buffers of each kind of look.
"""

from __future__ import annotations

from collections.abc import Iterator

from nnviz3d.backend import Ops
from nnviz3d.engine.data import DataSet
from nnviz3d.engine.evaluation import Evaluation
from nnviz3d.engine.objective import Objective
from nnviz3d.engine.shown import Shown
from nnviz3d.spec.topology import Topology


class Looking:
    """`parameters` is the trainer's arena. `shown` is the shown sample, `killed` the neurons that are held at 0."""

    def __init__(self, ops: Ops, topology: Topology, objective: Objective, data: DataSet, parameters):
        self.ops, self.topology, self.data, self.parameters = ops, topology, data, parameters
        self._parts: dict[str, tuple] = {}
        self.aim(objective)

    def aim(self, objective: Objective, killed: tuple[int, ...] = ()) -> None:
        """Another loss of the same targets, or other neurons killed."""
        self.objective, self.killed = objective, killed
        self.shown = Shown(self.ops, self.topology, objective, self.parameters, killed)
        self._evaluation: Evaluation | None = None

    def part(self, name: str) -> tuple:
        """(x (n, I), t (n, O)) of "train" or "test", on the device."""
        if name not in self._parts:
            rows = self.objective.rows(getattr(self.data, f"t_{name}"), self.ops.dtype)
            self._parts[name] = self.ops.asarray(getattr(self.data, f"x_{name}")), self.ops.asarray(rows)
        return self._parts[name]

    def evaluating(self, part: str, limit: int) -> Iterator[tuple[float, float | None]]:
        """In pieces of a few milliseconds: (mean loss, accuracy or None) of the first rows so far."""
        if self._evaluation is None:
            self._evaluation = Evaluation(self.ops, self.topology, self.objective, self.parameters, self.killed)
        return self._evaluation.pieces(*(rows[:limit] for rows in self.part(part)))
