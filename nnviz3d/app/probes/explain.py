"""What the Neuron panel says: numbers of one neuron, one parameter or one layer, read from the arenas and from nowhere else.

`source` is whatever can be looked at, or `Recorded`, a moment of a recorded step. Sums are made in float64 from the arenas' float32. What
a source does not know (gradients of an opened network, its target) is absent from the reading; a z that it does not know is summed here.
"""

from __future__ import annotations

from math import ceil, isfinite, sqrt
from typing import Any

import numpy as np

from nnviz3d.app.probes.explained import Explained, Recorded, at, known, number
from nnviz3d.backend.numpy_activations import slope, slopes
from nnviz3d.bridge.edge_metrics import strengths
from nnviz3d.spec.readout import LayerReading, NeuronReading, ParameterEquations, Sum, Term
from nnviz3d.spec.topology import Node, Range, Topology

TERMS = 6
LARGEST = 4_000_000  # weights of one layer that are told one by one: copies of 16 MB
SUMMED = 200_000  # weights of the first layer that the strengths of inputs are made of: 0.1 ms
BACK = 4_000_000  # weights of the next layer above which W'^T delta' is left out: 4 ms


def last_step(source: Explained, p: int) -> tuple[float, float] | None:
    """(before, after) what the last step made of a parameter, whatever a hand has written since; None where there was no step, or all
    parameters were replaced since."""
    if not source.last_batch or source.edited is None:
        return None
    if p in source.edited:
        return source.edited[p]
    before, after = number(source, "before", p), number(source, "after", p)
    return None if before is None or after is None else (before, after)


def weighted_sum(weights, values, first_neuron: int, terms: int = TERMS, first: int = -1, stride: int = 1) -> Sum:
    """sum_i weights[i] * values[i], with the `terms` largest products by magnitude told apart. Summed in float64.

    `first`, `stride`: where the weights lie among the parameters; -1: not said.
    """
    product = weights.astype(np.float64) * values.astype(np.float64)
    order = np.argsort(-np.abs(product), kind="stable")[:terms]
    picked = tuple(
        Term(first_neuron + i, i, float(weights[i]), float(values[i]), first + stride * i if first >= 0 else -1) for i in order.tolist()
    )
    total = float(product.sum())
    return Sum(picked, len(product) - len(picked), float(np.delete(product, order).sum()), total)


def read(source: Explained, neuron: int, terms: int = TERMS) -> NeuronReading:
    """The reading of one neuron for the shown sample. Raises IndexError for an id outside the network."""
    topology = source.topology
    node, index = topology.locate(neuron)
    common: dict[str, Any] = {
        "neuron": neuron,
        "layer": topology.nodes.index(node),
        "layer_name": node.name,
        "index": index,
        "activation": node.activation,
        "a": float(at(source, "activation", slice(neuron, neuron + 1))[0]),
        "label": node.labels[index] if index < len(node.labels) else "",
        "frozen": neuron in source.holds.frozen,
        "killed": neuron in source.holds.killed,
    }
    outgoing = _outgoing(source, node, index)
    common["target_labels"] = next((c.target.labels for c in topology.connections if c.source is node), ())
    if node.weight is None:
        return NeuronReading(**common, outgoing=outgoing, **_as_input(source, node))
    before = topology.by_name[node.inputs[0]]
    fan_in = node.weight.shape[1]
    first = node.weight.start + index * fan_in
    row, values = np.array(at(source, "parameter", slice(first, first + fan_in))), at(source, "activation", before.neurons.slice).copy()
    incoming, bias = weighted_sum(row, values, before.neurons.start, terms, first), number(source, "parameter", node.bias.start + index)
    z = _z(source, node, index)
    return NeuronReading(
        **common,
        z=z,
        bias=bias,
        incoming=incoming,
        outgoing=outgoing,
        delta=number(source, "delta", neuron),
        slope=slope(node.activation, z, common["a"], row.dtype),
        bias_gradient=number(source, "gradient", node.bias.start + index),
        first=first,
        first_source=before.neurons.start,
        bias_parameter=node.bias.start + index,
        weights=row,
        values=values,
        source_labels=before.labels,
        **(_as_output(source, index) if node is topology.output else {}),
    )


