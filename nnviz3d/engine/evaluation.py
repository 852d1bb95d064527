"""Loss, accuracy and the classes that are said over the first rows of a part of the data, in eval mode, with buffers of its own."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nnviz3d.backend import Ops
from nnviz3d.engine.objective import Objective
from nnviz3d.engine.plan import Buffers, Compiler, Plan
from nnviz3d.spec.topology import Topology

ROWS, VALUES = 256, 1 << 22  # of one block: at most so many rows, and so many activations


class Evaluation:
    """One block's plan, reused. `parameters` is the trainer's arena; `rows`: of one block, at most."""

    def __init__(self, ops: Ops, topology: Topology, objective: Objective, parameters, rows: int = ROWS):
        self.ops, self.classes = ops, objective.classes
        self.rows = max(1, min(rows, ROWS, VALUES // topology.n_neurons))
        self._compiler = Compiler(ops, topology, objective, parameters)
        self._buffers = Buffers.make(ops, topology, self.rows)
        self._plans: dict[int, tuple[Buffers, Plan]] = {}

    def pieces(self, x_ni, t_no) -> Iterator[tuple[float, float | None]]:
        """After every block: (mean loss, accuracy in [0, 1] or None) over the rows so far. A frame may stop between two blocks."""
        total, right, done = 0.0, 0, 0
        for n, b in self._blocks(x_ni, t_no):
            total += float(b.cell[0]) * n
            if self.classes:
                right += int((b.a[-1].argmax(1) == b.t.argmax(1)).sum())
            done += n
            yield total / done, right / done if self.classes else None

    def said(self, x_ni, t_no) -> Iterator[np.ndarray]:
        """After every block: its rows' largest outputs (n,), class ids on the host; -1 where an output is not a number."""
        for _, b in self._blocks(x_ni, t_no):
            outputs = b.a[-1]
            best = outputs.argmax(1)
            known = self.ops.xp.isfinite(outputs).all(1)
            yield self.ops.to_host(self.ops.xp.where(known, best, -1))

    def _blocks(self, x_ni, t_no) -> Iterator[tuple[int, Buffers]]:
        """Rows of each block, and its buffers once it has been computed: to be read before the next one."""
        xp = self.ops.xp
        for done in range(0, len(x_ni), self.rows):
            n = min(self.rows, len(x_ni) - done)
            b, plan = self._plan(n)
            xp.copyto(b.a[0], x_ni[done : done + n])
            xp.copyto(b.t, t_no[done : done + n])
            with np.errstate(all="ignore"):
                for call in plan.calls:
                    call()
            yield n, b

    def _plan(self, n: int) -> tuple[Buffers, Plan]:
        if n not in self._plans:
            b, plan = self._buffers.rows(n), Plan()
            self._compiler.forward(plan, b)
            self._compiler.loss(plan, b)
            self._plans[n] = b, plan
        return self._plans[n]
