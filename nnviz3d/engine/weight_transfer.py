"""What a changed network takes over from the old one: weights that still mean the same, and neurons that are held.

Pure functions over two networks and the origin of each new hidden layer; the input and the output are always themselves.
"""

from __future__ import annotations

import numpy as np

from nnviz3d.spec.layer_origins import Origins
from nnviz3d.spec.neuron_locks import Holds
from nnviz3d.spec.scene import Network
from nnviz3d.spec.topology import Topology


def _before(origins: Origins, layers: int) -> list[int | None]:
    """By new node, the input first: the old node that it was; `layers` hidden ones in the old network."""
    return [0, *(None if o is None else o + 1 for o in origins), layers + 1]


Named = dict[str, np.ndarray]  # parameters by name, as in a weights file


def weights(old: Network, new: Network, origins: Origins, theirs: Named, mine: Named) -> Named:
    """`mine` (the new network's first weights, by name) with what can be kept of `theirs`.

    Where a layer follows the same layer as before, the block of rows and columns that both sizes have is kept; where it follows
    another one, its columns stand for other neurons and all of it is kept only if the shape fits. A layer whose first weights are drawn in
    another way by now keeps nothing: that is what was asked for.
    """
    out = {name: value.copy() for name, value in mine.items()}
    was = _before(origins, len(old.layers))
    before, now = [*old.layers, old.output], [*new.layers, new.output]
    for k, layer in enumerate(now):
        o = was[k + 1]
        if o is None or _first(before[o - 1]) != _first(layer):
            continue
        w_oi, kept_oi = out[f"layers.{k}.weight"], theirs[f"layers.{o - 1}.weight"]
        if was[k] != o - 1 and w_oi.shape != kept_oi.shape:
            continue
        rows, columns = np.minimum(w_oi.shape, kept_oi.shape)
        w_oi[:rows, :columns] = kept_oi[:rows, :columns]
        out[f"layers.{k}.bias"][:rows] = theirs[f"layers.{o - 1}.bias"][:rows]
    return out


def _first(layer) -> tuple:
    """How a layer's first parameters are drawn."""
    return layer.init, layer.init_scale, layer.bias


def holds(old: Topology, new: Topology, origins: Origins, held: Holds) -> Holds:
    """The same neurons, where they still are, by their new ids."""
    was = _before(origins, len(old.nodes) - 2)
    now = {o: node for node, o in zip(new.nodes, was, strict=True) if o is not None}

    def moved(neurons: tuple[int, ...]) -> tuple[int, ...]:
        places = ((old.nodes.index(node), j) for node, j in map(old.locate, neurons))
        return tuple(sorted(now[o].neurons.start + j for o, j in places if o in now and j < now[o].size))

    return Holds(moved(held.frozen), moved(held.killed))
