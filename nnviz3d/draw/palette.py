"""Colours of the look, linear RGB above 1 where a thing shines. Values from the look's own page; `safe` is for colour-blind eyes.

The safe pair is blue against vermilion-yellow with a larger step in lightness; dashes carry the sign besides.
"""

from __future__ import annotations

ERROR = ((1.7, 0.3, 1.15), (0.2, 1.35, 0.85))  # the backward wave's own pair: rose raises the loss, green lowers it
PALETTES: dict[str, tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    "blue_orange": ((0.25, 0.75, 1.6), (1.7, 0.62, 0.12)),
    "safe": ((0.10, 0.45, 1.75), (2.0, 1.15, 0.10)),
}
PLANE: dict[str, tuple[tuple[float, float, float], tuple[float, float, float]]] = {  # answers over the plane: below zero, above
    "blue_orange": ((0.96, 0.45, 0.10), (0.12, 0.50, 1.0)),
    "safe": ((1.0, 0.62, 0.04), (0.05, 0.26, 1.0)),
}
