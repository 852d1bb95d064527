"""A row for each place is added, or pairs of features are turned by the angles of their place."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnviz3d.backend.numpy_ops import Calls
from nnviz3d.layers.bound import Bound
from nnviz3d.layers.position.tables import angles, waves
from nnviz3d.spec.topology import Range


def forward(b: Bound) -> Calls:
    table: Any = b.node.table
    if table.form == "rotary":
        return b.ops.rotate(b.x[0], b.z, *_turns(b, table)) + b.activate()
    tokens, width = b.node.shape
    row = b.parts["weight"][:tokens] if table.form == "learned" else b.ops.asarray(waves(tokens, width, table.base))
    return b.ops.add_row(b.x[0], row.reshape(-1), b.z) + b.activate()


def backward(b: Bound) -> Calls:
    """A sum passes its gradient on, a turn turns it back."""
    table: Any = b.node.table
    if table.form == "rotary":
        if (to := b.dx[0]) is None:
            return []
        cos, sin, width = _turns(b, table)
        made = b.ops.zeros(b.d.shape) if to.add else to.d
        return b.ops.rotate(b.d, made, cos, -sin, width) + (b.ops.copy(made, to.d, add=True) if to.add else [])
    calls = b.pass_back(0)
    if b.gradients:
        used, weight = b.d.shape[1], b.gradients["weight"].reshape(-1)
        calls += b.ops.bias_gradient(b.d, weight[:used])
        calls += b.ops.clear(weight[used:]) if used < weight.size else []
    return calls


def _turns(b: Bound, table: Any) -> tuple[Any, Any, int]:
    """(T * D,) cosines, and sines with the sign of the other of the pair; features of a head."""
    tokens, width = b.node.shape
    cos, sin = angles(tokens, width // table.heads, table.base)
    return b.ops.asarray(np.tile(cos, table.heads).ravel()), b.ops.asarray(np.tile(sin, table.heads).ravel()), width // table.heads


def fans(weight: Range) -> tuple[int, int]:
    """One row is read at a time."""
    return 1, weight.shape[1]
