"""What layers and neurons are called on screen."""

from __future__ import annotations

from nnviz3d.layers.shared.notation import called
from nnviz3d.spec import node_names
from nnviz3d.spec.readout import NeuronReading, ParameterReading
from nnviz3d.spec.topology import Node, Topology
from nnviz3d.ui.core.context import Frame


def layer_name(f: Frame, layer: int) -> str:
    """ "Input", "Hidden layer 2", "Output", or its own name. `layer`: the number of its node."""
    return node_names.layer_name(f.readout.topology, layer)


def topology_of(f: Frame, reading: NeuronReading) -> Topology:
    """Of the network that the neuron is of: while two are compared, one of them."""
    compared = f.readout.compare
    if compared is None or not reading.network:
        return f.readout.topology
    return next(each.topology for each in compared.networks if each.name == reading.network)


def neuron_name(f: Frame, reading: NeuronReading) -> str:
    """ "Hidden layer 2, neuron 5", "conv1, map 3, row 4, column 7"; counted from 0, as in the arrays."""
    topology = topology_of(f, reading)
    network = f"{reading.network}: " if f.readout.compare is not None and reading.network else ""
    return f"{network}{node_names.layer_name(topology, reading.layer)}, {node_names.cell(topology, reading.layer, reading.index)}"


def cell(f: Frame, layer: int, index: int) -> str:
    """ "neuron 5", "map 3, row 4, column 7"."""
    return node_names.cell(f.readout.topology, layer, index)


def place(f: Frame, layer: int, index: int) -> str:
    """ "input 27", "petal length (input 2)", "hidden 3" (where there is but one hidden layer), "hidden 2 neuron 3", "output 7", "conv1 map
    3, row 4, column 7"."""
    topology = f.readout.topology
    number, node = node_names.neuron_place(topology, layer, index), topology.nodes[layer]
    name = called(node.labels, index) if len(node.labels) == node.size else node_names.label(node, index)
    return f"{name} ({number})" if name else number


def parameter_name(f: Frame, reading: ParameterReading) -> str:
    """ "Weight from input 27 to hidden 3", "Bias of output 7", "Weight of conv1: kernel 3, input channel 1, row 2, column 0"."""
    if reading.places != 1 or reading.part not in ("weight", "bias") or len(reading.place) > 2:
        text = node_names.parameter_place(f.readout.topology, reading.parameter)
        return text[0].upper() + text[1:]
    there = place(f, reading.layer, reading.index)
    return f"Bias of {there}" if reading.source is None else f"Weight from {place(f, reading.source_layer, reading.source)} to {there}"


def used(f: Frame, reading: ParameterReading) -> str:
    """ "used at 24 × 24 places"; "" of a parameter with one place."""
    where = node_names.places(f.readout.topology.nodes[reading.layer]) if reading.places > 1 else ""
    return f"used at {where}" if where else ""


def token_words(node: Node, index: int, words: tuple[str, ...]) -> str:
    """What a neuron is about in the words of the shown sample's tokens: "How much B (token 4) looks at A (token 2)", "Of the token B (token
    4)"; "" where it is of no token, or of one without a word."""
    if "token" not in node.axes and node.axes != ("head", "query", "key"):
        return ""
    placed = dict(zip(node.axes, node_names.placed(index, node.shape), strict=True))
    ends = [placed[axis] for axis in ("token", "query", "key") if axis in placed]
    if max(ends) >= len(words):
        return ""
    named = [f"{words[k]} (token {k + 1})" for k in ends]
    return f"How much {named[0]} looks at {named[1]}" if len(named) == 2 else f"Of the token {named[0]}"
