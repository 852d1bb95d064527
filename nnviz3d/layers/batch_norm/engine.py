"""Batch norm: by the statistics of the batch in training, by running ones otherwise. The running ones are settled in the update."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnviz3d.backend.numpy_norm import Into
from nnviz3d.backend.numpy_ops import Calls
from nnviz3d.layers.batch_norm.spec import BatchNormLayer
from nnviz3d.layers.bound import Bound
from nnviz3d.layers.shared.norm_geometry import channels
from nnviz3d.spec.topology import Node


def forward(b: Bound) -> Calls:
    table = b.node.table
    assert isinstance(table, BatchNormLayer)
    x, z, parts, kept = _seen(b, b.x[0]), _seen(b, b.z), b.parts, b.kept
    if not b.training:
        given = parts["running_mean"], parts["running_var"], parts["weight"], parts["bias"]
        return b.ops.channel_fixed(x, *given, kept, z, table.eps) + b.activate()
    calls = b.ops.channel_statistics(x, kept, table.eps)
    count = x.shape[0] * x.shape[2]
    for part, batch, factor in (("running_mean", "mean", 1.0), ("running_var", "variance", count / max(count - 1, 1))):
        kept[part] = b.ops.zeros(x.shape[1])
        calls += b.ops.running(parts[part], kept[batch], kept[part], table.momentum, factor)
    return calls + b.ops.channel_scale(parts["weight"], parts["bias"], kept, z) + b.activate()


def backward(b: Bound) -> Calls:
    """The batch's mean and variance depend on every row, so each row's gradient has the means of all in it."""
    d, x, calls, to = _seen(b, b.d), _seen(b, b.x[0]), [], b.dx[0]
    if b.gradients or (b.training and to is not None):
        calls += b.ops.channel_sums(d, x, b.parts["running_mean"], b.kept)
    if b.gradients:
        calls += b.ops.channel_gradients(b.kept, b.gradients["weight"], b.gradients["bias"])
    if to is not None:
        into = Into(to.d, to.add)
        calls += b.ops.channel_backward(d, x, b.kept, into) if b.training else b.ops.channel_fixed_backward(d, b.kept, into)
    return calls


def statistics(node: Node, kept: dict[str, Any], rows: int) -> dict[str, Any]:
    """By channel, of a batch of training: `mean`, `variance`, `inverse` = 1 / sqrt(variance + eps), and the means of delta (`error`) and of
    delta times the normalised number (`along`), with the loss of a row as its own, not as its share in the batch's."""
    repeats, _, places = channels(node.shape, node.axes)
    share = rows / (rows * repeats * places)
    statistics = {name: kept[name] for name in ("mean", "variance", "inverse")}
    return statistics | {"error": kept["sum"] * share, "along": kept["along"] * kept["inverse"] * share}


def returned(node: Node, parts: dict[str, np.ndarray], x: np.ndarray, d: np.ndarray, statistics: dict[str, np.ndarray]) -> np.ndarray:
    """(I,) dL/dx of one row within its batch, from dL/dz of this row and the `statistics` of all."""
    shape = channels(node.shape, node.axes)
    mean, inverse, error, along = (np.asarray(statistics[name], np.float64)[:, None] for name in ("mean", "inverse", "error", "along"))
    normal = (x.reshape(shape) - mean) * inverse
    return (parts["weight"][:, None] * inverse * (d.reshape(shape) - error - normal * along)).ravel()


def first_value(table: Any, part: str) -> float:
    """Of every number of a part: the norm begins as one that changes nothing more."""
    return {"weight": 1.0, "running_var": 1.0}.get(part, 0.0)


def _seen(b: Bound, array: Any) -> Any:
    """A batch as (rows, channels, places)."""
    _, count, places = channels(b.node.shape, b.node.axes)
    return array.reshape(-1, count, places)
