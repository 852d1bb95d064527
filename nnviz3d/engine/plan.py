"""A step, compiled: the flat list of calls that one batch size needs, bound to buffers that never move.

`Compiler` walks the topology once; running a step is then `for call in plan.calls: call()`. Phases stay named (`input`, `forward k`,
`loss`, `backward k`, `update`), k the 1-based layer, so that a step can be told and shown. Chains of dense layers for now: each node
has one input; a graph needs sums of gradients where an output is used twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from nnviz3d.backend import Ops
from nnviz3d.backend.constants import Constants
from nnviz3d.backend.numpy_activations import FROM_OUTPUT
from nnviz3d.engine.arenas import Arenas
from nnviz3d.engine.frozen_ranges import common
from nnviz3d.engine.objective import ON_LOGITS, Objective
from nnviz3d.spec import limits
from nnviz3d.spec.errors import InputError, Problem
from nnviz3d.spec.scene import Train
from nnviz3d.spec.topology import Node, Topology

Calls = list[Callable[[], object]]
SMALL_FLOP, SMALL_PARAMETERS = 1e8, 300_000  # below both a step takes about 2 ms or less and is not cut


@dataclass
class Plan:
    """`calls` in order; `phases` (name, start, stop) in it; `groups` the stretches that run without looking at the budget."""

    calls: Calls = field(default_factory=list)
    phases: list[tuple[str, int, int]] = field(default_factory=list)
    groups: list[Calls] = field(default_factory=list)
    watch: int = 1  # steps between two looks at a device that runs ahead: it must not queue more than a frame's worth
    index: object = None  # (B,) where the rows of the batch are named
    buffers: Buffers | None = None
    masks: list = field(default_factory=list)  # (mask, dropout share) to draw before the step

    def add(self, phase: str, calls: Calls) -> None:
        if calls:
            self.phases.append((phase, len(self.calls), len(self.calls) + len(calls)))
            self.calls += calls

    def group(self, ops: Ops, flop: float, parameters: int) -> None:
        """A small step runs in one go; a large one looks at the budget after every call; a device, which runs ahead, gets it whole."""
        if ops.asynchronous:
            self.groups, self.watch = [ops.graph(self.calls)], 16 if flop < 1e9 else 1
        elif flop <= SMALL_FLOP and parameters <= SMALL_PARAMETERS:
            self.groups = [self.calls]
        else:
            self.groups = [[call] for call in self.calls]

    def split(self, phase: str, tap: Callable[[], object]) -> list[Calls]:
        """All calls, with `tap` before the first one of this phase."""
        at = next(start for name, start, _ in self.phases if name == phase)
        return [self.calls[:at], [tap], self.calls[at:]]

    def phase_at(self, call: int) -> str:
        """The phase that the call with this index belongs to; "" after the last."""
        return next((name for name, start, stop in self.phases if start <= call < stop), "")


@dataclass
class Buffers:
    """Of one batch, by node: z, a = f(z), y = what the next layer reads (a after dropout), d = dL/dz. y[0] is the input batch.

    One array serves for two where that is the same: z is a where the derivative needs only `a`, y is a without dropout.
    """

    z: list
    a: list
    y: list
    d: list
    t: object
    cell: object  # [mean loss]
    masks: list  # dropout, by node; None where there is none
    kills: list | None = None  # 0 where a neuron is killed, else 1, by node; None where none is

    @classmethod
    def make(cls, ops: Ops, topology: Topology, batch: int, dropout: tuple[float, ...] = (), killed: tuple[int, ...] = ()) -> Buffers:
        a = [ops.zeros((batch, node.size)) for node in topology.nodes]
        on_logits = topology.output.activation in ON_LOGITS.values()
        z = [x if node.activation in FROM_OUTPUT else ops.zeros(x.shape) for node, x in zip(topology.nodes, a, strict=True)]
        if on_logits:
            z[-1] = ops.zeros(a[-1].shape)
        d = [None, *(ops.zeros(x.shape) for x in a[1:])]
        masks, y = [None] * len(a), list(a)
        for k, share in enumerate(dropout, start=1):
            if share:
                masks[k], y[k] = ops.zeros(a[k].shape), ops.zeros(a[k].shape)
        return cls(z, a, y, d, ops.zeros(a[-1].shape), ops.zeros(1), masks, kill_masks(ops, topology, batch, killed))

    def rows(self, n: int) -> Buffers:
        """The first n rows of the same memory: the last short batch of an epoch."""
        seen: dict[int, object] = {}  # keeps "the same array" true of the views

        def head(x):
            return None if x is None else seen.setdefault(id(x), x[:n])

        z, a, y, d, masks = ([head(x) for x in part] for part in (self.z, self.a, self.y, self.d, self.masks))
        return Buffers(z, a, y, d, self.t[:n], self.cell, masks, self.kills and [head(x) for x in self.kills])


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
    batch = min(train.batch or n, n)
    problems = []
    if batch * topology.n_neurons > limits.DATA_VALUES // 4:
        message = f"{batch:,} rows of {topology.n_neurons:,} neurons do not fit in memory; use a smaller batch"
        problems.append(Problem("", "train.batch", message))
    if n * topology.output.size > limits.DATA_VALUES:
        problems.append(Problem("", "data", f"{n:,} rows of {topology.output.size:,} targets do not fit in memory; use fewer"))
    if problems:
        raise InputError(*problems)


class Compiler:
    """Binds the parts of a plan to one set of arenas. `parameters`, `gradients`: (P,)."""

    def __init__(self, ops: Ops, topology: Topology, objective: Objective, parameters, gradients=None):
        self.ops, self.topology, self.objective = ops, topology, objective
        self.parameters, self.gradients = parameters, gradients
        self.layers = list(enumerate(topology.nodes))[1:]

    def input(self, plan: Plan, b: Buffers, x_ni, t_no) -> None:
        """Gather the rows that `plan.index` names."""
        plan.add("input", self.ops.take(x_ni, plan.index, b.y[0]) + self.ops.take(t_no, plan.index, b.t))

    def forward(self, plan: Plan, b: Buffers) -> None:
        """Through every layer; the output's activation belongs to the loss where that works on logits."""
        ops = self.ops
        for k, node in self.layers:
            w, bias = node.weight.view(self.parameters), node.bias.view(self.parameters)
            fused = node is self.topology.output and self.objective.loss in ON_LOGITS
            calls = ops.affine(b.y[k - 1], w, b.z[k])
            calls += ops.activate("linear", b.z[k], bias, b.z[k]) if fused else ops.activate(node.activation, b.z[k], bias, b.a[k])
            if b.kills and b.kills[k] is not None:
                calls += ops.mask(b.a[k], b.kills[k], b.a[k])
            if b.masks[k] is not None:
                calls += ops.mask(b.a[k], b.masks[k], b.y[k])
            plan.add(f"forward {k}", calls)

    def loss(self, plan: Plan, b: Buffers) -> None:
        """Mean loss into the cell, each row times the weight of its class; d of the output = dL/dz."""
        ops, goal, z, a, d, calls, f_b1 = self.ops, self.objective, b.z[-1], b.a[-1], b.d[-1], [], None
        if goal.weights:
            f_b1 = ops.zeros((b.t.shape[0], 1))
            calls += ops.weigh(b.t, goal.weights, goal.low, f_b1)
        if goal.loss in ON_LOGITS:
            calls += (ops.cross_entropy if goal.loss == "cross_entropy" else ops.bce)(z, b.t, a, d, b.cell, f_b1)
        else:
            if goal.loss == "huber":
                calls += ops.huber(a, b.t, d, b.cell, goal.huber_delta, f_b1)
            else:
                calls += ops.squared(a, b.t, d, b.cell, goal.loss == "half_mse", f_b1)
            calls += ops.activate_backward(goal.output, d, z, a)
        plan.add("loss", calls)

    def backward(self, plan: Plan, b: Buffers, train: Train | None = None, constants: Constants | None = None) -> None:
        """From d of the output to d of every node that has one; with a gradient arena also dW and db, plus the regularisers on weights."""
        ops = self.ops
        l1 = train is not None and train.l1 > 0 and not train.l1_dead_at_zero  # Playground's L1 acts after the update
        l2 = train is not None and train.l2 > 0
        for k, node in reversed(self.layers):
            calls = []
            if self.gradients is not None:
                dw = node.weight.view(self.gradients)
                calls += ops.weight_gradient(b.d[k], b.y[k - 1], dw) + ops.bias_gradient(b.d[k], node.bias.view(self.gradients))
                if l1 or l2:
                    calls += ops.regularize(self._flat(self.parameters, node), self._flat(self.gradients, node), constants, l1, l2)
            if b.d[k - 1] is not None:
                calls += ops.input_gradient(b.d[k], node.weight.view(self.parameters), b.d[k - 1])
                calls += self._through_activation(k - 1, b)
            plan.add(f"backward {k}", calls)

    def _through_activation(self, k: int, b: Buffers) -> Calls:
        if k == 0:
            return []
        masked = self.ops.mask(b.d[k], b.masks[k], b.d[k]) if b.masks[k] is not None else []
        if b.kills and b.kills[k] is not None:
            masked += self.ops.mask(b.d[k], b.kills[k], b.d[k])
        return masked + self.ops.activate_backward(self.topology.nodes[k].activation, b.d[k], b.z[k], b.a[k])

    def update(self, plan: Plan, b: Buffers, train: Train, constants: Constants, arenas: Arenas, judge, free: list[slice]) -> None:
        """Guard, the optimiser over what is `free` of the arena (all of it in one pass where nothing is frozen), and there Playground's
        L1 where it was ever on: what is dead stays dead. What is frozen is not touched; its gradient is worked out and clipped with."""
        ops, p, g = self.ops, arenas.parameters, arenas.gradients
        calls = ops.guard(g, b.cell, constants, train.clip_norm > 0, judge)
        for r in free:
            calls += ops.update(
                train.optimizer, p[r], g[r], [slot[r] for slot in arenas.slots], arenas.before[r], constants, train.clip_norm > 0
            )
        if arenas.alive is not None:
            for _, node in self.layers:
                for r in common(node.weight, free):
                    calls += ops.shrink(p[r], arenas.before[r], arenas.alive[r], constants)
        plan.add("update", calls + ops.finish())

    @staticmethod
    def _flat(arena, node: Node):
        return arena[node.weight.slice]
