"""Edges of a convolution over maps."""

from __future__ import annotations

from nnviz3d.layers.shared.convolution_edges import EDGES

__all__ = ["EDGES"]
