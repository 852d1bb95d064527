"""What the Neuron panel says: numbers of one neuron, read from the arenas and from nowhere else."""

from __future__ import annotations

import numpy as np

from nnviz3d.backend.numpy_activations import slope
from nnviz3d.spec.readout import NeuronReading, Sum, Term
from nnviz3d.spec.topology import Node

TERMS = 6


def weighted_sum(weights: np.ndarray, values: np.ndarray, first_neuron: int, terms: int = TERMS) -> Sum:
    """sum_i weights[i] * values[i], with the `terms` largest products by magnitude told apart. Summed in float64."""
    product = weights.astype(np.float64) * values.astype(np.float64)
    order = np.argsort(-np.abs(product), kind="stable")[:terms]
    picked = tuple(Term(first_neuron + int(i), int(i), float(weights[i]), float(values[i])) for i in order)
    total = float(product.sum())
    return Sum(picked, len(product) - len(picked), total - float(product[order].sum()), total)


def read(source, neuron: int, terms: int = TERMS) -> NeuronReading:
    """The reading of one neuron for the shown sample. Raises IndexError for an id outside the network."""
    topology = source.topology
    node, index = topology.locate(neuron)

    def at(kind: str, place) -> np.ndarray:
        return source.ops.to_host(source.tensors(kind)[place])

    layer = topology.nodes.index(node)
    label = node.labels[index] if index < len(node.labels) else ""
    a = float(at("activation", neuron))
    common = {
        "neuron": neuron,
        "layer": layer,
        "layer_name": node.name,
        "index": index,
        "activation": node.activation,
        "a": a,
        "label": label,
    }
    held = getattr(source, "holds", None)
    if held:
        common |= {"frozen": neuron in held.frozen, "killed": neuron in held.killed}
    outgoing = _outgoing(topology, node, index, at)
    if node.weight is None:
        return NeuronReading(**common, outgoing=outgoing)
    before = topology.by_name[node.inputs[0]]
    fan_in = node.weight.shape[1]
    first = node.weight.start + index * fan_in
    row = at("parameter", slice(first, first + fan_in))
    z = float(at("z", neuron))
    return NeuronReading(
        **common,
        z=z,
        bias=float(at("parameter", node.bias.start + index)),
        incoming=weighted_sum(row, at("activation", before.neurons.slice), before.neurons.start, terms),
        outgoing=outgoing,
        delta=float(at("delta", neuron)),
        slope=slope(node.activation, z),
        target=source.target_of(index) if node is topology.output else None,
        bias_gradient=float(at("gradient", node.bias.start + index)),
    )


def _outgoing(topology, node: Node, index: int, at) -> Sum | None:
    """sum_k w_kj delta_k over what the neuron feeds; None for an output."""
    for connection in topology.connections:
        if connection.source is node:
            outputs, inputs = connection.weight.shape
            column = at("parameter", slice(connection.weight.start + index, connection.weight.start + outputs * inputs, inputs))
            target = connection.target
            return weighted_sum(column, at("delta", target.neurons.slice), target.neurons.start)
    return None
