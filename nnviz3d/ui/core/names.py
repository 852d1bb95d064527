"""What layers and neurons are called on screen."""

from __future__ import annotations

from nnviz3d.layers.shared.notation import called
from nnviz3d.spec import node_names
from nnviz3d.spec.readout import NeuronReading, ParameterReading
from nnviz3d.ui.core.context import Frame


def layer_name(f: Frame, layer: int) -> str:
    """ "Input", "Hidden layer 2", "Output", or its own name. `layer`: the number of its node."""
    return node_names.layer_name(f.readout.topology, layer)


def neuron_name(f: Frame, reading: NeuronReading) -> str:
    """ "Hidden layer 2, neuron 5"; neurons are counted from 0, as in the arrays."""
    compared = f.readout.compare
    if compared is None or not reading.network:
        return f"{layer_name(f, reading.layer)}, neuron {reading.index}"
    topology = next(network.topology for network in compared.networks if network.name == reading.network)
    return f"{reading.network}: {node_names.layer_name(topology, reading.layer)}, neuron {reading.index}"


def place(f: Frame, layer: int, index: int) -> str:
    """ "input 27", "petal length (input 2)", "hidden 3" (where there is but one hidden layer), "hidden 2 neuron 3", "output 7"."""
    topology = f.readout.topology
    number, node = node_names.neuron_place(topology, layer, index), topology.nodes[layer]
    name = called(node.labels, index)
    return f"{name} ({number})" if name else number


def parameter_name(f: Frame, reading: ParameterReading) -> str:
    """ "Weight from input 27 to hidden 3", "Bias of output 7"."""
    there = place(f, reading.layer, reading.index)
    return f"Bias of {there}" if reading.source is None else f"Weight from {place(f, reading.source_layer, reading.source)} to {there}"
