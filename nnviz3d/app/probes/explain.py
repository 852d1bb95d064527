"""What the Neuron panel says: numbers of one neuron, one parameter or one layer, read from the arenas and from nowhere else.

`source` is our own training or `Recorded`, a moment of a recorded step. Sums are made in float64 from the arenas' float32.
"""

from __future__ import annotations

from dataclasses import replace
from math import ceil, isfinite, sqrt

import numpy as np

from nnviz3d.backend.numpy_activations import slope, slopes
from nnviz3d.engine.tape import Tape
from nnviz3d.layers.edge_lookup import edges_of
from nnviz3d.spec import node_names
from nnviz3d.spec.readout import LayerEnd, LayerReading, MatrixReading, NeuronReading, ParameterEquations, Sum, Term
from nnviz3d.spec.topology import Node, Topology

TERMS = 6
LARGEST = 4_000_000  # weights of one layer that are told one by one: copies of 16 MB
SUMMED = 200_000  # weights of the first layer that the strengths of inputs are made of: 0.1 ms
BACK = 4_000_000  # weights of the next layer above which W'^T delta' is left out: 4 ms


class Recorded:
    """A tape as a source: the shown sample before its step, or `after` it. All on the host."""

    def __init__(self, tape: Tape, after: bool = False):
        sample = tape.new if after else tape.old
        self.tape, self.after, self.topology, self.objective, self.ops = tape, after, tape.topology, tape.objective, self
        self._arrays = {
            "activation": sample.a, "z": sample.z, "delta": sample.delta, "gradient": tape.gradient,
            "parameter": tape.after if after else tape.before, "before": tape.before, "after": tape.after,
        }  # fmt: skip
        self.last_batch, self.holds, self.edited = len(tape.rows), tape.holds, {}

    def tensors(self, kind: str) -> np.ndarray:
        return self._arrays[kind]

    def target_of(self, output: int) -> float:
        return float(self.tape.target_o[output])

    @staticmethod
    def to_host(array):
        return array


def _at(source, kind: str, place) -> np.ndarray:
    """A part of an arena on the host. "before", "after": parameters around the last step."""
    if kind in ("before", "after") and hasattr(source, "trainer"):
        arenas = source.trainer.arenas
        return source.ops.to_host((arenas.before if kind == "before" else arenas.parameters)[place])
    return source.ops.to_host(source.tensors(kind)[place])


def last_step(source, p: int) -> tuple[float, float] | None:
    """(before, after) what the last step made of a parameter, whatever a hand has written since; None where there was no step, or all
    parameters were replaced since."""
    if not source.last_batch or source.edited is None:
        return None
    return source.edited.get(p) or (float(_at(source, "before", p)), float(_at(source, "after", p)))


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


def read(source, neuron: int, terms: int = TERMS) -> NeuronReading:
    """The reading of one neuron for the shown sample. Raises IndexError for an id outside the network."""
    topology = source.topology
    node, index = topology.locate(neuron)
    common = {
        "neuron": neuron,
        "layer": node.number,
        "layer_name": node.name,
        "kind": node.kind,
        "index": index,
        "activation": node.activation,
        "a": float(_at(source, "activation", neuron)),
        "label": node.labels[index] if index < len(node.labels) else "",
    }
    held = getattr(source, "holds", None)
    if held:
        common |= {"frozen": neuron in held.frozen, "killed": neuron in held.killed}
    outgoing = _outgoing(source, node, index)
    if node.weight is None:
        return NeuronReading(**common, outgoing=outgoing, **_as_input(source, node))
    before = topology.by_name[node.inputs[0]]
    fan_in = node.weight.shape[1]
    first = node.weight.start + index * fan_in
    row, values = np.array(_at(source, "parameter", slice(first, first + fan_in))), _at(source, "activation", before.neurons.slice).copy()
    z = _at(source, "z", neuron)
    return NeuronReading(
        **common,
        z=float(z),
        bias=float(_at(source, "parameter", node.bias.start + index)),
        incoming=replace(weighted_sum(row, values, before.neurons.start, terms, first), **_end(topology, before, node.kind, 0)),
        outgoing=outgoing,
        delta=float(_at(source, "delta", neuron)),
        slope=slope(node.activation, float(z), common["a"], np.asarray(z).dtype),
        bias_gradient=float(_at(source, "gradient", node.bias.start + index)),
        first=first,
        first_source=before.neurons.start,
        bias_parameter=node.bias.start + index,
        weights=row,
        values=values,
        **(_as_output(source, index) if node is topology.output else {}),
    )


def _as_input(source, node: Node) -> dict:
    """What a list of all inputs needs: their activations, and how strong their weights are."""
    following = next((c for c in source.topology.connections if c.source is node), None)
    if following is None:
        return {}
    strength_i = edges_of(following).strengths(following, source.tensors("parameter"), SUMMED)
    values_i = np.array(_at(source, "activation", node.neurons.slice))
    return {"values": values_i, "strengths": np.asarray(source.ops.to_host(strength_i))}


def _as_output(source, index: int) -> dict:
    """What only an output has: its target, the loss, and how the error arises from them."""
    node = source.topology.output
    a_o, z_o = (np.asarray(_at(source, kind, node.neurons.slice), np.float64) for kind in ("activation", "z"))
    slope_o = source.objective.slope(a_o, _targets(source))
    facts = {"target": source.target_of(index), "loss": source.objective.loss, "outputs": node.size, "class_weight": _factor(source)}
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


