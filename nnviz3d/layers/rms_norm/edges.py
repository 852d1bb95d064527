"""Edges of kind `rms_norm`."""

from __future__ import annotations

from nnviz3d.layers.shared.row_norm_edges import RowNormEdges

EDGES = RowNormEdges(centred=False)
