"""The same numbers in another order, there and back."""

from __future__ import annotations

from nnviz3d.backend.numpy_ops import Calls
from nnviz3d.layers.bound import Bound
from nnviz3d.layers.patches.spec import PatchesLayer
from nnviz3d.layers.shared.patch_order import back, order


def _cut(b: Bound) -> tuple[tuple[int, ...], int]:
    assert isinstance(b.node.table, PatchesLayer)
    return b.sources[0].shape, b.node.table.size


def forward(b: Bound) -> Calls:
    return b.ops.take_columns(b.x[0], order(*_cut(b)), b.z) + b.activate()


def backward(b: Bound) -> Calls:
    to = b.dx[0]
    return [] if to is None else b.ops.take_columns(b.d, back(*_cut(b)), to.d, to.add)
