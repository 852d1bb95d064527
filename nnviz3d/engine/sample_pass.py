"""The shown sample: one forward and backward of a single row into the arenas of neurons that the picture reads.

Eval mode (no dropout). Training's buffers and gradients are not touched, so looking never changes learning.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from nnviz3d.backend import Ops
from nnviz3d.engine.buffers import Buffers, kill_masks, target_width
from nnviz3d.engine.forward_pass import ForwardPass
from nnviz3d.engine.objective import Objective
from nnviz3d.spec.topology import Topology


class Shown:
    """`z`, `activation`, `delta` (N,): pre-activation, activation, dL/dz of the loss of this sample alone. For inputs z = activation = x,
    delta = dL/dx. A killed neuron keeps its z, with activation and delta 0. Values past float32's end are clamped to it, and nan is 0:
    pictures need numbers. `all` (3 N,) is the three in one.

    `gradients` (P,): where those of the parameters go, if they are asked for, for this sample alone.
    With class weights, loss and deltas are multiplied by that of the sample's class."""

    def __init__(self, ops: Ops, topology: Topology, objective: Objective, parameters, killed: tuple[int, ...] = (), gradients=None):
        n = topology.n_neurons
        self.ops, self.objective, self.input = ops, objective, topology.input
        self.all = ops.zeros(3 * n)
        self.z, self.activation, self.delta = self.all[:n], self.all[n : 2 * n], self.all[2 * n :]
        z, a, d = ([arena[node.neurons.slice].reshape(1, -1) for node in topology.nodes] for arena in (self.z, self.activation, self.delta))
        kills = kill_masks(ops, topology, 1, killed)
        self._judged = True
        self._buffers = Buffers(z, a, a, d, ops.zeros((1, target_width(topology))), ops.zeros(1), [None] * len(a), kills)
        self._pass = ForwardPass(ops, topology, objective, parameters, self._buffers, backward=True, gradients=gradients)

    @property
    def loss(self) -> float:
        """Of the sample shown last; nan without a target."""
        return float(self.ops.to_host(self._buffers.cell)[0]) if self._judged else math.nan

    def show(self, x_i, target) -> None:
        """`x_i` (I,) or the sample's shape; `target` a class id, (O,) numbers, or None: then there is no loss, and delta is 0."""
        for _ in self.pieces(x_i, target):
            pass

    def pieces(self, x_i, target) -> Iterator[None]:
        """The same a call at a time. The parameters must stay until the last."""
        ops, b = self.ops, self._buffers
        x = np.asarray(x_i, ops.dtype).reshape(1, -1)
        ops.write(x, b.a[0])
        ops.write(x, b.z[0])
        self._judged = target is not None
        if target is not None:
            targets = np.asarray([target]) if self.objective.classes else np.reshape(target, (1, -1))
            ops.write(self.objective.rows(targets, ops.dtype), b.t)
        yield from self._pass.pieces()
        with np.errstate(all="ignore"):
            if not self._judged:
                self.delta[...] = 0
            # a finite sum of squares proves that all are: 1 us on the host, against 18 us for nan_to_num
            if ops.asynchronous or not math.isfinite(self.all.dot(self.all)):
                ops.xp.nan_to_num(self.all, copy=False)

    def take(self, other: Shown) -> None:
        """What another pass of the same network has found."""
        xp = self.ops.xp
        xp.copyto(self.all, other.all)
        xp.copyto(self._buffers.cell, other._buffers.cell)
        self._judged = other._judged
