"""What the network answers at many inputs at once, in eval mode, with buffers of its own: for the decision plate, the neurons' pictures
and the diagnosis."""

from __future__ import annotations

import numpy as np

from nnviz3d.backend import Ops
from nnviz3d.engine.objective import Objective
from nnviz3d.engine.plan import Buffers, Compiler, Plan
from nnviz3d.spec.topology import Topology


class Response:
    """Bound to `parameters`, the trainer's arena, and to rows (n, I) that stay until `ask` brings others."""

    def __init__(self, ops: Ops, topology: Topology, objective: Objective, parameters, x_ni: np.ndarray, killed: tuple[int, ...] = ()):
        self.ops = ops
        compiler = Compiler(ops, topology, objective, parameters)
        self._buffers, self._plan = Buffers.make(ops, topology, len(x_ni), killed=killed), Plan()
        compiler.forward(self._plan, self._buffers)
        compiler.loss(self._plan, self._buffers)  # the output's activation belongs to it where the loss works on logits
        self.ask(x_ni)

    def ask(self, x_ni: np.ndarray) -> None:
        """Other rows, as many as before."""
        self.ops.write(x_ni.astype(self.ops.dtype), self._buffers.a[0])

    def activations(self) -> list[np.ndarray]:
        """(n, size) of every node, the input first, on the host; finite."""
        self._run()
        return [np.nan_to_num(self.ops.to_host(a)) for a in self._buffers.a]

    def outputs(self) -> np.ndarray:
        """(n, O) activations of the output layer with the parameters of now, on the host; finite."""
        self._run()
        return np.nan_to_num(self.ops.to_host(self._buffers.a[-1]))

    def raw(self) -> tuple[np.ndarray, np.ndarray]:
        """Copies on the host of what the output holds, finite or not: (n, O) pre-activations (logits, where the loss works on those) and
        (n, O) activations."""
        self._run()
        return tuple(np.array(self.ops.to_host(kept[-1])) for kept in (self._buffers.z, self._buffers.a))

    def _run(self) -> None:
        with np.errstate(all="ignore"):
            for call in self._plan.calls:
                call()
