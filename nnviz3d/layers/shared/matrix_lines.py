"""Lines on whole arrays: their shapes, their lengths."""

from __future__ import annotations

import numpy as np

from nnviz3d.layers.shared.equation_line import Line, Span


def shapes(text: str) -> Line:
    return Line("", (Span(text),), kind="shapes", tip="The shapes of the arrays above: rows × columns.")


def size(latex: str, array: np.ndarray, tip: str, colour: str = "") -> Line:
    """The length of an array, under its symbol."""
    return Line(latex, (), length(array), "number", tip, ink=colour)


def length(array: np.ndarray) -> float:
    """Euclidean, in float64."""
    return float(np.linalg.norm(array.astype(np.float64)))
