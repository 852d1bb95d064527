"""What layers and neurons are called on screen."""

from __future__ import annotations

from nnviz3d.spec.readout import NeuronReading
from nnviz3d.spec.topology import Topology
from nnviz3d.ui.frame import Frame


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
