"""Where the neurons of one node stand in its own plane. Pure."""

from __future__ import annotations

from math import ceil, isqrt

import numpy as np

from nnviz3d.layout.folding import column
from nnviz3d.layout.tiles import TilePlan
from nnviz3d.spec.topology import Node

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


def plan_edge(plan: TilePlan | None, pitch: float) -> tuple[float, float]:
    """Height and width of the cells of a node, world units."""
    if plan is None:
        return pitch, pitch
    return plan.size[0] / plan.rows * pitch, plan.size[1] / plan.columns * pitch
