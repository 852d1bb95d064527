"""What leads into an opaque tensor: connections, of which it is not known which cell reads which. Each is drawn as one line."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from nnviz3d.layers.shared.edge_quantities import Numbers
from nnviz3d.layers.shared.edges_face import EdgesFace
from nnviz3d.spec.topology import Connection, Node

NONE = np.zeros(0, np.intp)


class ConnectionLine(EdgesFace):
    """Edge 0 stands for the whole connection, from the middle of one tensor to the middle of the other. No cell has it: what a cell is made
    of, and what it does, cannot be said."""

    fixed = True
    passes_back = False
    sums_back = False

    def ends(self, connection: Connection, local_e: Any) -> tuple[Any, Any]:
        source, target = middle(connection.source), middle(connection.target)
        return local_e * 0 + source, local_e * 0 + target

    def into(self, connection: Connection, j: int) -> np.ndarray:
        return NONE

    def out_of(self, connection: Connection, i: int) -> np.ndarray:
        return NONE

    def quantities(self, connection: Connection, local_e: Any, numbers: Numbers, xp: Any = np) -> Any:
        """The same whatever passes."""
        return xp.full(local_e.shape, numbers.constant, np.float32)


def middle(node: Node) -> int:
    """The neuron in the middle of a tensor: of its middle map, where it has several."""
    inside = 0
    for k, length in enumerate(node.shape):
        inside += length // 2 * prod(node.shape[k + 1 :])
    return node.neurons.start + inside


EDGES = ConnectionLine()
