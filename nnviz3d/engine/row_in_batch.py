"""One row of a batch as a step of training sees it, where rows depend on one another: the whole batch passes, without dropout.

Its errors are those of the sum of all losses: a row also changes the mean and the variance that the others are normalised by.
"""

from __future__ import annotations

import numpy as np

from nnviz3d.backend import Ops
from nnviz3d.engine.buffers import Buffers
from nnviz3d.engine.compiler import Compiler
from nnviz3d.engine.objective import Objective
from nnviz3d.engine.per_sample import losses, token_losses
from nnviz3d.engine.plan import Plan
from nnviz3d.spec.topology import Topology


class RowInBatch:
    """`z`, `a`, `delta` (N,) on the host, finite, and the row's own `loss`, as `sample_pass.Shown` has them of a row alone.

    `statistics`: by node, what the rows have in common. `x_bi` (B, I) and `targets` are the batch's; `row`: its place there."""

    def __init__(
        self, ops: Ops, topology: Topology, objective: Objective, parameters, x_bi: np.ndarray, targets: np.ndarray, row: int, killed=()
    ):
        self.ops, self.topology, self.row = ops, topology, row
        b = self._buffers = Buffers.make(ops, topology, len(x_bi), killed=killed)
        b.z, b.d[0] = [ops.zeros(a.shape) for a in b.a], ops.zeros(b.a[0].shape)  # apart from a: both are shown
        for array in (b.a[0], b.z[0]):
            ops.write(np.asarray(x_bi, ops.dtype).reshape(len(x_bi), -1), array)
        ops.write(objective.rows(targets, ops.dtype), b.t)
        self._gradients, plan, self._own = ops.zeros(topology.n_parameters), Plan(), Plan()
        compiler = Compiler(ops, topology, objective, parameters, self._gradients, training=True)
        compiler.forward(plan, b)
        compiler.loss(plan, b)
        compiler.backward(plan, b)
        self._run(plan)
        self.z, self.a, self.delta = (self._row(arrays) for arrays in (b.z, b.a, b.d))
        self.delta *= len(x_bi)  # the batch's loss is a mean
        self.loss = self._loss(objective, targets[row : row + 1])
        statistics = compiler.statistics(len(x_bi))
        self.statistics = {name: {key: np.array(ops.to_host(x)) for key, x in of.items()} for name, of in statistics.items()}
        compiler.own_gradients(self._own, b)

    def own_gradient(self) -> np.ndarray:
        """(P,) the row's part in the gradient of the sum of the losses: the parts of all rows add up to it. To be asked once: the errors of
        the others are lost."""
        for d in self._buffers.d[1:]:
            d[: self.row], d[self.row + 1 :] = 0, 0
        self._run(self._own)
        return np.nan_to_num(np.array(self.ops.to_host(self._gradients))) * self.ops.dtype.type(len(self._buffers.t))

    def _loss(self, objective: Objective, target: np.ndarray) -> float:
        """Of the row alone."""
        z, a, t = (
            np.array(self.ops.to_host(x))[self.row : self.row + 1] for x in (self._buffers.z[-1], self._buffers.a[-1], self._buffers.t)
        )
        if objective.tokens:
            return float(token_losses(z, target)[0])
        return float(losses(objective, z, a, t, objective.weight(target[0]) if objective.weights else 1.0)[0])

    def _row(self, arrays: list) -> np.ndarray:
        return np.nan_to_num(np.concatenate([np.array(self.ops.to_host(x[self.row])) for x in arrays]))

    def _run(self, plan: Plan) -> None:
        with np.errstate(all="ignore"):
            for call in plan.calls:
                call()
