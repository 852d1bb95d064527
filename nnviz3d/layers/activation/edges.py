"""Edges of kind `activation`: each neuron is a function of one neuron."""

from __future__ import annotations

from nnviz3d.layers.shared.aligned_edges import AlignedEdges

EDGES = AlignedEdges()
