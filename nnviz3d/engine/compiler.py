"""From a topology to the calls of a pass or a step: forward, loss, backward, update, bound to one set of arenas.

Each kind's own calls come from its `engine` face; what every node has in common is here: killed neurons, dropout, the way back through the
activation function, regularisers. Where several nodes read one, the first to go back writes its gradient and the others add theirs.
"""

from __future__ import annotations

from typing import Any

from nnviz3d.backend import Ops
from nnviz3d.backend.constants import Constants
from nnviz3d.backend.numpy_ops import Calls
from nnviz3d.engine.arenas import Arenas
from nnviz3d.engine.buffers import Buffers
from nnviz3d.engine.frozen_ranges import common, free_stretches, learning_stretches
from nnviz3d.engine.objective import ON_LOGITS, Objective
from nnviz3d.engine.plan import Plan
from nnviz3d.layers import face
from nnviz3d.layers.bound import Bound, InputGradient
from nnviz3d.spec.activations import ACTIVATIONS
from nnviz3d.spec.scene import Train
from nnviz3d.spec.topology import Node, Topology


class Compiler:
    """Binds the parts of a plan to one set of arenas. `parameters`, `gradients`: (P,). Nodes go by rank, then number.
    `training`: steps are to be taken, so kinds that differ there do."""

    def __init__(self, ops: Ops, topology: Topology, objective: Objective, parameters: Any, gradients: Any = None, training: bool = False):
        self.ops, self.topology, self.objective = ops, topology, objective
        self.parameters: Any = parameters
        self.gradients: Any = gradients
        self._kept: dict[str, dict[str, Any]] = {node.name: {} for node in topology.nodes}
        if gradients is not None:
            for r in topology.unlearned:  # nothing writes there
                gradients[r.slice] = 0
        self.nodes, self.training = topology.order[1:], training

    def input(self, plan: Plan, b: Buffers, x_ni, t_no) -> None:
        """Gather the rows that `plan.index` names."""
        plan.add("input", self.ops.take(x_ni, plan.index, b.y[0]) + self.ops.take(t_no, plan.index, b.t))

    def forward(self, plan: Plan, b: Buffers) -> None:
        """Through every node; the output's activation belongs to the loss where that works on logits."""
        for node in self.nodes:
            k = node.number
            calls = face(node.kind, "engine").forward(self._bound(node, b))
            if b.kills and b.kills[k] is not None:
                calls += self.ops.mask(b.a[k], b.kills[k], b.a[k])
            if b.masks[k] is not None:
                calls += self.ops.mask(b.a[k], b.masks[k], b.y[k])
            plan.add(f"forward {k}", calls)

    def loss(self, plan: Plan, b: Buffers) -> None:
        """Mean loss into the cell, each row times the weight of its class; d of the output = dL/dz."""
        ops, goal, z, a, d, calls, f_b1 = self.ops, self.objective, b.z[-1], b.a[-1], b.d[-1], [], None
        if goal.tokens:
            return plan.add("loss", ops.token_cross_entropy(z, b.t, a, d, b.cell))
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
        """From d of the output to d of every node that has one; with a gradient arena also the parameters', plus the regularisers on
        weights."""
        written: set[str] = set()
        for node in reversed(self.nodes):
            calls = self._through_activation(node, b)
            calls += face(node.kind, "engine").backward(self._bound(node, b, self._input_gradients(node, b, written)))
            if self.gradients is not None and train is not None:
                calls += self._regularize(node, train, constants)
            plan.add(f"backward {node.number}", calls)

    def own_gradients(self, plan: Plan, b: Buffers) -> None:
        """After `backward`: the gradients of the parameters once more, of what is left in d of every node."""
        for node in self.nodes:
            if node.parameters:
                plan.add(f"own {node.number}", face(node.kind, "engine").backward(self._bound(node, b, (None,) * len(node.inputs))))

    def statistics(self, rows: int) -> dict[str, dict[str, Any]]:
        """By node, what rows of the batch have in common, of kinds whose rows depend on one another; errors are a row's own."""
        return {
            node.name: face(node.kind, "engine").statistics(node, self._kept[node.name], rows)
            for node in self.nodes if node.table is not None and node.table.coupled
        }  # fmt: skip

    def _input_gradients(self, node: Node, b: Buffers, written: set[str]) -> tuple[InputGradient | None, ...]:
        """Where the gradients of a node's inputs go: the first use of a tensor writes, the others add."""
        found = []
        for source in self.topology.sources(node):
            d = b.d[source.number]
            found.append(None if d is None else InputGradient(d, source.name in written))
            written.add(source.name)
        return tuple(found)

    def _through_activation(self, node: Node, b: Buffers) -> Calls:
        """From dL/dy to dL/dz; the loss has done it for the output."""
        k = node.number
        if node is self.topology.output:
            return []
        masked = self.ops.mask(b.d[k], b.masks[k], b.d[k]) if b.masks[k] is not None else []
        if b.kills and b.kills[k] is not None:
            masked += self.ops.mask(b.d[k], b.kills[k], b.d[k])
        d, z, a = b.d[k], b.z[k], b.a[k]
        if ACTIVATIONS[node.activation].rowwise:  # a row is the last axis
            d, z, a = (x.reshape(-1, node.shape[-1]) for x in (d, z, a))
        return masked + self.ops.activate_backward(node.activation, d, z, a)

    def _regularize(self, node: Node, train: Train, constants: Constants | None) -> Calls:
        """L1 and L2 on weights, never on biases."""
        l1, l2 = train.l1 > 0 and not train.l1_dead_at_zero, train.l2 > 0  # Playground's L1 acts after the update
        if node.weight is None or not (l1 or l2) or constants is None:
            return []
        here = node.weight.slice
        return self.ops.regularize(self.parameters[here], self.gradients[here], constants, l1, l2)

    def _bound(self, node: Node, b: Buffers, dx: tuple[InputGradient | None, ...] = ()) -> Bound:
        k, sources = node.number, self.topology.sources(node)
        fused = node is self.topology.output and self.objective.loss in ON_LOGITS
        gradients: dict[str, Any] = {}
        if self.gradients is not None:
            gradients = {part: r.view(self.gradients) for part, r in node.learned}
        return Bound(
            self.ops, node, sources, tuple(b.y[source.number] for source in sources), b.z[k], b.z[k] if fused else b.a[k],
            "linear" if fused else node.activation, {part: r.view(self.parameters) for part, r in node.parameters},
            b.d[k], dx, gradients, self.training, self._kept[node.name],
        )  # fmt: skip

    def update(self, plan: Plan, b: Buffers, train: Train, constants: Constants, arenas: Arenas, judge, frozen: tuple[int, ...]) -> None:
        """Guard, the optimiser over what is learned and not frozen (all of the arena in one pass where that is all), and there Playground's
        L1 where it was ever on: what is dead stays dead. What is frozen is not touched; its gradient is worked out and clipped with.
        What is kept but not learned takes what the step has made of it; where that is not finite, the step is not."""
        ops, p, g = self.ops, arenas.parameters, arenas.gradients
        free, learning = free_stretches(self.topology, frozen), learning_stretches(self.topology, frozen)
        kept = [(r, self._kept[node.name][part]) for node in self.nodes for part, r in node.unlearned]
        calls = [call for _, made in kept for call in ops.watch(made, b.cell)]
        calls += ops.guard(g, b.cell, constants, train.clip_norm > 0, judge)
        for part, made in kept:
            for r in common(part, free):
                here = slice(r.start - part.start, r.stop - part.start)
                calls += ops.keep(p[r], made.reshape(-1)[here], arenas.before[r])
        for r in learning:
            calls += ops.update(
                train.optimizer, p[r], g[r], [slot[r] for slot in arenas.slots], arenas.before[r], constants, train.clip_norm > 0
            )
        if arenas.alive is not None:
            for weight in [node.weight for node in self.topology.nodes if node.weight is not None]:
                for r in common(weight, free):
                    calls += ops.shrink(p[r], arenas.before[r], arenas.alive[r], constants)
        plan.add("update", calls + ops.finish())
