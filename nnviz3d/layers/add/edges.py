"""Edges of kind `add`: each neuron adds one number of every input."""

from __future__ import annotations

from nnviz3d.layers.shared.aligned_edges import AlignedEdges

EDGES = AlignedEdges()
