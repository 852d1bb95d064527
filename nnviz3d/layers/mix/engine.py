"""Weighted sums of values, of all heads by one stack of matrix products."""

from __future__ import annotations

from typing import Any

from nnviz3d.backend.numpy_ops import Calls
from nnviz3d.layers.bound import Bound


def forward(b: Bound) -> Calls:
    table: Any = b.node.table
    (w, v), (heads, queries, keys) = b.x, b.sources[0].shape
    return b.ops.mix(w, v, b.z, heads, queries, keys, table.causal) + b.activate()


def backward(b: Bound) -> Calls:
    """dw = d v^T, dv = w^T d."""
    table: Any = b.node.table
    heads, queries, keys = b.sources[0].shape
    return b.ops.mix_backward(b.d, b.x, b.dx, heads, queries, keys, table.causal)
