"""Edges of a softmax: each cell reads its score. What is masked reads nothing."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnviz3d.layers.shared.attention import Cells
from nnviz3d.layers.shared.edges_face import EdgesFace
from nnviz3d.spec.topology import Connection


class SoftmaxEdges(EdgesFace):
    """Edge l leads to cell l of those that there are."""

    def ends(self, connection: Connection, local_e: Any) -> tuple[Any, Any]:
        cells = _cells(connection)
        place = cells.flat(*cells.split(local_e))
        return connection.source.neurons.start + place, connection.target.neurons.start + place

    def into(self, connection: Connection, j: int) -> np.ndarray:
        cells = _cells(connection)
        rows, key = divmod(j, cells.keys)
        head, query = divmod(rows, cells.queries)
        return np.array([cells.number(head, query, key)] if key < cells.known_to(query) else [], np.intp)

    def out_of(self, connection: Connection, i: int) -> np.ndarray:
        return self.into(connection, i)


def _cells(connection: Connection) -> Cells:
    table: Any = connection.target.table
    return table.cells(connection.source.shape)


EDGES = SoftmaxEdges()
