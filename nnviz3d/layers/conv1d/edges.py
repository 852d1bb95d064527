"""Edges of a convolution along one axis."""

from __future__ import annotations

from nnviz3d.layers.shared.convolution_edges import EDGES

__all__ = ["EDGES"]
