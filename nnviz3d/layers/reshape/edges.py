"""Edges of kind `reshape`: the same numbers in the same order, whatever the axes."""

from __future__ import annotations

from nnviz3d.layers.shared.aligned_edges import AlignedEdges

EDGES = AlignedEdges()
