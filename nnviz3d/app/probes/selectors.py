"""Which neuron, edge or layer is meant: names that tours and films use, found among the numbers of now.

A neuron is "1:17" (layer 1, neuron 17, both from 0; the input is layer 0), "output:3", "branch:17" (of the layer of that name), "truth",
"answer", "strongest:K" (the largest |a| of layer K) or "error:K" (the largest |delta|). A layer is its number, "input", "output", or its
name.
"""

from __future__ import annotations

import difflib

import numpy as np

from nnviz3d.layers.edge_lookup import edges_of
from nnviz3d.layout.grid import Layout
from nnviz3d.sources.viewable import Array, Viewable
from nnviz3d.spec.topology import Topology

AROUND = 1.6  # pitches that are to be seen around a neuron
_ENDS = ("input", "output")
WORDS = ("truth", "answer", "strongest", "error")


def layer(name: str, topology: Topology) -> int:
    """The number of a layer. Raises ValueError that says what there is."""
    last = len(topology.nodes) - 1
    if name in _ENDS:
        return getattr(topology, name).number
    if name in topology.by_name:
        return topology.by_name[name].number
    number = int(name) if name.isdecimal() and len(name) < 6 else -1
    if not 0 <= number <= last:
        near = difflib.get_close_matches(name, topology.by_name, 1)
        hint = f'; did you mean "{near[0]}"?' if near else ""
        raise ValueError(f'expected a layer from 0 to {last}, input, output or the name of a layer, found "{name}"{hint}')
    return number


def check_neuron(name: str, topology: Topology, classes: bool) -> None:
    """Raises ValueError where no neuron of this network can be meant. `classes`: samples have a true class."""
    kind, colon, rest = name.partition(":")
    if kind in ("truth", "answer") and not colon:
        if not classes:
            raise ValueError(f'"{name}" needs classes, and this network learns numbers')
    elif kind in ("strongest", "error"):
        layer(rest, topology)
    else:
        node = topology.nodes[layer(kind, topology)]
        if not (rest.isdecimal() and len(rest) < 9 and int(rest) < node.size):
            raise ValueError(f'layer "{kind}" has neurons 0 to {node.size - 1}; write for example {kind}:0, found "{name}"')


def neuron(seen: Viewable, wanted: str) -> int:
    """The id; -1: none is wanted. `seen`: a source or a walk."""
    kind, _, rest = wanted.partition(":")
    if not kind:
        return -1
    topology = seen.topology
    if kind not in WORDS:
        return topology.nodes[layer(kind, topology)].neurons.start + int(rest)
    here = topology.nodes[layer(rest, topology)].neurons if rest else topology.output.neurons
    if kind == "truth" and seen.sample.target is not None:
        return here.start + int(seen.sample.target)
    values = seen.ops.to_host(settled(seen, "delta" if kind == "error" else "activation"))[here.slice]
    return here.start + int(np.abs(values).argmax())


def edge(seen: Viewable, neuron: int, wanted: str) -> int:
    """The weight into a neuron with the largest |w a| ("term") or |delta a| ("gradient"); -1: none is wanted, or none leads there."""
    if not wanted or neuron < seen.topology.input.size:
        return -1
    node, j = seen.topology.locate(neuron)
    best, most = -1, -1.0
    for c in seen.topology.into(node):
        edges, local_e = edges_of(c), edges_of(c).into(c, j)
        if (p_e := edges.parameter(c, local_e)) is None or not len(local_e):
            continue
        size = np.abs(seen.ops.to_host(settled(seen, "activation"))[edges.ends(c, local_e)[0]])  # delta is the same for all of them
        if wanted == "term":
            size = size * np.abs(seen.ops.to_host(settled(seen, "parameter"))[p_e])
        if size.max() > most:
            best, most = int(p_e[size.argmax()]), float(size.max())
    return best


def settled(seen: Viewable, kind: str) -> Array:
    """Of a walk, what holds before its step whatever place is shown; else what is now, 0 where that is not known."""
    if seen.view is None:
        found = seen.tensors(kind)
        return seen.ops.zeros(seen.topology.n_neurons) if found is None else found
    tape = seen.view.tape
    return {"activation": tape.old.a, "delta": tape.old.delta, "parameter": tape.before}[kind]


def layer_box(layout: Layout, number: int) -> np.ndarray:
    """(2, 3) low and high corner of a layer."""
    return np.stack([layout.low[number], layout.high[number]])


def neuron_box(layout: Layout, number: int) -> np.ndarray:
    """(2, 3) corners around a neuron."""
    place = layout.place_n4[number, :3]
    return np.stack([place - AROUND * layout.pitch, place + AROUND * layout.pitch])
