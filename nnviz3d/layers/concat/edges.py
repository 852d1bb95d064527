"""Edges of kind `concat`: each neuron passes on one number of one input, which has its place along the axis."""

from __future__ import annotations

from math import prod

from nnviz3d.layers.concat.spec import ConcatLayer
from nnviz3d.layers.shared.aligned_edges import AlignedEdges
from nnviz3d.spec.topology import Connection


class ConcatEdges(AlignedEdges):
    def blocks(self, connection: Connection) -> tuple[int, int, int]:
        target = connection.target
        axis = target.table.axis if isinstance(target.table, ConcatLayer) else 0
        outer = prod(target.shape[:axis])
        return connection.size // outer, target.size // outer, sum(target.edges[: connection.slot]) // outer


EDGES = ConcatEdges()
