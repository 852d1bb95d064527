"""Edges of kind `dropout`: each neuron passes on one number, or 0 in training."""

from __future__ import annotations

from nnviz3d.layers.shared.aligned_edges import AlignedEdges

EDGES = AlignedEdges()
