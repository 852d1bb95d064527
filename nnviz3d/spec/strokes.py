"""Strokes of a drawing pad: what a command and a session log hold of a drawing, and what one may be.

A stroke is [width, erase, [x0, y0, x1, y1, ...]]: in shares of the pad's side, x to the right, y downwards; `width` across.
"""

from __future__ import annotations

from nnviz3d.spec.value_checks import many, number, row, truth

Stroke = tuple[float, bool, tuple[float, ...]]
STROKES, NUMBERS = 200, 4000  # of a drawing, and in a stroke: two a point
THINNEST, THICKEST = 0.01, 0.3

_points = many(number(0, 1), NUMBERS)


def _pairs(value) -> str:
    return _points(value) or ("" if value and len(value) % 2 == 0 else "expected x and y of at least one point")


drawing = many(row(number(THINNEST, THICKEST), truth, _pairs), STROKES)
"""Says what is wrong with a drawing; "" where nothing is."""


MOST_PIXELS = 1 << 16  # of a picture at the network's resolution


def pixels(value) -> str:
    """What is wrong with the cells of a picture as text, two hexadecimal digits of ink a cell; "" where nothing is."""
    if isinstance(value, str) and 0 < len(value) <= 2 * MOST_PIXELS and len(value) % 2 == 0 and set(value) <= set("0123456789abcdef"):
        return ""
    return f"expected two hexadecimal digits for each of at most {MOST_PIXELS:,} cells"
