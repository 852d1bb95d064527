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


EDGES = ProductEdges()
