"""Edges of a mixture: to each feature from the weights of its head, each times a value, and from the values, each times its weight."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnviz3d.layers.shared.attention import Cells
from nnviz3d.layers.shared.edges_face import EdgesFace
from nnviz3d.spec.topology import Connection


class MixEdges(EdgesFace):
    """Edge l = cell x d + feature of the head."""

    value = "activation"

    def ends(self, connection: Connection, local_e: Any) -> tuple[Any, Any]:
        cells, d = _cells(connection)
        head, query, _ = cells.split(local_e // d)
        target = connection.target.neurons.start + query * cells.heads * d + head * d + local_e % d
        return _end(connection, connection.slot, local_e), target

    def factor(self, connection: Connection, local_e: Any) -> Any:
        return _end(connection, 1 - connection.slot, local_e)

    def into(self, connection: Connection, j: int) -> np.ndarray:
        cells, d = _cells(connection)
        query, feature = divmod(j, cells.heads * d)
        head, f = divmod(feature, d)
        return cells.number(head, query, np.arange(cells.known_to(query))) * d + f

    def out_of(self, connection: Connection, i: int) -> np.ndarray:
        cells, d = _cells(connection)
        if connection.slot == 0:
            rows, key = divmod(i, cells.keys)
            head, query = divmod(rows, cells.queries)
            return cells.number(head, query, key) * d + np.arange(d if key < cells.known_to(query) else 0)
        key, feature = divmod(i, cells.heads * d)
        head, f = divmod(feature, d)
        return cells.number(head, np.arange(key if cells.causal else 0, cells.queries), key) * d + f


def _cells(connection: Connection) -> tuple[Cells, int]:
    """The cells, and the features of one head."""
    table: Any = connection.target.table
    shapes = tuple(node.shape for node in connection.inputs)
    cells = table.cells(shapes)
    return cells, shapes[1][1] // cells.heads


def _end(connection: Connection, slot: int, local_e: Any) -> Any:
    """The neuron of the weight (slot 0) or of the value (1) that an edge is of."""
    cells, d = _cells(connection)
    head, query, key = cells.split(local_e // d)
    start = connection.inputs[slot].neurons.start
    return start + (key * cells.heads * d + head * d + local_e % d if slot else cells.flat(head, query, key))


EDGES = MixEdges()
