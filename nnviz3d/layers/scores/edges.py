"""Edges of scores: to each cell from the features of its query, each times that of the key, and from those of the key, each times that of
the query; both divided by sqrt(d). Like the factors of a product, each of the two inputs makes the whole score."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nnviz3d.layers.shared.attention import Cells
from nnviz3d.layers.shared.edges_face import EdgesFace
from nnviz3d.spec.topology import Connection


class ScoresEdges(EdgesFace):
    """Edge l = cell x d + feature of the head."""

    value = "activation"

    def ends(self, connection: Connection, local_e: Any) -> tuple[Any, Any]:
        cells, _ = _cells(connection)
        place = cells.flat(*cells.split(local_e // _features(connection)))
        return _end(connection, connection.slot, local_e), connection.target.neurons.start + place

    def factor(self, connection: Connection, local_e: Any) -> Any:
        return _end(connection, 1 - connection.slot, local_e)

    def scale(self, connection: Connection) -> float:
        return 1 / math.sqrt(_features(connection))

    def into(self, connection: Connection, j: int) -> np.ndarray:
        cells, d = _cells(connection)[0], _features(connection)
        rows, key = divmod(j, cells.keys)
        head, query = divmod(rows, cells.queries)
        return cells.number(head, query, key) * d + np.arange(d if key < cells.known_to(query) else 0)

    def out_of(self, connection: Connection, i: int) -> np.ndarray:
        cells, d = _cells(connection)[0], _features(connection)
        token, feature = divmod(i, cells.heads * d)
        head, f = divmod(feature, d)
        if connection.slot == 0:
            return cells.number(head, token, np.arange(cells.known_to(token))) * d + f
        return cells.number(head, np.arange(token if cells.causal else 0, cells.queries), token) * d + f


def _cells(connection: Connection) -> tuple[Cells, int]:
    table: Any = connection.target.table
    shapes = tuple(node.shape for node in connection.inputs)
    return table.cells(shapes), shapes[0][1]


def _features(connection: Connection) -> int:
    """Of one head."""
    table: Any = connection.target.table
    return connection.inputs[0].shape[1] // table.heads


def _end(connection: Connection, slot: int, local_e: Any) -> Any:
    """The neuron of the query (slot 0) or of the key (1) that an edge is of."""
    cells, width = _cells(connection)
    d = _features(connection)
    head, query, key = cells.split(local_e // d)
    return connection.inputs[slot].neurons.start + (key if slot else query) * width + head * d + local_e % d


EDGES = ScoresEdges()
