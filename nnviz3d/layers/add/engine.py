"""y = x1 + x2 + ...; the gradient of every input is that of the sum."""

from __future__ import annotations

from nnviz3d.backend.numpy_ops import Calls
from nnviz3d.layers.bound import Bound


def forward(b: Bound) -> Calls:
    calls = b.ops.copy(b.x[0], b.z)
    for x in b.x[1:]:
        calls += b.ops.copy(x, b.z, add=True)
    return calls + b.activate()


def backward(b: Bound) -> Calls:
    return [call for slot in range(len(b.x)) for call in b.pass_back(slot)]
