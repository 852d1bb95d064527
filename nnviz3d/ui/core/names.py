"""What layers and neurons are called on screen."""

from __future__ import annotations

from nnviz3d.spec.readout import NeuronReading, ParameterReading
from nnviz3d.spec.topology import Topology
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.equations.neuron_equations import called


def layer_name(f: Frame, layer: int, topology: Topology | None = None) -> str:
    """ "input", "hidden 2", "output"."""
    last = len((topology or f.readout.topology).nodes) - 1
    return "Input" if layer == 0 else "Output" if layer == last else f"Hidden layer {layer}"


def neuron_name(f: Frame, reading: NeuronReading) -> str:
    """ "Hidden layer 2, neuron 5"; neurons are counted from 0, as in the arrays."""
    compared = f.readout.compare
    if compared is None or not reading.network:
        return f"{layer_name(f, reading.layer)}, neuron {reading.index}"
    topology = next(network.topology for network in compared.networks if network.name == reading.network)
    return f"{reading.network}: {layer_name(f, reading.layer, topology)}, neuron {reading.index}"


def place(f: Frame, layer: int, index: int) -> str:
    """ "input 27", "petal length (input 2)", "hidden 3" (where there is but one hidden layer), "hidden 2 neuron 3", "output 7"."""
    nodes = f.readout.topology.nodes
    last = len(nodes) - 1
    if layer in (0, last):
        name, number = called(nodes[layer].labels, index), f"{'output' if layer else 'input'} {index}"
        return f"{name} ({number})" if name else number
    return f"hidden {index}" if last == 2 else f"hidden {layer} neuron {index}"


def parameter_name(f: Frame, reading: ParameterReading) -> str:
    """ "Weight from input 27 to hidden 3", "Bias of output 7"."""
    there = place(f, reading.layer, reading.index)
    return f"Bias of {there}" if reading.source is None else f"Weight from {place(f, reading.layer - 1, reading.source)} to {there}"
