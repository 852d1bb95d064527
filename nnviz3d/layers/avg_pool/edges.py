"""Edges of a mean over windows: each multiplies by 1 / how many cells of its window lie on the map."""

from __future__ import annotations

from typing import Any

from nnviz3d.layers.shared.edge_quantities import Numbers
from nnviz3d.layers.shared.window_edges import WindowEdges, beside, windows_of
from nnviz3d.spec.topology import Connection


class AveragePoolEdges(WindowEdges):
    def values(self, connection: Connection, local_e: Any, numbers: Numbers) -> Any:
        g = windows_of(connection)
        target_e = self.ends(connection, local_e)[1] - connection.target.neurons.start
        return numbers.constant * beside(g.shares.ravel(), local_e)[target_e % g.cells]


EDGES = AveragePoolEdges()
