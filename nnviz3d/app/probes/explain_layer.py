"""The readings of a whole layer, whatever its kind: its numbers, those of what it is made from, and the error that comes back to it."""

from __future__ import annotations

from math import ceil, sqrt
from typing import Any

import numpy as np

from nnviz3d.app.probes import layer_pass
from nnviz3d.app.probes.explain import factor
from nnviz3d.app.probes.explained import Explained, Recorded, at, known
from nnviz3d.backend.numpy_activations import slopes
from nnviz3d.layers.edge_lookup import edges_of
from nnviz3d.layers.shared.window_table import WindowTable
from nnviz3d.spec import node_names
from nnviz3d.spec.readout import LayerEnd, LayerReading, MatrixReading
from nnviz3d.spec.topology import Connection, Node, Range

LARGEST = 4_000_000  # weights of one layer that are reported one by one: copies of 16 MB
KERNELS = 1_000_000  # weights of a convolution whose kernels are shown
BACK = 4_000_000  # edges to the next layers above which what comes back along them is left out: 4 ms


def layer(source: Explained, k: int) -> LayerReading:
    """The reading of node number k, 1 <= k < number of nodes; a `MatrixReading` where it has weights. Copies its numbers. Raises
    IndexError elsewhere."""
    topology = source.topology
    if not 1 <= k < len(topology.nodes):
        raise IndexError(f"layer {k} is not in [1, {len(topology.nodes) - 1}]")
    node = topology.nodes[k]
    common = _common(source, node)
    matrix = node.weight is not None and len(node.weight.shape) == 2 and edges_of(topology.into(node)[0]).value == "parameter"
    if node.weight is None or node.bias is None or not matrix:
        return LayerReading(**common, **_kernels(source, node))
    return MatrixReading(**common, **_matrices(source, node, node.weight, node.bias))


def _kernels(source: Explained, node: Node) -> dict[str, Any]:
    """The windows of weights of a convolution; nothing of other kinds, and of more than can be listed."""
    weight = node.weight
    if weight is None or not isinstance(node.table, WindowTable) or weight.size > KERNELS:
        return {}
    out, inputs, *window = weight.shape
    kernels = at(source, "parameter", weight.slice).reshape(out, inputs, *((1,) * (2 - len(window))), *window)
    return {"kernels": np.array(kernels), "first_kernel": weight.start}


def _common(source: Explained, node: Node) -> dict[str, Any]:
    """The readings of every kind."""
    topology, output, here = source.topology, node is source.topology.output, node.neurons
    z, a = _copied(source, "z", here.slice), _activations(source, here.slice)
    z = layer_pass.sums(source, node).astype(a.dtype) if z is None else z
    slope_o = slopes(node.activation, z, a)
    dead = [n - here.start for n in source.holds.killed if here.start <= n < here.stop]
    if slope_o is not None and dead:  # they pass on 0 and no error
        slope_o[dead] = 0
    sources = topology.sources(node)
    values = [_activations(source, end.neurons.slice) for end in sources]
    return {
        "layer": node.number,
        "kind": node.kind,
        "name": node_names.layer_name(topology, node.number),
        "activation": node.activation,
        "loss": source.objective.loss if output else "",
        "first_neuron": here.start,
        "axes": node.shape,
        "sources": tuple(_end(source, c, c.source) for c in topology.into(node)),
        "targets": tuple(_end(source, c, c.target) for c in topology.out_of(node)),
        "x": values[0] if len(values) == 1 else np.concatenate(values or [np.zeros(0, np.float32)]),
        "z": z,
        "a": a,
        "delta": _copied(source, "delta", here.slice),
        "back": _returned(source, node),
        "slope": slope_o,
        "target": source.targets() if output else None,
        "class_weight": factor(source) if output else None,
        "table": node.table,
    }


def _end(source: Explained, connection: Connection, node: Node) -> LayerEnd:
    name = node_names.layer_name(source.topology, node.number)
    return LayerEnd(node.number, name, connection.target.kind, connection.slot, node.neurons.start, node.size, node.shape, node.rank)


def _copied(source: Explained, kind: str, where: slice) -> np.ndarray | None:
    """Of a source whose arenas go on changing; a tape stands still. None where the source does not know it."""
    found = known(source, kind, where)
    return None if found is None else (np.asarray if isinstance(source, Recorded) else np.array)(found)


def _activations(source: Explained, where: slice) -> np.ndarray:
    """The same of activations, which are always known."""
    return (np.asarray if isinstance(source, Recorded) else np.array)(at(source, "activation", where))


def _returned(source: Explained, node: Node) -> np.ndarray | None:
    """(O,) dL/da: what comes back along all connections that lead away, added. None at the output, where that is too much work, and where
    no error is known."""
    leading = [c for c in source.topology.out_of(node) if edges_of(c).passes_back]
    if not leading or sum(c.size for c in leading) > BACK or source.tensors("delta") is None:
        return None
    return sum((_along(source, c) for c in leading[1:]), start=_along(source, leading[0]))


def _along(source: Explained, c: Connection) -> np.ndarray:
    """(I,) what comes back along one connection: a product with the matrix where it has one, else as the engine of its kind says it."""
    if not edges_of(c).complete or c.weight is None:
        return layer_pass.returned(source, c)
    delta_o = at(source, "delta", c.target.neurons.slice)
    return np.asarray(at(source, "parameter", c.weight.slice)).reshape(c.weight.shape).T @ delta_o


def _matrices(source: Explained, node: Node, weight: Range, bias: Range) -> dict[str, Any]:
    """What only a layer with weights has. Of a large matrix every so many rows and columns. Zeros where a source knows no gradient or last
    step: then there was none (`samples`)."""
    rows, columns = weight.shape
    fewer = ceil(sqrt(max(weight.size / LARGEST, 1.0)))
    stride = (fewer if rows > columns // 8 else 1), (fewer if columns > rows // 8 else 1)

    def matrix(kind: str) -> np.ndarray:
        found = known(source, kind, weight.slice)
        whole = np.zeros((rows, columns), np.float32) if found is None else np.asarray(found).reshape(rows, columns)
        part = whole[:: stride[0], :: stride[1]]
        return part if isinstance(source, Recorded) else np.array(part)

    bias_gradient = _copied(source, "gradient", bias.slice)

    return {
        "rows": node.size // rows,
        "first": weight.start,
        "first_source": source.topology.sources(node)[0].neurons.start,
        "shape": (rows, columns),
        "stride": stride,
        "weight": matrix("parameter"),
        "bias": _copied(source, "parameter", bias.slice),
        "gradient": matrix("gradient"),
        "bias_gradient": np.zeros(rows, np.float32) if bias_gradient is None else bias_gradient,
        "change": _change(source, weight, matrix("after") - matrix("before"), stride),
        "samples": source.last_batch,
    }


def _change(source: Explained, weight: Range, change: np.ndarray, stride: tuple[int, int]) -> np.ndarray | None:
    """Of the last step, also where a hand has written since; None where that is not known."""
    if source.edited is None:
        return None
    for p, (old, new) in source.edited.items():
        j, i = divmod(p - weight.start, weight.shape[1])
        if weight.start <= p < weight.stop and not (j % stride[0] or i % stride[1]):
            change[j // stride[0], i // stride[1]] = new - old
    return change
