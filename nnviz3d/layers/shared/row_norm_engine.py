"""What the engine does for norms over rows: each row, or each token of it, by its own statistics, in training as later."""

from __future__ import annotations

from typing import Any

from nnviz3d.backend.numpy_norm import Into
from nnviz3d.backend.numpy_ops import Calls
from nnviz3d.layers.bound import Bound
from nnviz3d.layers.shared.norm_geometry import over_rows
from nnviz3d.layers.shared.norm_table import RowNormTable


def forward(b: Bound, centre: bool) -> Calls:
    """`centre`: the mean is taken off, and there is a shift."""
    table = b.node.table
    assert isinstance(table, RowNormTable)
    x, z = over_rows(b.x[0], b.node), over_rows(b.z, b.node)
    bias = b.parts["bias"].reshape(-1) if centre else None
    return b.ops.row_norm(x, b.parts["weight"].reshape(-1), bias, b.kept, z, table.eps, centre) + b.activate()


def backward(b: Bound, centre: bool) -> Calls:
    to, gradients = b.dx[0], None
    if b.gradients:
        gradients = b.gradients["weight"].reshape(-1), b.gradients["bias"].reshape(-1) if centre else None
    into = None if to is None else Into(to.d, to.add)
    return b.ops.row_backward(over_rows(b.d, b.node), b.parts["weight"].reshape(-1), b.kept, into, gradients, centre)


def first_value(table: Any, part: str) -> float:
    """Of every number of a part: nothing is scaled or shifted at first."""
    return 1.0 if part == "weight" else 0.0
