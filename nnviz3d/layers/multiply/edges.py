"""Edges of kind `multiply`: each neuron takes one number of both inputs; each edge multiplies its own by the other."""

from __future__ import annotations

from typing import Any

from nnviz3d.layers.shared.aligned_edges import AlignedEdges
from nnviz3d.spec.topology import Connection


class ProductEdges(AlignedEdges):
    value = "activation"

    def factor(self, connection: Connection, local_e: Any) -> Any:
        """The same place of the other input."""
        return connection.inputs[1 - connection.slot].neurons.start + local_e

    def packed(self, connection: Connection) -> tuple[int, int, int, int]:
        """-1, -first factor, first source, first target."""
        return -1, -self.factor(connection, 0), connection.source.neurons.start, connection.target.neurons.start


EDGES = ProductEdges()
