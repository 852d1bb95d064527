"""A network in which folded parts are one node each: what ranks, lanes and rows are worked out from. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from nnviz3d.layout.tiles import WIDE, TilePlan
from nnviz3d.spec.parts import NetworkPart, order
from nnviz3d.spec.ranks import longest_paths
from nnviz3d.spec.topology import Range, Topology

STAGE = 360_000.0  # units of text: area of a stage on which so many are shown
MOST = 24  # slabs and nodes that are shown at the start, on a wide stage
LEAST, LARGEST = 6.0, 18.0  # height of a slab, in pitches: that of the highest tensor in it, within these
STANDING = 0.62  # width of a slab, as a share of its height
FACE = 0.86  # of a slab's face is where what leads in and out ends


class Units(NamedTuple):
    """`topology`: of the units. `unit_l`: the unit of each node; `part_u`: the folded part that a unit is, None: a node."""

    topology: Topology
    unit_l: np.ndarray
    part_u: tuple[NetworkPart | None, ...]


def most_open(aspect: float, area: float = STAGE) -> int:
    """Slabs and nodes that can be distinguished on a stage of this shape and area, in units of text."""
    return round(MOST * min((aspect / WIDE) ** 0.5, 1.0) * min((area / STAGE) ** 0.5, 1.0))


@dataclass(frozen=True)
class Glass:
    """The glass around a part. `fill` in [0, 1]: 0, a frame around what is seen in it; 1, a slab."""

    part: NetworkPart
    fill: float


def units(topology: Topology, folded: Sequence[NetworkPart]) -> Units:
    """The input stays the first and the output the last. Without folded parts, the network itself."""
    if not folded:
        return Units(topology, np.arange(len(topology.nodes)), (None,) * len(topology.nodes))
    inside = order(topology, folded)
    assert inside is not None, "folded parts that read each other"
    by_first = {part.nodes[0]: part for part in folded}
    inside = [each for each in inside if each[-1] != topology.output.number] + [[topology.output.number]]
    unit_l = np.zeros(len(topology.nodes), np.int64)
    for u, numbers in enumerate(inside):
        unit_l[numbers] = u
    reads_u = [_reads(topology, unit_l, u, numbers) for u, numbers in enumerate(inside)]
    ranks = longest_paths(reads_u)
    nodes, parts, start = [], [], 0
    for u, numbers in enumerate(inside):
        part, first, reads = by_first.get(numbers[0]), topology.nodes[numbers[0]], reads_u[u]
        shape = first.shape if part is None else (1,)
        parameters = tuple(pair for k in numbers for pair in topology.nodes[k].parameters)
        node = replace(
            first, name=first.name if part is None else part.name, inputs=tuple(nodes[s].name for s in reads), shape=shape,
            axes=first.axes if part is None else ("neuron",), neurons=Range(start, shape), parameters=parameters, number=u,
            rank=ranks[u], edges=(0,) * len(reads),
        )  # fmt: skip
        nodes.append(node)
        parts.append(part)
        start += node.size
    return Units(Topology(tuple(nodes), topology.n_parameters), unit_l, tuple(parts))


def _reads(topology: Topology, unit_l: np.ndarray, unit: int, numbers: Sequence[int]) -> tuple[int, ...]:
    """The other units that a unit reads."""
    sources = (int(unit_l[s.number]) for k in numbers for s in topology.sources(topology.nodes[k]))
    return tuple(dict.fromkeys(source for source in sources if source != unit))


def slab_size(part: NetworkPart, plates: Sequence[np.ndarray], plans: dict[int, TilePlan]) -> tuple[float, float]:
    """Height and width in pitches. `plates`: of the nodes, down and across of their neurons."""
    high = max(plans[k].span[0] if k in plans else float(np.ptp(plates[k][:, 0])) + 1 for k in part.nodes)
    high = min(max(high, LEAST), LARGEST)
    return high, STANDING * high


def ports(topology: Topology, part: NetworkPart) -> dict[int, float]:
    """By node, on which side of a slab its neurons stand: -1 where it reads from outside, 1 where it is read from there, 0: both or
    neither."""
    inside = set(part.nodes)
    out = {}
    for k in part.nodes:
        node = topology.nodes[k]
        reads = any(s.number not in inside for s in topology.sources(node))
        read = any(c.target.number not in inside for c in topology.out_of(node))
        out[k] = float(read) - float(reads)
    return out
