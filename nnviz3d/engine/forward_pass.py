"""One pass of some rows through the network with buffers of its own: forward and loss, and backward where it is asked for.

The one way in which rows are looked at: the shown sample, the plane, every sample by itself, scores, checks of gradients, gradients of
recordings. Training's own buffers are not touched, so looking never changes learning.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nnviz3d.backend import Ops
from nnviz3d.backend.constants import Constants
from nnviz3d.engine.buffers import Buffers
from nnviz3d.engine.compiler import Compiler
from nnviz3d.engine.objective import Objective
from nnviz3d.engine.plan import Plan
from nnviz3d.spec.scene import Train
from nnviz3d.spec.topology import Topology


class ForwardPass:
    """Bound to `parameters` (P,), which may change between two runs, and to `buffers`, whose rows and targets the caller writes.

    `backward`: also the errors dL/dz of every node. With `gradients` (P,) those of the parameters too; with `train` L1 and L2 are in them.
    `training`: kinds that do otherwise in a step of training do so here.
    """

    def __init__(
        self, ops: Ops, topology: Topology, objective: Objective, parameters, buffers: Buffers, backward: bool = False, gradients=None,
        train: Train | None = None, training: bool = False,
    ):  # fmt: skip
        self.ops, self.buffers = ops, buffers
        self._constants: Constants | None = None
        compiler, plan = Compiler(ops, topology, objective, parameters, gradients, training), Plan()
        compiler.forward(plan, buffers)
        compiler.loss(plan, buffers)  # the output's activation belongs to it where the loss works on logits
        if train is not None:
            self._constants = ops.constants()
            self._constants.set(l1=train.l1, l2=train.l2)
        if backward or gradients is not None:
            compiler.backward(plan, buffers, train, self._constants)
        self._calls = plan.calls

    @classmethod
    def of_rows(cls, ops: Ops, topology: Topology, objective: Objective, parameters, x_ni: np.ndarray, killed=()) -> ForwardPass:
        """Forward only, of these rows (n, I), which stay until `ask` brings others."""
        made = cls(ops, topology, objective, parameters, Buffers.make(ops, topology, len(x_ni), killed=killed))
        made.ask(x_ni)
        return made

    def run(self) -> None:
        """What is not finite is looked for elsewhere, not warned about."""
        with np.errstate(all="ignore"):
            self.compute()

    def compute(self) -> None:
        """The same, where numpy's warnings are off already: switching them costs as much as a small layer."""
        if self._constants is not None:
            self.ops.begin(self._constants)
        for call in self._calls:
            call()

    def pieces(self) -> Iterator[None]:
        """The same a call at a time: of a large network each takes milliseconds."""
        if self._constants is not None:
            self.ops.begin(self._constants)
        for call in self._calls:
            with np.errstate(all="ignore"):
                call()
            yield

    def ask(self, x_ni: np.ndarray) -> None:
        """Other rows, as many as before."""
        self.ops.write(x_ni.astype(self.ops.dtype), self.buffers.a[0])

    def activations(self) -> list[np.ndarray]:
        """(n, size) of every node, the input first, on the host; finite."""
        self.run()
        return [np.nan_to_num(self.ops.to_host(a)) for a in self.buffers.a]

    def outputs(self) -> np.ndarray:
        """(n, O) activations of the output with the parameters of now, on the host; finite."""
        self.run()
        return np.nan_to_num(self.ops.to_host(self.buffers.a[-1]))

    def raw(self) -> tuple[np.ndarray, np.ndarray]:
        """Copies on the host of what the output holds, finite or not: (n, O) pre-activations (logits, where the loss works on those) and
        (n, O) activations."""
        self.run()
        z, a = (np.array(self.ops.to_host(kept[-1])) for kept in (self.buffers.z, self.buffers.a))
        return z, a
