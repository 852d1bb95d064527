"""Windows along one axis: the engine is that of every convolution."""

from __future__ import annotations

from nnviz3d.layers.shared.convolution_engine import backward, fans, first_value, forward

__all__ = ["backward", "fans", "first_value", "forward"]
