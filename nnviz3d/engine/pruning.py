"""The smallest weights set to 0: of one layer, or of all together. Biases, and numbers that are kept but not learned, stay."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnviz3d.spec.topology import Range, Topology


@dataclass(frozen=True, eq=False)
class Pruned:
    """`parameters` (P,): a copy with `count` of `total` weights at 0, all those whose |w| is at most `threshold`."""

    parameters: np.ndarray
    count: int
    total: int
    threshold: float


def weights(topology: Topology, node: int = -1) -> list[Range]:
    """Where the weights lie of a node, or (-1) of all."""
    return [each.weight for each in topology.nodes if each.weight is not None and node in (-1, each.number)]


def prune(topology: Topology, parameters: np.ndarray, share: float, node: int = -1) -> Pruned:
    """With the smallest `share` (0 to 1) of the weights at 0, exactly so many of them; equal ones in the order of the arena."""
    ranges, made = weights(topology, node), np.array(parameters)
    total = sum(r.size for r in ranges)
    count = round(share * total)
    if not count:
        return Pruned(made, 0, total, 0.0)
    places = np.concatenate([np.arange(r.start, r.stop) for r in ranges])
    size = np.abs(made[places])
    smallest = np.argpartition(size, count - 1)[:count]
    threshold = float(size[smallest].max())
    made[places[smallest]] = 0
    return Pruned(made, count, total, threshold)
