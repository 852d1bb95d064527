"""Edges of kind `patches`: one from each cell of the picture to its place among the features of its token."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnviz3d.layers.patches.spec import PatchesLayer
from nnviz3d.layers.shared.aligned_edges import AlignedEdges
from nnviz3d.layers.shared.patch_order import order
from nnviz3d.spec.topology import Connection


class PatchEdges(AlignedEdges):
    """Edge l begins at cell l."""

    def ends(self, connection: Connection, local_e: Any) -> tuple[Any, Any]:
        shape, size = _cut(connection)
        rows, columns = shape[-2:]
        channel, row, column = local_e // (rows * columns), local_e // columns % rows, local_e % columns
        token = row // size * (columns // size) + column // size
        feature = (channel * size + row % size) * size + column % size
        target = token * connection.target.shape[1] + feature
        return connection.source.neurons.start + local_e, connection.target.neurons.start + target

    def into(self, connection: Connection, j: int) -> np.ndarray:
        return order(*_cut(connection))[j : j + 1]


def _cut(connection: Connection) -> tuple[tuple[int, ...], int]:
    assert isinstance(connection.target.table, PatchesLayer)
    return connection.source.shape, connection.target.table.size


EDGES = PatchEdges()
