"""Rows of a table by number; the gradient of a row is the sum over all places where its token stands."""

from __future__ import annotations

from nnviz3d.backend.numpy_ops import Calls
from nnviz3d.layers.bound import Bound
from nnviz3d.spec.topology import Range


def forward(b: Bound) -> Calls:
    return b.ops.embed(b.x[0], b.parts["weight"], b.z) + b.activate()


def backward(b: Bound) -> Calls:
    """Numbers of tokens have no gradient: between two of them there is nothing."""
    calls = b.ops.embed_gradient(b.x[0], b.d, b.gradients["weight"]) if b.gradients else []
    to = b.dx[0]
    return calls if to is None or to.add else calls + b.ops.clear(to.d)


def fans(weight: Range) -> tuple[int, int]:
    """One row is read at a time."""
    return 1, weight.shape[1]
