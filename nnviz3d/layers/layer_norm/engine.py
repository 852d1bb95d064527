"""Layer norm: the mean is taken off, and there is a shift."""

from __future__ import annotations

from nnviz3d.backend.numpy_ops import Calls
from nnviz3d.layers.bound import Bound
from nnviz3d.layers.shared import row_norm_engine
from nnviz3d.layers.shared.row_norm_engine import first_value

__all__ = ["backward", "first_value", "forward"]


def forward(b: Bound) -> Calls:
    return row_norm_engine.forward(b, centre=True)


def backward(b: Bound) -> Calls:
    return row_norm_engine.backward(b, centre=True)
