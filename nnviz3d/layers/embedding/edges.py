"""Edges of an embedding: from each token one to each of its features. What it multiplies nothing by is the weight in the token's row."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnviz3d.layers.shared.edge_quantities import Numbers
from nnviz3d.layers.shared.edges_face import EdgesFace
from nnviz3d.spec.topology import Connection


class EmbeddingEdges(EdgesFace):
    """Edge l leads to feature l. Which weight it has depends on the sample: `parameter` knows none, and the value is that of the moment."""

    passes_back = False

    def ends(self, connection: Connection, local_e: Any) -> tuple[Any, Any]:
        return connection.source.neurons.start + local_e // _width(connection), connection.target.neurons.start + local_e

    def into(self, connection: Connection, j: int) -> np.ndarray:
        return np.array([j])

    def out_of(self, connection: Connection, i: int) -> np.ndarray:
        return i * _width(connection) + np.arange(_width(connection))

    def values(self, connection: Connection, local_e: Any, numbers: Numbers) -> Any:
        weight, width = connection.target.weight, _width(connection)
        assert weight is not None
        number_e = numbers.activation_n[connection.source.neurons.start + local_e // width].astype(np.int64)
        return numbers.value_p[weight.start + number_e.clip(0, weight.shape[0] - 1) * width + local_e % width]

    def quantities(self, connection: Connection, local_e: Any, numbers: Numbers, xp: Any = np) -> Any:
        """The number of a token is a name: nothing is multiplied by it."""
        if numbers.flow == 3:
            return numbers.delta_n[connection.target.neurons.start + local_e]
        value_e = self.values(connection, local_e, numbers)
        return value_e * numbers.delta_n[connection.target.neurons.start + local_e] if numbers.flow == 2 else value_e


def _width(connection: Connection) -> int:
    return connection.target.shape[1]


EDGES = EmbeddingEdges()
