"""y = x; in training the engine multiplies what leaves by the step's mask, as it does behind a dense layer that has dropout."""

from __future__ import annotations

from nnviz3d.layers.shared.same_numbers import backward, forward

__all__ = ["backward", "forward"]
