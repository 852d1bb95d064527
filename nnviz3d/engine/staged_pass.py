"""One sample forward through a large network whose parameters are read when they are needed: node by node, a call at a time.

No errors, no gradients and no second set of buffers: what the picture reads is what the calls write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from nnviz3d.backend import Ops
from nnviz3d.engine.buffers import Buffers
from nnviz3d.engine.compiler import Compiler
from nnviz3d.engine.objective import Objective
from nnviz3d.engine.plan import Plan
from nnviz3d.spec.topology import Node, Topology


class StagedPass:
    """Writes `z`, `activation` (N,) of one sample. `load(node)` is called before the first calls of a node that has parameters: then they
    stand in `parameters` (P,), which may be empty until then."""

    def __init__(self, ops: Ops, topology: Topology, objective: Objective, parameters, load: Callable[[Node], Iterator[None]]):
        n = topology.n_neurons
        self.ops, self.topology, self._load = ops, topology, load
        self.z, self.activation = ops.zeros(n), ops.zeros(n)
        z, a = ([arena[node.neurons.slice].reshape(1, -1) for node in topology.nodes] for arena in (self.z, self.activation))
        nothing = [None] * len(a)
        compiler, plan = Compiler(ops, topology, objective, parameters), Plan()
        compiler.forward(plan, Buffers(z, a, a, nothing, None, None, list(nothing)))
        self._plan, self._loaded = plan, set[int]()

    def run(self, x_i) -> None:
        """All of it at once. `x_i` (I,)."""
        for _ in self.pieces(x_i):
            pass

    def pieces(self, x_i) -> Iterator[None]:
        """The same in pieces of some milliseconds."""
        ops, first = self.ops, self.topology.input.neurons.slice
        row = np.asarray(x_i, ops.dtype).reshape(-1)
        ops.write(row, self.activation[first])
        ops.write(row, self.z[first])
        for phase, start, stop in self._plan.phases:
            node = self.topology.nodes[int(phase.partition(" ")[2])]
            if node.number not in self._loaded:
                yield from self._load(node)
                self._loaded.add(node.number)
            for call in self._plan.calls[start:stop]:
                with np.errstate(all="ignore"):
                    call()
                yield
            self._finite(node)

    def _finite(self, node: Node) -> None:
        """Pictures need numbers: what is past the end of float32 is clamped to it, and nan is 0."""
        for arena in (self.z, self.activation):
            part = arena[node.neurons.slice]
            with np.errstate(all="ignore"):
                if self.ops.asynchronous or not np.isfinite(part.dot(part)):
                    self.ops.xp.nan_to_num(part, copy=False)
