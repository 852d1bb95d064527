"""Where the neurons of one node stand in its own plane. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, isqrt

import numpy as np

from nnviz3d.layout.folding import column
from nnviz3d.layout.tiles import TilePlan
from nnviz3d.spec.topology import Node, Topology

COLUMN_UP_TO = 12  # a hidden layer of so few neurons reads best as one column
OUTPUT_COLUMN_UP_TO = 40


def cells(node: Node, is_output: bool = False) -> np.ndarray:
    """(n, 2) row and column of each neuron of a vector, in the order of its ids: a column where it is short and otherwise the most nearly
    square grid, preferring one without a ragged last row.
    """
    n = node.size
    if n <= (OUTPUT_COLUMN_UP_TO if is_output else COLUMN_UP_TO) or (not node.inputs and n <= OUTPUT_COLUMN_UP_TO):
        columns = 1
    else:
        root = isqrt(n)
        columns = next((c for c in range(root, max(root // 2, 1), -1) if n % c == 0), ceil(n**0.5))
    index = np.arange(n)
    return np.stack([index // columns, index % columns], 1)


def plate(node: Node, plan: TilePlan | None, shown: tuple[int, ...] | None, is_output: bool) -> np.ndarray:
    """(n, 2) down and across of each neuron of a node in pitches, from its middle."""
    if plan is not None:
        return (plan.place_n2 - np.array(plan.span) / 2).astype(np.float32)
    grid = cells(node, is_output).astype(np.float32) if shown is None else column(node.size, shown)
    return grid - grid.max(0) / 2


def plates(topology: Topology, plans: Mapping[int, TilePlan], folds: Mapping[int, tuple[int, ...]]) -> list[np.ndarray]:
    """By node; tensors of one plan share one."""
    made: dict[TilePlan | int, np.ndarray] = {}
    for k, node in enumerate(topology.nodes):
        plan = plans.get(k)
        if (key := k if plan is None else plan) not in made:
            made[key] = plate(node, plan, folds.get(k), node is topology.output)
    return [made[plans.get(k, k)] for k in range(len(topology.nodes))]


@dataclass(frozen=True, eq=False)
class Rims:
    """How far a plate reaches: (groups, 2) the least and the greatest down and across of each group's neurons, and `ends` (2, 2) of all."""

    low_g2: np.ndarray
    high_g2: np.ndarray
    ends: np.ndarray

    def span(self, pitch: float) -> np.ndarray:
        """(2,) from the first to the last neuron."""
        return np.ptp(self.ends * pitch, 0)


def rims(topology: Topology, plates: list[np.ndarray], plans: Mapping[int, TilePlan]) -> list[Rims]:
    """By node; worked out once for all nodes of one plan with as many groups."""
    made: dict[tuple[TilePlan | int, int], Rims] = {}
    keys = [(plans.get(k, k), node.groups) for k, node in enumerate(topology.nodes)]
    for key, node, yz in zip(keys, topology.nodes, plates, strict=True):
        if key not in made:
            by_group = yz.reshape(node.groups, -1, 2)
            low, high = by_group.min(1), by_group.max(1)
            made[key] = Rims(low, high, np.stack([low.min(0), high.max(0)]))
    return [made[key] for key in keys]


def plan_edge(plan: TilePlan | None, pitch: float) -> tuple[float, float]:
    """Height and width of the cells of a node, world units."""
    if plan is None:
        return pitch, pitch
    return plan.size[0] / plan.rows * pitch, plan.size[1] / plan.columns * pitch
