"""y = f(W x + b), by matrix products of a whole batch."""

from __future__ import annotations

from math import prod
from typing import Any

from nnviz3d.backend.numpy_ops import Calls
from nnviz3d.layers.bound import Bound
from nnviz3d.spec.topology import Range


def forward(b: Bound) -> Calls:
    """One product for all rows: of a batch, and where it works token by token of all tokens of it."""
    outputs, inputs = b.parts["weight"].shape
    return b.ops.affine(b.x[0].reshape(-1, inputs), b.parts["weight"], b.z.reshape(-1, outputs)) + b.activate(b.parts["bias"])


def backward(b: Bound) -> Calls:
    """dW = d^T x, db = sum over the rows of d, dx = d W."""
    outputs, inputs = b.parts["weight"].shape
    d, calls = b.d.reshape(-1, outputs), []
    if b.gradients:
        calls += b.ops.weight_gradient(d, b.x[0].reshape(-1, inputs), b.gradients["weight"])
        calls += b.ops.bias_gradient(d, b.gradients["bias"])
    if (to := b.dx[0]) is not None:
        calls += b.ops.input_gradient(d, b.parts["weight"], to.d.reshape(-1, inputs), to.add)
    return calls


def first_value(table: Any, part: str) -> float:
    """Of every number of a part that is not drawn: of the bias, as Playground has it where its weights are."""
    return 0.1 if table.init == "playground" and table.bias == 0 else table.bias


def fans(weight: Range) -> tuple[int, int]:
    """(fan in, fan out) of the weights: what their first values are scaled by."""
    return prod(weight.shape[1:]), weight.shape[0]
