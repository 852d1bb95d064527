"""Scores of all heads by one stack of matrix products."""

from __future__ import annotations

from typing import Any

from nnviz3d.backend.numpy_ops import Calls
from nnviz3d.layers.bound import Bound


def forward(b: Bound) -> Calls:
    table: Any = b.node.table
    (q, k), (heads, queries, keys) = b.x, b.node.shape
    return b.ops.scores(q, k, b.z, heads, queries, keys, table.causal) + b.activate()


def backward(b: Bound) -> Calls:
    """dq = d k / sqrt(d), dk = d^T q / sqrt(d); cells that are masked have no part in it."""
    table: Any = b.node.table
    heads, queries, keys = b.node.shape
    return b.ops.scores_backward(b.d, b.x, b.dx, heads, queries, keys, table.causal)