def _as_input(source: Explained, node: Node) -> dict[str, Any]:
    """What a list of all inputs needs: their activations, and how strong their weights are."""
    following = next((c for c in source.topology.connections if c.source is node), None)
    if following is None:
        return {}
    weight_oi = np.asarray(at(source, "parameter", following.weight.slice)).reshape(following.weight.shape)
    return {"values": np.array(at(source, "activation", node.neurons.slice)), "strengths": strengths(weight_oi, SUMMED)}


def _as_output(source: Explained, index: int) -> dict[str, Any]:
    """What only an output has: its target, the loss, and how the error arises from them; nothing where no target is known."""
    node, targets_o = source.topology.output, source.targets()
    z_o = known(source, "z", node.neurons.slice)
    if targets_o is None or z_o is None:
        return {"outputs": node.size}
    a_o, z_o = np.asarray(at(source, "activation", node.neurons.slice), np.float64), np.asarray(z_o, np.float64)
    slope_o = source.objective.slope(a_o, targets_o)
    facts: dict[str, Any] = {
        "target": float(targets_o[index]),
        "loss": source.objective.loss,
        "outputs": node.size,
        "class_weight": _factor(source),
    }
    if source.objective.units:
        facts["unit"] = source.objective.units[index]
    if slope_o is not None:
        slope_o = slope_o * (facts["class_weight"] or 1.0)
        facts["loss_slope"] = float(slope_o[index])
    if node.activation == "softmax":
        total = float(np.exp(z_o).sum()) if np.abs(z_o).max() < 80 else 0.0
        facts["softmax_sum"] = total if total > 0 and isfinite(total) else None
        facts["slope_mean"] = None if slope_o is None else float(slope_o @ a_o)
    return facts


def _factor(source: Explained) -> float | None:
    """What class weights multiply the shown sample's loss by; None without them."""
    return source.objective.weight(source.sample.target) if source.objective.weights else None


def _outgoing(source: Explained, node: Node, index: int) -> Sum | None:
    """sum_k w_kj delta_k over what the neuron feeds; None for an output, and where no error is known."""
    for connection in source.topology.connections:
        if connection.source is node:
            outputs, inputs = connection.weight.shape
            first = connection.weight.start + index
            column = at(source, "parameter", slice(first, connection.weight.start + outputs * inputs, inputs))
            target = connection.target.neurons
            delta_k = known(source, "delta", target.slice)
            return None if delta_k is None else weighted_sum(column, delta_k, target.start, TERMS, first, inputs)
    return None


def parameter(source: Explained, p: int) -> ParameterEquations:
    """The reading of one weight or bias. Raises IndexError outside [0, P)."""
    topology = source.topology
    node, j, i = topology.parameter(p)
    neuron, before = node.neurons.start + j, topology.by_name[node.inputs[0]].neurons.start
    delta, a = known(source, "delta", slice(neuron, neuron + 1)), None
    sample = None if delta is None else np.float32(delta[0])
    if i is not None:
        a = np.float32(at(source, "activation", slice(before + i, before + i + 1))[0])
        sample = None if sample is None else sample * a
    moved = last_step(source, p)
    value = float(at(source, "parameter", slice(p, p + 1))[0])
    return ParameterEquations(
        parameter=p,
        neuron=neuron,
        layer=topology.nodes.index(node),
        index=j,
        fan_in=node.weight.shape[1],
        value=value,
        z=_z(source, node, j),
        delta=None if delta is None else float(delta[0]),
        source=None if i is None else before + i,
        source_index=i,
        a=None if a is None else float(a),
        sample=None if sample is None else float(sample),
        batch=number(source, "gradient", p),
        samples=source.last_batch,
        before=moved and moved[0],
        change=moved and moved[1] - moved[0],
        edited=source.edited is None or p in source.edited,
    )


