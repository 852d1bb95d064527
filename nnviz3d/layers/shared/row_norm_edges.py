"""Edges of norms over rows: each neuron takes one number, times its scale / deviation of its row. The shift is no edge's, and that the
deviation depends on the whole row is not drawn."""

from __future__ import annotations

from typing import Any

from nnviz3d.layers.shared.aligned_edges import AlignedEdges
from nnviz3d.layers.shared.edge_quantities import Numbers
from nnviz3d.layers.shared.norm_geometry import over_rows
from nnviz3d.layers.shared.norm_table import RowNormTable
from nnviz3d.spec.topology import Connection


class RowNormEdges(AlignedEdges):
    """`centred`: the mean is taken off before the squares are."""

    sums_back = False

    def __init__(self, centred: bool):
        self.centred = centred

    def values(self, connection: Connection, local_e: Any, numbers: Numbers) -> Any:
        """By the activations of the shown sample; 0 where `value_p` holds gradients or changes."""
        node, source = connection.target, connection.source.neurons
        if not numbers.constant or not isinstance(node.table, RowNormTable):
            return 0.0
        x_rd = over_rows(numbers.activation_n[source.slice], node)
        if self.centred:
            x_rd = x_rd - x_rd.mean(1, keepdims=True)
        inverse_r = ((x_rd * x_rd).mean(1) + node.table.eps) ** -0.5
        width = x_rd.shape[1]
        scale_d = numbers.value_p[node.parameters[0][1].slice]
        return scale_d[local_e % width] * inverse_r[local_e // width]
