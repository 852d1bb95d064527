"""Loss and accuracy over the first rows of a part of the data, in eval mode, with buffers of its own."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nnviz3d.backend import Ops
from nnviz3d.engine.objective import Objective
from nnviz3d.engine.plan import Buffers, Compiler, Plan
from nnviz3d.spec.topology import Topology

ROWS, VALUES = 256, 1 << 22  # of one block: at most so many rows, and so many activations
# OpenBLAS multiplies in the caller's thread up to so many multiply-adds. Beyond, its threads wait for the rasteriser's (llvmpipe), which
# cost one frame in a hundred 40 ms; a network too wide for LEAST rows below it gains more from the threads than it loses.
ONE_THREAD, LEAST = 1 << 18, 32


class Evaluation:
    """One block's plan, reused. `parameters` is the trainer's arena."""

    def __init__(self, ops: Ops, topology: Topology, objective: Objective, parameters, killed: tuple[int, ...] = ()):
        self.ops, self.classes = ops, objective.classes
        self.rows = block_rows(topology)
        self._compiler = Compiler(ops, topology, objective, parameters)
        self._buffers = Buffers.make(ops, topology, self.rows, killed=killed)
        self._plans: dict[int, tuple[Buffers, Plan]] = {}

    def pieces(self, x_ni, t_no) -> Iterator[tuple[float, float | None]]:
        """After every block: (mean loss, accuracy in [0, 1] or None) over the rows so far. A frame may stop between two blocks."""
        xp, total, right, done = self.ops.xp, 0.0, 0, 0
        while done < len(x_ni):
            n = min(self.rows, len(x_ni) - done)
            b, plan = self._plan(n)
            xp.copyto(b.a[0], x_ni[done : done + n])
            xp.copyto(b.t, t_no[done : done + n])
            with np.errstate(all="ignore"):
                for call in plan.calls:
                    call()
            total += float(b.cell[0]) * n
            if self.classes:
                right += int((b.a[-1].argmax(1) == b.t.argmax(1)).sum())
            done += n
            yield total / done, right / done if self.classes else None

    def _plan(self, n: int) -> tuple[Buffers, Plan]:
        if n not in self._plans:
            b, plan = self._buffers.rows(n), Plan()
            self._compiler.forward(plan, b)
            self._compiler.loss(plan, b)
            self._plans[n] = b, plan
        return self._plans[n]


def block_rows(topology: Topology) -> int:
    """Rows of one block."""
    widest = max(connection.size for connection in topology.connections)
    alone = ONE_THREAD // widest
    return max(1, min(ROWS if alone < LEAST else min(alone, ROWS), VALUES // topology.n_neurons))
