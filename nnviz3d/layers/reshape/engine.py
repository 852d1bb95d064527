"""The same numbers in the same order: rows of a batch are flat, so that only the axes that are shown differ."""

from __future__ import annotations

from nnviz3d.layers.shared.same_numbers import backward, forward

__all__ = ["backward", "forward"]
