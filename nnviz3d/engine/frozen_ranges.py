"""Which stretches of the parameter arena training may change while neurons are frozen. Arithmetic only.

What a neuron's parameters are, its node knows: a row of weights and a bias, or a kernel that its whole channel shares.

The optimiser runs over the free stretches and nothing else, so a frozen parameter costs nothing and keeps its bytes, and its slots theirs,
whatever the rule (momentum, decay). With nothing frozen there is one stretch: the arena.
"""

from __future__ import annotations

from nnviz3d.spec.topology import Range, Topology


def frozen_stretches(topology: Topology, frozen: tuple[int, ...]) -> list[slice]:
    """The parameters of these neurons, rising, neighbours joined."""
    out: list[slice] = []
    for node in topology.nodes[1:]:
        here = [neuron - node.neurons.start for neuron in frozen if node.neurons.start <= neuron < node.neurons.stop]
        units = sorted({unit for j in here if (unit := node.unit(j)) is not None})
        for _, part in node.parameters:
            width = part.size // part.shape[0]  # units are the first axis of every part
            for unit in units:
                start = part.start + unit * width
                first = out.pop().start if out and out[-1].stop == start else start
                out.append(slice(first, start + width))
    return out


def free_stretches(topology: Topology, frozen: tuple[int, ...]) -> list[slice]:
    """The rest of the arena, rising."""
    return rest(frozen_stretches(topology, frozen), topology.n_parameters)


def learning_stretches(topology: Topology, frozen: tuple[int, ...]) -> list[slice]:
    """What the optimiser runs over, rising: what is neither frozen nor kept without being learned."""
    kept = [r.slice for r in topology.unlearned]
    return rest(sorted([*frozen_stretches(topology, frozen), *kept], key=lambda r: (r.start, r.stop)), topology.n_parameters)


def rest(taken: list[slice], size: int) -> list[slice]:
    """What of [0, size) the stretches leave; they rise and may overlap."""
    out, at = [], 0
    for r in [*taken, slice(size, size)]:
        if at < r.start:
            out.append(slice(at, r.start))
        at = max(at, r.stop)
    return out


def common(part: Range, stretches: list[slice]) -> list[slice]:
    """What of `part` lies in the stretches."""
    cut = [(max(part.start, r.start), min(part.stop, r.stop)) for r in stretches]
    return [slice(a, b) for a, b in cut if a < b]
