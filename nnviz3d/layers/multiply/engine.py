"""y = x1 x2; the gradient of each input is that of the product times the other input."""

from __future__ import annotations

from nnviz3d.backend.numpy_ops import Calls
from nnviz3d.layers.bound import Bound


def forward(b: Bound) -> Calls:
    return b.ops.mask(b.x[0], b.x[1], b.z) + b.activate()


def backward(b: Bound) -> Calls:
    calls = []
    for to, other in zip(b.dx, reversed(b.x), strict=True):
        if to is not None and to.add:
            made = b.ops.zeros(to.d.shape)
            calls += b.ops.mask(b.d, other, made) + b.ops.copy(made, to.d, add=True)
        elif to is not None:
            calls += b.ops.mask(b.d, other, to.d)
    return calls
