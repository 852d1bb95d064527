"""Edges of kind `batch_norm`: each neuron takes one number, times scale / deviation of its channel. The shift is no edge's."""

from __future__ import annotations

from typing import Any

from nnviz3d.layers.batch_norm.spec import BatchNormLayer
from nnviz3d.layers.shared.aligned_edges import AlignedEdges
from nnviz3d.layers.shared.edge_quantities import Numbers
from nnviz3d.layers.shared.norm_geometry import channels
from nnviz3d.spec.topology import Connection


class BatchNormEdges(AlignedEdges):
    sums_back = False

    def values(self, connection: Connection, local_e: Any, numbers: Numbers) -> Any:
        """By the running variance, as outside training; 0 where `value_p` holds gradients or changes."""
        node = connection.target
        if not numbers.constant or not isinstance(node.table, BatchNormLayer):
            return 0.0
        parts = {part: numbers.value_p[r.slice] for part, r in node.parameters}
        factor_c = parts["weight"] / (abs(parts["running_var"]) + node.table.eps) ** 0.5  # a file may say that a variance is negative
        return factor_c[channels(node.shape, node.axes).of(local_e)]


EDGES = BatchNormEdges()
