"""What the engine does for a convolution, along one axis or two."""

from __future__ import annotations

from math import prod
from typing import Any

from nnviz3d.backend.calls import Calls
from nnviz3d.layers.bound import Bound
from nnviz3d.layers.shared.convolution_table import ConvolutionTable
from nnviz3d.layers.shared.window_table import windows_of
from nnviz3d.spec.topology import Node, Range


def _groups(node: Node) -> int:
    assert isinstance(node.table, ConvolutionTable)
    return node.table.groups


def forward(b: Bound) -> Calls:
    g, groups = windows_of(b.node, b.sources), _groups(b.node)
    return b.ops.convolve(b.x[0], b.parts["weight"], b.parts["bias"], b.z, g, groups) + b.activate()


def backward(b: Bound) -> Calls:
    """dw = sum over windows of d x, db = sum of d, dx = d by the weights of all windows that a cell is in."""
    g, groups = windows_of(b.node, b.sources), _groups(b.node)
    calls: Calls = []
    if b.gradients:
        calls += b.ops.convolution_gradients(b.d, b.x[0], b.gradients["weight"], b.gradients["bias"], g, groups)
    if (to := b.dx[0]) is not None:
        calls += b.ops.convolution_back(b.d, b.parts["weight"], to.d, g, groups, to.add)
    return calls


def first_value(table: Any, part: str) -> float:
    """Of every number of a part that is not drawn: of the bias."""
    return 0.1 if table.init == "playground" and table.bias == 0 else table.bias


def fans(weight: Range) -> tuple[int, int]:
    """(fan in, fan out) of the weights, as PyTorch counts them: channels times cells of a window."""
    cells = prod(weight.shape[2:])
    return weight.shape[1] * cells, weight.shape[0] * cells
