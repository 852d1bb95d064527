"""The largest of each window; its gradient goes to the winner alone."""

from __future__ import annotations

from nnviz3d.backend.calls import Calls
from nnviz3d.layers.bound import Bound
from nnviz3d.layers.shared.window_table import windows_of


def forward(b: Bound) -> Calls:
    return b.ops.max_pool(b.x[0], b.z, windows_of(b.node, b.sources), b.kept if b.training else None) + b.activate()


def backward(b: Bound) -> Calls:
    to, g = b.dx[0], windows_of(b.node, b.sources)
    return [] if to is None else b.ops.max_pool_back(b.d, b.x[0], to.d, g, to.add, b.kept)
