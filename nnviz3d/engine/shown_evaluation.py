"""What passes through the network only to be seen: the shown sample, loss and accuracy. Never changes learning.

Holds the data on the device (the test set from when it is first asked for) and the buffers of each kind of look.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nnviz3d.backend import Ops
from nnviz3d.engine.data import DataSet
from nnviz3d.engine.evaluation import Evaluation, drawn
from nnviz3d.engine.objective import Objective
from nnviz3d.engine.sample_pass import Shown
from nnviz3d.spec.score import Score
from nnviz3d.spec.topology import Topology


class Looking:
    """`parameters` is the trainer's arena. `shown` is the shown sample, `killed` the neurons that are held at 0."""

    def __init__(self, ops: Ops, topology: Topology, objective: Objective, data: DataSet, parameters):
        self.ops, self.topology, self.data, self.parameters = ops, topology, data, parameters
        self._parts: dict[str, tuple] = {}
        self._drawn: dict[tuple[str, int], tuple] = {}
        self.aim(objective)

    def aim(self, objective: Objective, killed: tuple[int, ...] = ()) -> None:
        """Another loss of the same targets, or other neurons killed."""
        self.objective, self.killed = objective, killed
        self.shown = Shown(self.ops, self.topology, objective, self.parameters, killed)
        self._next: Shown | None = None  # where the next moment is worked out, of a network that takes more than a frame for it
        self._evaluations: dict[bool, Evaluation] = {}  # of the trainer's parameters, and of the last others

    def replace(self, data: DataSet) -> None:
        """Other rows of the same kind."""
        self.data, self._parts, self._drawn = data, {}, {}

    def showing(self, x_i, target) -> Iterator[None]:
        """`shown.show` a call at a time; what is shown stays as it is before the last. The parameters must stay until then."""
        if self._next is None:
            self._next = Shown(self.ops.apart(), self.topology, self.objective, self.parameters, self.killed)
        yield from self._next.pieces(x_i, target)
        self.shown.take(self._next)

    def part(self, name: str) -> tuple:
        """(x (n, I), t (n, O)) of "train" or "test", on the device."""
        if name not in self._parts:
            rows = self.objective.rows(getattr(self.data, f"t_{name}"), self.ops.dtype)
            self._parts[name] = self.ops.asarray(getattr(self.data, f"x_{name}")), self.ops.asarray(rows)
        return self._parts[name]

    def rows(self, name: str, limit: int | None = None) -> tuple:
        """(x, t, targets on the host) of all rows of a part, or of `limit` of them, drawn evenly (`evaluation.drawn`)."""
        x, t = self.part(name)
        targets = getattr(self.data, f"t_{name}")
        if limit is None or limit >= len(targets):
            return x, t, targets
        if (name, limit) not in self._drawn:
            chosen = self.numbers(name, limit)
            here = self.ops.asarray(chosen, np.intp)
            self._drawn[name, limit] = x[here], t[here], targets[chosen]
        return self._drawn[name, limit]

    def numbers(self, name: str, limit: int) -> np.ndarray:
        """Which rows of a part those are, ascending."""
        targets, known = getattr(self.data, f"t_{name}"), self.data.drawn
        key = name, min(limit, len(targets))
        if key not in known:
            chosen = drawn(len(targets), targets if self.objective.classes and targets.ndim == 1 else None, limit)
            known[key] = np.arange(len(targets)) if chosen is None else chosen
        return known[key]

    def scoring(self, part: str, limit: int | None = None, parameters=None) -> Iterator[Score]:
        """In pieces of a few milliseconds: the score over the rows so far, of all rows or of `limit` drawn evenly.

        `parameters` (P,): others than the trainer's, for a look that lasts longer than they do.
        """
        p = self.parameters if parameters is None else parameters
        bound = self._evaluations.get(parameters is None)
        if bound is None or bound.parameters is not p:
            bound = self._evaluations[parameters is None] = Evaluation(self.ops, self.topology, self.objective, p, self.killed)
        x_ni, t_no, truth_n = self.rows(part, limit)
        return bound.pieces(x_ni, t_no, truth_n, len(getattr(self.data, f"t_{part}")))
