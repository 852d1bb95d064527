"""One layer by itself, by its own engine in float64: z for a source that keeps none, and what a layer sends back to one that it reads.

What the edges of a kind cannot say as a sum (norms, softmax), or only as millions of terms, its engine works out at the cost of the layer.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from nnviz3d.app.probes.explained import Explained, Recorded, at
from nnviz3d.backend.numpy_ops import NumpyOps
from nnviz3d.layers import face
from nnviz3d.layers.bound import Bound, InputGradient
from nnviz3d.spec.topology import Connection, Node

OPS = NumpyOps("float64")


def sums(source: Explained, node: Node) -> np.ndarray:
    """(O,) z of a node from the activations of what it reads."""
    bound = _bound(source, node)
    _run(face(node.kind, "engine").forward(bound))
    return bound.z[0]


def returned(source: Explained, connection: Connection) -> np.ndarray:
    """(I,) dL/da that comes back along a connection, from dL/dz of its target. The source knows its errors."""
    node = connection.target
    if isinstance(source, Recorded) and node.name in source.by_batch:
        return _in_batch(source, node)
    wanted = [InputGradient(OPS.zeros((1, c.size)), False) if k == connection.slot else None for k, c in enumerate(connection.inputs)]
    bound = _bound(source, node, _row(source, "delta", node), tuple(wanted))
    engine, to = face(node.kind, "engine"), wanted[connection.slot]
    assert to is not None
    _run(engine.forward(bound) + engine.backward(bound))
    return to.d[0]


def gradient(source: Explained, p: int) -> float | None:
    """dL/dw of one parameter for the shown sample, by its whole layer; None of one that is not learned. The source knows its errors."""
    ref = source.topology.parameter(p)
    made = {part: OPS.zeros(r.shape) for part, r in ref.node.learned}
    if ref.part not in made:
        return None
    inputs = (None,) * len(ref.node.inputs)
    bound = replace(_bound(source, ref.node, _row(source, "delta", ref.node), inputs), gradients=made)
    engine = face(ref.node.kind, "engine")
    _run(engine.forward(bound) + engine.backward(bound))
    return float(made[ref.part][ref.index])


def _in_batch(source: Recorded, node: Node) -> np.ndarray:
    """(I,) the same in a recorded step, of a kind whose rows depend on one another: by what the batch has in common."""
    parts = {part: np.array(r.view(source.tensors("parameter")), np.float64) for part, r in node.parameters}
    (before,) = source.topology.sources(node)
    x, d = _row(source, "activation", before)[0], _row(source, "delta", node)[0]
    return face(node.kind, "engine").returned(node, parts, x, d, source.by_batch[node.name])


def _bound(source: Explained, node: Node, d: Any = None, dx: tuple[InputGradient | None, ...] = ()) -> Bound:
    sources = source.topology.sources(node)
    x = tuple(_row(source, "activation", each) for each in sources)
    parts = {part: np.array(at(source, "parameter", r.slice), np.float64).reshape(r.shape) for part, r in node.parameters}
    z = OPS.zeros((1, node.size))
    return Bound(OPS, node, sources, x, z, z, "linear", parts, d, dx)


def _row(source: Explained, kind: str, node: Node) -> np.ndarray:
    return np.array(at(source, kind, node.neurons.slice), np.float64).reshape(1, -1)


def _run(calls) -> None:
    with np.errstate(all="ignore"):
        for call in calls:
            call()
