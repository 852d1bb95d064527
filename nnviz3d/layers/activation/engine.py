"""y = f(x), number by number."""

from __future__ import annotations

from nnviz3d.layers.shared.same_numbers import backward, forward

__all__ = ["backward", "forward"]
