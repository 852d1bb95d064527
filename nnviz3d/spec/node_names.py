"""What layers are called on screen: by their place in a plain chain of dense layers, elsewhere by the names that the scene gives them."""

from __future__ import annotations

from nnviz3d.spec.parameter_ref import placed
from nnviz3d.spec.topology import Node, Topology

AXES = {"channel": "map"}  # what a channel's cells are as a picture


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


def cell(topology: Topology, number: int, index: int) -> str:
    """What a neuron is called inside its layer: "neuron 5" of a vector, and in a plain chain; else by its axes: "map 3, row 4, column 7",
    "token 2, feature 5", "head 1, query 3, key 2"."""
    node = topology.nodes[number]
    if node.axes == ("neuron",) or topology.is_chain or len(node.axes) != len(node.shape):
        return f"neuron {index}"
    return ", ".join(f"{AXES.get(axis, axis)} {k}" for axis, k in zip(node.axes, placed(index, node.shape), strict=True))


def neuron_place(topology: Topology, number: int, index: int) -> str:
    """ "input 27", "hidden 3" (where there is but one hidden layer), "hidden 2 neuron 3", "output 7", "sum neuron 3", "conv1 map 3, row 4,
    column 7"."""
    node, called = topology.nodes[number], cell(topology, number, index)
    if node is topology.input or node is topology.output:
        return f"{'input' if node is topology.input else 'output'} {called.removeprefix('neuron ')}"
    if len(topology.nodes) == 3 and topology.is_chain:
        return f"hidden {index}"
    return f"{short_name(topology, number)} {called}"


def found(topology: Topology, neuron: int) -> tuple[int, int]:
    """The number of the node that holds a neuron, and its index inside it."""
    node, index = topology.locate(neuron)
    return node.number, index


def label(node: Node, index: int) -> str:
    """The name that the data give a neuron: a class, a column of a table; "" where they give none. Of outputs for each token, its class."""
    names = node.labels
    if len(names) < node.size and len(node.shape) > 1 and len(names) == node.shape[-1]:
        index %= len(names)
    return str(names[index]) if index < len(names) else ""


def parameter_place(topology: Topology, p: int) -> str:
    """A parameter that neurons share: "weight of conv1: kernel 3, input channel 1, row 2, column 0", "bias of conv1: map 3"."""
    ref = topology.parameter(p)
    node = ref.node
    shape = dict(node.parameters)[ref.part].shape
    axes = node.table.part_axes(ref.part, shape, node.axes) if node.table is not None else ()
    places = zip(axes or ("place",) * len(ref.index), ref.index, strict=True)
    return f"{ref.part.replace('_', ' ')} of {short_name(topology, node.number)}: {', '.join(f'{axis} {k}' for axis, k in places)}"


def places(node: Node) -> str:
    """At how many places of a layer each of its shared parameters is used: "24 × 24 places", "6 tokens"; "" where it is one."""
    axis = node.unit_axis
    if axis is None or len(node.shape) < 2:
        return ""
    rest = [(name, n) for k, (name, n) in enumerate(zip(node.axes, node.shape, strict=True)) if k != axis]
    if len(rest) == 1:
        name, n = rest[0]
        return f"{n:,} {name}{'s' if n > 1 else ''}"
    return f"{' × '.join(f'{n:,}' for _, n in rest)} places"
