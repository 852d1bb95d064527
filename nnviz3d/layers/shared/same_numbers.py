"""What the engine does for a layer whose sums are its input as it stands: z = x, and what follows is the activation and the mask."""

from __future__ import annotations

from nnviz3d.backend.numpy_ops import Calls
from nnviz3d.layers.bound import Bound


def forward(b: Bound) -> Calls:
    """z is a copy, so that the way back finds it where every other kind keeps its own."""
    return b.ops.copy(b.x[0], b.z) + b.activate()


def backward(b: Bound) -> Calls:
    return b.pass_back(0)
