"""The mean of each channel; every cell gets back its share."""

from __future__ import annotations

from nnviz3d.backend.calls import Calls
from nnviz3d.layers.bound import Bound


def forward(b: Bound) -> Calls:
    return b.ops.means(b.x[0], b.z, b.sources[0].size // b.node.size) + b.activate()


def backward(b: Bound) -> Calls:
    to = b.dx[0]
    return [] if to is None else b.ops.means_back(b.d, to.d, b.sources[0].size // b.node.size, to.add)
