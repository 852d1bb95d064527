"""What a changed network takes over from the old one: weights that still mean the same, and neurons that are held.

Pure functions over two networks and the origin of each new hidden layer; the input and the output are always themselves.
"""

from __future__ import annotations

import numpy as np

from nnviz3d.spec.layer_origins import Origins
from nnviz3d.spec.neuron_locks import Holds
from nnviz3d.spec.topology import Node, Topology


def _before(origins: Origins, old: Topology, new: Topology) -> list[int | None]:
    """By new node, the input first: the number of the old node that it was. A part of a composite is what is called so inside it."""
    known = {(node.layer, node.inner): node.number for node in old.nodes[1:-1]}
    hidden = [None if node.layer is None else known.get((origins[node.layer], node.inner)) for node in new.nodes[1:-1]]
    return [0, *hidden, old.output.number]


Named = dict[str, np.ndarray]  # parameters by name, as in a weights file


def weights(old: Topology, new: Topology, origins: Origins, theirs: Named, mine: Named) -> Named:
    """`mine` (the new network's first weights, by name) with what can be kept of `theirs`.

    Where a layer reads the same layers as before, the block of rows and columns that both sizes have is kept; where it reads
    others, its columns stand for other neurons and all of it is kept only if the shape fits. A layer whose first weights are drawn in
    another way by now keeps nothing: that is what was asked for.
    """
    out = {name: value.copy() for name, value in mine.items()}
    was = _before(origins, old, new)
    for node in new.nodes[1:]:
        o = was[node.number]
        before = None if o is None else old.nodes[o]
        if before is None or before.kind != node.kind or _first(before) != _first(node):
            continue
        reads = [was[source.number] for source in new.sources(node)] == [source.number for source in old.sources(before)]
        pairs = [(out[new.parameter_name(node, part)], theirs[old.parameter_name(before, part)]) for part, _ in node.parameters]
        if not reads and any(now.shape != kept.shape for now, kept in pairs if now.ndim > 1):
            continue
        for now, kept in pairs:
            block = tuple(slice(min(a, b)) for a, b in zip(now.shape, kept.shape, strict=True))
            now[block] = kept[block]
    return out


def _first(node: Node) -> tuple[str, float, float] | None:
    """How a layer's first parameters are drawn."""
    return None if node.table is None else node.table.first_parameters


def holds(old: Topology, new: Topology, origins: Origins, held: Holds) -> Holds:
    """The same neurons, where they still are, by their new ids."""
    was = _before(origins, old, new)
    now = {o: node for node, o in zip(new.nodes, was, strict=True) if o is not None}

    def moved(neurons: tuple[int, ...]) -> tuple[int, ...]:
        places = ((node.number, j) for node, j in map(old.locate, neurons))
        return tuple(sorted(now[o].neurons.start + j for o, j in places if o in now and j < now[o].size))

    return Holds(moved(held.frozen), moved(held.killed))