def _targets(source) -> np.ndarray:
    """(O,) what the shown sample's outputs are compared with."""
    if isinstance(source, Recorded):
        return source.tape.target_o
    target, objective = source.sample.target, source.objective
    return objective.rows(np.asarray([target]) if objective.classes else np.reshape(target, (1, -1)), np.float64)[0]


def _factor(source) -> float | None:
    """What class weights multiply the shown sample's loss by; None without them."""
    if not source.objective.weights:
        return None
    return source.tape.factor if isinstance(source, Recorded) else source.objective.weight(source.sample.target)


def _outgoing(source, node: Node, index: int) -> Sum | None:
    """sum_k w_kj delta_k over what the neuron feeds; None for an output."""
    for connection in source.topology.connections:
        if connection.source is node:
            outputs, inputs = connection.weight.shape
            first = connection.weight.start + index
            column = _at(source, "parameter", slice(first, connection.weight.start + outputs * inputs, inputs))
            target = connection.target.neurons
            total = weighted_sum(column, _at(source, "delta", target.slice), target.start, TERMS, first, inputs)
            return replace(total, **_end(source.topology, connection.target, connection.target.kind, 0))
    return None


def _end(topology: Topology, other: Node, kind: str, slot: int) -> dict:
    """What a sum along one connection is told of it: the node at its other end."""
    name = node_names.layer_name(topology, other.number)
    return {"node": other.number, "kind": kind, "slot": slot, "size": other.size, "name": name, "labels": other.labels}


def parameter(source, p: int) -> ParameterEquations:
    """The reading of one weight or bias. Raises IndexError outside [0, P)."""
    topology = source.topology
    node, j, i = topology.parameter(p)
    neuron, feeding = node.neurons.start + j, topology.by_name[node.inputs[0]]
    before = feeding.neurons.start
    delta = np.float32(_at(source, "delta", neuron))
    a = None if i is None else np.float32(_at(source, "activation", before + i))
    moved = last_step(source, p)
    value = float(_at(source, "parameter", p))
    return ParameterEquations(
        parameter=p,
        neuron=neuron,
        layer=node.number,
        kind=node.kind,
        source_layer=feeding.number,
        index=j,
        fan_in=node.weight.shape[1],
        value=value,
        z=float(_at(source, "z", neuron)),
        delta=float(delta),
        source=None if i is None else before + i,
        source_index=i,
        a=None if a is None else float(a),
        sample=float(delta if a is None else delta * a),
        batch=float(_at(source, "gradient", p)),
        samples=source.last_batch,
        before=moved and moved[0],
        change=moved and moved[1] - moved[0],
        edited=source.edited is None or p in source.edited,
    )


def layer(source, k: int) -> LayerReading:
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
        return take(np.asarray(_at(source, kind, node.weight.slice)).reshape(rows, columns)[:: stride[0], :: stride[1]])

    def vector(kind: str, place) -> np.ndarray:
        return take(_at(source, kind, place.slice))

    z, delta = vector("z", node.neurons), vector("delta", node.neurons)
    following = next((c for c in topology.connections if c.source is node), None)
    back = None
    if following is not None and following.size <= BACK:
        w_ko = np.asarray(_at(source, "parameter", following.weight.slice)).reshape(following.weight.shape)
        back = w_ko.T @ _at(source, "delta", following.target.neurons.slice)
    output = node is topology.output
    slope_o = slopes(node.activation, z, vector("activation", node.neurons))
    dead = [n - node.neurons.start for n in source.holds.killed if node.neurons.start <= n < node.neurons.stop]
    if slope_o is not None and dead:  # they pass on 0 and no error
        slope_o[dead] = 0
    return MatrixReading(
        layer=k,
        kind=node.kind,
        name=node_names.layer_name(topology, k),
        activation=node.activation,
        loss=source.objective.loss if output else "",
        first_neuron=node.neurons.start,
        axes=node.shape,
        sources=(_layer_end(topology, before, node.kind, 0),),
        targets=() if following is None else (_layer_end(topology, following.target, following.target.kind, 0),),
        x=vector("activation", before.neurons),
        z=z,
        a=vector("activation", node.neurons),
        delta=delta,
        back=back,
        slope=slope_o,
        target=_targets(source) if output else None,
        class_weight=_factor(source) if output else None,
        first=node.weight.start,
        first_source=before.neurons.start,
        shape=(rows, columns),
        stride=stride,
        weight=matrix("parameter"),
        bias=vector("parameter", node.bias),
        gradient=matrix("gradient"),
        bias_gradient=vector("gradient", node.bias),
        change=_change(source, node, matrix("after") - matrix("before"), stride),
        samples=source.last_batch,
    )


def _layer_end(topology: Topology, node: Node, kind: str, slot: int) -> LayerEnd:
    name = node_names.layer_name(topology, node.number)
    return LayerEnd(node.number, name, kind, slot, node.neurons.start, node.size, node.shape)


def _change(source, node: Node, change: np.ndarray, stride: tuple[int, int]) -> np.ndarray | None:
    """Of the last step, also where a hand has written since; None where that is not known."""
    if source.edited is None:
        return None
    for p, (old, new) in source.edited.items():
        j, i = divmod(p - node.weight.start, node.weight.shape[1])
        if node.weight.start <= p < node.weight.stop and not (j % stride[0] or i % stride[1]):
            change[j // stride[0], i // stride[1]] = new - old
    return change
