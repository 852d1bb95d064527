"""How an output's z depends on the inputs of one sample: backward from a one at that output, by the calls of training itself.

Exact by the engine's backward; eval mode, buffers of its own. z is before the output's activation: the softmax would mix in the others.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nnviz3d.backend import Ops
from nnviz3d.engine.buffers import Buffers
from nnviz3d.engine.compiler import Compiler
from nnviz3d.engine.objective import Objective
from nnviz3d.engine.plan import Plan
from nnviz3d.spec.topology import Topology


class LogitGradient:
    """Bound to `parameters` (P,), which may change between two calls."""

    def __init__(self, ops: Ops, topology: Topology, objective: Objective, parameters: Any, killed: tuple[int, ...] = ()):
        self.ops, self.parameters = ops, parameters
        self._buffers = Buffers.make(ops, topology, 1, killed=killed)
        self._buffers.d[0] = ops.zeros((1, topology.input.size))
        compiler, self._forward, self._backward = Compiler(ops, topology, objective, parameters), Plan(), Plan()
        compiler.forward(self._forward, self._buffers)
        compiler.loss(self._forward, self._buffers)  # for kinds of output that it finishes; what it says of d is written over
        compiler.backward(self._backward, self._buffers)

    def outputs(self, x_i: np.ndarray) -> np.ndarray:
        """(O,) z of the output, before its activation."""
        b = self._buffers
        self.ops.write(np.asarray(x_i, self.ops.dtype).reshape(1, -1), b.a[0])
        with np.errstate(all="ignore"):
            for call in self._forward.calls:
                call()
        return np.array(self.ops.to_host(b.z[-1]))[0]

    def of(self, output: int) -> np.ndarray:
        """(I,) dz / dx of that output for the inputs that `outputs` was asked with last."""
        b, one = self._buffers, np.zeros(self._buffers.d[-1].shape, self.ops.dtype)
        one[0, output] = 1
        self.ops.write(one, b.d[-1])
        with np.errstate(all="ignore"):
            for call in self._backward.calls:
                call()
        return np.array(self.ops.to_host(b.d[0]))[0]
