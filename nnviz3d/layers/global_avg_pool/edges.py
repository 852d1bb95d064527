"""Edges of a mean over whole maps: each cell of a channel leads to its one number, and is divided by how many cells there are."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnviz3d.layers.shared.edges_face import EdgesFace
from nnviz3d.spec.topology import Connection


def _cells(connection: Connection) -> int:
    return connection.source.size // connection.target.size


class GlobalAverageEdges(EdgesFace):
    def ends(self, connection: Connection, local_e: Any) -> tuple[Any, Any]:
        return connection.source.neurons.start + local_e, connection.target.neurons.start + local_e // _cells(connection)

    def into(self, connection: Connection, j: int) -> np.ndarray:
        return j * _cells(connection) + np.arange(_cells(connection))

    def out_of(self, connection: Connection, i: int) -> np.ndarray:
        return np.array([i])

    def scale(self, connection: Connection) -> float:
        return 1 / _cells(connection)


EDGES = GlobalAverageEdges()
