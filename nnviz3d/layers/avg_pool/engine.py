"""The mean of each window; every cell gets back its share."""

from __future__ import annotations

from nnviz3d.backend.calls import Calls
from nnviz3d.layers.bound import Bound
from nnviz3d.layers.shared.window_table import windows_of


def forward(b: Bound) -> Calls:
    return b.ops.average_pool(b.x[0], b.z, windows_of(b.node, b.sources)) + b.activate()


def backward(b: Bound) -> Calls:
    to, g = b.dx[0], windows_of(b.node, b.sources)
    return [] if to is None else b.ops.average_pool_back(b.d, to.d, g, to.add)
