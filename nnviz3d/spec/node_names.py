"""What layers are called on screen: by their place in a plain chain of dense layers, elsewhere by the names that the scene gives them."""

from __future__ import annotations

from nnviz3d.spec.topology import Topology


def layer_name(topology: Topology, number: int) -> str:
    """ "Input", "Hidden layer 2", "Output"; of other networks than plain chains the layer's own name."""
    node = topology.nodes[number]
    if node is topology.input or node is topology.output:
        return "Input" if node is topology.input else "Output"
    return f"Hidden layer {number}" if topology.is_chain else node.name


def short_name(topology: Topology, number: int) -> str:
    """ "input", "hidden 2", "output", or the layer's own name."""
    return inside(layer_name(topology, number)).replace("hidden layer", "hidden")


def inside(name: str) -> str:
    """A layer's name within a sentence: "hidden layer 2"; names of the scene stay as they are written."""
    return name.lower() if name in ("Input", "Output") or name.startswith("Hidden layer ") else name


def phase_layer(topology: Topology, number: int) -> str:
    """ "layer 2 of 3", as phases are called; the layer's own name where it has one."""
    return f"layer {number} of {len(topology.nodes) - 1}" if topology.is_chain else short_name(topology, number)


def neuron_place(topology: Topology, number: int, index: int) -> str:
    """ "input 27", "hidden 3" (where there is but one hidden layer), "hidden 2 neuron 3", "output 7", "sum neuron 3"."""
    node = topology.nodes[number]
    if node is topology.input or node is topology.output:
        return f"{'input' if node is topology.input else 'output'} {index}"
    if len(topology.nodes) == 3 and topology.is_chain:
        return f"hidden {index}"
    return f"{short_name(topology, number)} neuron {index}"
