"""The arrays of one batch, by node: allocated once, never moved. Holds memory; knows no order of computation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nnviz3d.backend import Ops
from nnviz3d.engine.objective import ON_LOGITS
from nnviz3d.spec import limits
from nnviz3d.spec.activations import ACTIVATIONS
from nnviz3d.spec.errors import InputError, Problem
from nnviz3d.spec.scene import Train
from nnviz3d.spec.topology import Topology


@dataclass
class Buffers:
    """Of one batch, by node: z, a = f(z), y = what other nodes read (a after dropout), d = dL/dz. y[0] is the input batch.

    One array serves for two where that is the same: z is a where the derivative needs only `a`, y is a without dropout.
    """

    z: list[Any]
    a: list[Any]
    y: list[Any]
    d: list[Any]
    t: Any
    cell: Any  # [mean loss]
    masks: list[Any]  # dropout, by node; None where there is none
    kills: list[Any] | None = None  # 0 where a neuron is killed, else 1, by node; None where none is

    @classmethod
    def make(cls, ops: Ops, topology: Topology, batch: int, dropout: tuple[float, ...] = (), killed: tuple[int, ...] = ()) -> Buffers:
        """`dropout`: by node, the share that passes nothing on; empty where this is no training."""
        a = [ops.zeros((batch, node.size)) for node in topology.nodes]
        on_logits = topology.output.activation in ON_LOGITS.values()
        z = [x if ACTIVATIONS[node.activation].from_output else ops.zeros(x.shape) for node, x in zip(topology.nodes, a, strict=True)]
        if on_logits:
            z[-1] = ops.zeros(a[-1].shape)
        d = [None, *(ops.zeros(x.shape) for x in a[1:])]
        masks: list[Any] = [None] * len(a)
        y = list(a)
        for k, share in enumerate(dropout):
            if share:
                masks[k], y[k] = ops.zeros(a[k].shape), ops.zeros(a[k].shape)
        return cls(z, a, y, d, ops.zeros((batch, target_width(topology))), ops.zeros(1), masks, kill_masks(ops, topology, batch, killed))

    def rows(self, n: int) -> Buffers:
        """The first n rows of the same memory: the last short batch of an epoch."""
        seen: dict[int, object] = {}  # keeps "the same array" true of the views

        def head(x):
            return None if x is None else seen.setdefault(id(x), x[:n])

        z, a, y, d, masks = ([head(x) for x in part] for part in (self.z, self.a, self.y, self.d, self.masks))
        return Buffers(z, a, y, d, self.t[:n], self.cell, masks, self.kills and [head(x) for x in self.kills])


def target_width(topology: Topology) -> int:
    """Numbers that a target is: one for each output, or where the network answers at each token the class of each."""
    return topology.output.shape[0] if topology.output.axes == ("token", "feature") else topology.output.size


def dropout_of(topology: Topology) -> tuple[float, ...]:
    """By node, the share of its neurons that passes nothing on in a training step."""
    return tuple(0.0 if node.table is None else node.table.dropped for node in topology.nodes)


def kill_masks(ops: Ops, topology: Topology, batch: int, killed: tuple[int, ...]) -> list | None:
    """By node (batch, size) of 1 with 0 for the killed; None for a node without any, or instead of the list where none is killed."""
    if not killed:
        return None
    masks = []
    for node in topology.nodes:
        here = [neuron - node.neurons.start for neuron in killed if node.neurons.start <= neuron < node.neurons.stop]
        mask = None
        if here:
            row = np.ones(node.size, ops.dtype)
            row[here] = 0
            mask = ops.asarray(np.tile(row, (batch, 1)))
        masks.append(mask)
    return masks


def check_memory(topology: Topology, n: int, train: Train) -> None:
    """Raises InputError where a batch's buffers, or the targets of n rows, would not fit in memory."""
    batch = train.rows(n)
    problems = []
    if batch * topology.n_neurons > limits.DATA_VALUES // 4:
        message = f"{batch:,} rows of {topology.n_neurons:,} neurons do not fit in memory; use a smaller batch"
        problems.append(Problem("", "train.batch", message))
    if n * target_width(topology) > limits.DATA_VALUES:
        problems.append(Problem("", "data", f"{n:,} rows of {topology.output.size:,} targets do not fit in memory; use fewer"))
    if problems:
        raise InputError(*problems)


def check_rows(topology: Topology, n: int, train: Train) -> None:
    """Raises InputError where a batch, also the last short one of an epoch over n rows, has too few rows for a layer that compares them."""
    batch = train.rows(n)
    last = n % batch or batch
    for node in topology.nodes[1:]:
        need = 1 if node.table is None else node.table.fewest_rows(node.shape, node.axes)
        if min(batch, last) >= need:
            continue
        why = f'"{node.name}" ({node.kind}) compares the rows of a batch and needs at least {need} of them'
        if batch < need:
            raise InputError.of("", "train.batch", f"{why}; found batches of {batch}. Use a larger batch")
        raise InputError.of(
            "", "train.batch", f"{why}; the last batch of {n:,} rows in batches of {batch} has {last}. {_advice(n, batch, need)}"
        )


def _advice(n: int, batch: int, need: int) -> str:
    """The nearest sizes of batches that leave enough rows."""
    fits = (size for step in range(1, n) for size in (batch - step, batch + step) if need <= size <= n and not 0 < n % size < need)
    return f"Use a batch of {next(fits, n)}, or 0 for all rows"
