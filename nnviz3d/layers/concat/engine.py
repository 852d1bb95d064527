"""Inputs side by side: each is written into its columns, and its gradient is read from them."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from nnviz3d.backend.numpy_ops import Calls
from nnviz3d.layers.bound import Bound
from nnviz3d.layers.concat.spec import ConcatLayer


def columns(b: Bound) -> Iterator[tuple[int, int, int]]:
    """By slot (first column, columns, columns of all): rows are what lies before the axis, columns the axis and what lies behind it."""
    assert isinstance(b.node.table, ConcatLayer)
    axis, first = b.node.table.axis, 0
    total = prod(b.node.shape[axis:])
    for source in b.sources:
        width = prod(source.shape[axis:])
        yield first, width, total
        first += width


def forward(b: Bound) -> Calls:
    calls = []
    for x, (first, width, total) in zip(b.x, columns(b), strict=True):
        calls += b.ops.write_columns(x, b.z, first, width, total)
    return calls + b.activate()


def backward(b: Bound) -> Calls:
    calls = []
    for to, (first, width, total) in zip(b.dx, columns(b), strict=True):
        if to is not None:
            calls += b.ops.read_columns(b.d, to.d, first, width, total, to.add)
    return calls
