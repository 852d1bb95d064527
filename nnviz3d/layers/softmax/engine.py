"""z is the input as it stands (0 where it is masked), and a its softmax; training keeps only a, which is all that the way back needs."""

from __future__ import annotations

from typing import Any

from nnviz3d.backend.numpy_ops import Calls
from nnviz3d.layers.bound import Bound


def forward(b: Bound) -> Calls:
    table: Any = b.node.table
    copied = [] if b.z is b.a else b.ops.seen(b.x[0], b.z, b.node.shape, table.causal)
    return copied + b.ops.row_softmax(b.x[0], b.a, b.node.shape, table.causal)


def backward(b: Bound) -> Calls:
    """The way back through the softmax itself is that of every activation function."""
    return b.pass_back(0)
