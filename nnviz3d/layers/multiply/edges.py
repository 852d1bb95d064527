"""Edges of kind `multiply`: each neuron takes one number of both inputs; each edge multiplies its own by the other."""

from __future__ import annotations

from typing import Any

from nnviz3d.layers.shared.aligned_edges import AlignedEdges
from nnviz3d.layers.shared.edge_quantities import Numbers
from nnviz3d.spec.topology import Connection


class ProductEdges(AlignedEdges):
    value = "activation"

    def values(self, connection: Connection, local_e: Any, numbers: Numbers) -> Any:
        return numbers.constant * numbers.activation_n[self._factor(connection) + local_e]

    def packed(self, connection: Connection) -> tuple[int, int, int, int]:
        """-1, -first factor, first source, first target."""
        return -1, -self._factor(connection), connection.source.neurons.start, connection.target.neurons.start

    def _factor(self, connection: Connection) -> int:
        """Id of the first neuron of the other input."""
        return connection.inputs[1 - connection.slot].neurons.start


EDGES = ProductEdges()