def _z(source: Explained, node: Node, j: int) -> float:
    """Of neuron j of a node; summed where it is not known."""
    given = number(source, "z", node.neurons.start + j)
    if given is not None:
        return given
    row = slice(node.weight.start + j * node.weight.shape[1], node.weight.start + (j + 1) * node.weight.shape[1])
    a_i = at(source, "activation", source.topology.by_name[node.inputs[0]].neurons.slice).astype(np.float64)
    bias = at(source, "parameter", slice(node.bias.start + j, node.bias.start + j + 1))[0]
    return float(at(source, "parameter", row) @ a_i + bias)


def layer(source: Explained, k: int) -> LayerReading:
    """The reading of a whole layer with parameters, 1 <= k < number of nodes. Copies its numbers. Raises IndexError elsewhere."""
    topology: Topology = source.topology
    if not 1 <= k < len(topology.nodes):
        raise IndexError(f"layer {k} is not in [1, {len(topology.nodes) - 1}]")
    node = topology.nodes[k]
    before = topology.by_name[node.inputs[0]]
    take = np.asarray if isinstance(source, Recorded) else np.array
    rows, columns = node.weight.shape
    fewer = ceil(sqrt(max(node.weight.size / LARGEST, 1.0)))
    stride = (fewer if rows > columns // 8 else 1), (fewer if columns > rows // 8 else 1)

    def matrix(kind: str) -> np.ndarray:
        """Zeros where it is not known: then there was no step (`samples`)."""
        found = known(source, kind, node.weight.slice)
        whole = np.zeros((rows, columns), np.float32) if found is None else np.asarray(found).reshape(rows, columns)
        return take(whole[:: stride[0], :: stride[1]])

    def vector(kind: str, place: Range) -> np.ndarray | None:
        found = known(source, kind, place.slice)
        return None if found is None else take(found)

    x, delta = vector("activation", before.neurons), vector("delta", node.neurons)
    z = vector("z", node.neurons)
    if z is None:
        z = node.weight.view(at(source, "parameter", slice(None))) @ x + vector("parameter", node.bias)
    following = next((c for c in topology.connections if c.source is node), None)
    back = None
    delta_k = None if following is None else known(source, "delta", following.target.neurons.slice)
    if following is not None and delta_k is not None and following.size <= BACK:
        w_ko = np.asarray(at(source, "parameter", following.weight.slice)).reshape(following.weight.shape)
        back = w_ko.T @ delta_k
    output = node is topology.output
    slope_o = slopes(node.activation, z, vector("activation", node.neurons))
    dead = [n - node.neurons.start for n in source.holds.killed if node.neurons.start <= n < node.neurons.stop]
    if slope_o is not None and dead:  # they pass on 0 and no error
        slope_o[dead] = 0
    return LayerReading(
        layer=k,
        activation=node.activation,
        loss=source.objective.loss if output else "",
        first=node.weight.start,
        first_neuron=node.neurons.start,
        first_source=before.neurons.start,
        next_size=following.target.size if following else 0,
        shape=(rows, columns),
        stride=stride,
        weight=matrix("parameter"),
        bias=vector("parameter", node.bias),
        x=x,
        z=z,
        a=vector("activation", node.neurons),
        delta=delta,
        back=back,
        slope=slope_o,
        target=source.targets() if output else None,
        class_weight=_factor(source) if output else None,
        gradient=matrix("gradient"),
        bias_gradient=np.zeros(rows, np.float32) if (bias := vector("gradient", node.bias)) is None else bias,
        change=_change(source, node, matrix("after") - matrix("before"), stride),
        samples=source.last_batch,
    )


def _change(source: Explained, node: Node, change: np.ndarray, stride: tuple[int, int]) -> np.ndarray | None:
    """Of the last step, also where a hand has written since; None where that is not known."""
    if source.edited is None:
        return None
    for p, (old, new) in source.edited.items():
        j, i = divmod(p - node.weight.start, node.weight.shape[1])
        if node.weight.start <= p < node.weight.stop and not (j % stride[0] or i % stride[1]):
            change[j // stride[0], i // stride[1]] = new - old
    return change
