"""Histograms and root mean squares by layer, of many numbers at once: evenly thinned, then one pass over all layers together.

Pure functions of host arrays. Values of all layers lie one after another; `starts` (L + 1,) says where each layer's begin.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BINS = 48  # of one histogram, over its own range: with 60 to 100 pixels of height no more can be seen
GOLDEN = 0.6180339887498949  # multiples of it, modulo 1, are spread evenly however many there are (Weyl 1916)


def spots(size: int, most: int) -> np.ndarray:
    """At most so many places in [0, size), ascending: all where they fit, else spread evenly but in step with no row or column.

    A stride would see the same few columns of a matrix again and again. Always the same for the same numbers.
    """
    if size <= most:
        return np.arange(size)
    return np.unique((np.arange(most) * GOLDEN % 1.0 * size).astype(np.intp))


@dataclass(frozen=True)
class Spread:
    """How L layers' values are spread: `count` (L, BINS) over [`low`, `high`] (L,), and their root mean squares `rms` (L,).

    Values that are not finite are left out; a layer without any finite one has low, high and rms of nan.
    """

    low: np.ndarray
    high: np.ndarray
    count: np.ndarray
    rms: np.ndarray


def spread(values: np.ndarray, starts: np.ndarray) -> Spread:
    """Of values (K,) in L = len(starts) - 1 stretches, none of them empty. All values equal: one bin, of a width that can be seen."""
    v = values.astype(np.float64)
    n, layers = np.diff(starts), len(starts) - 1
    layer = np.repeat(np.arange(layers), n)
    known = np.isfinite(v)
    if not known.all():
        layer, v = layer[known], v[known]
        n = np.bincount(layer, minlength=layers)
    low, high, square = np.full(layers, np.nan), np.full(layers, np.nan), np.full(layers, np.nan)
    some = n > 0
    if some.any():
        at = (np.cumsum(n) - n)[some]
        low[some], high[some] = np.minimum.reduceat(v, at), np.maximum.reduceat(v, at)
        square[some] = np.add.reduceat(v * v, at) / n[some]
    flat = low == high
    pad = np.where(flat, np.maximum(np.abs(low) * 1e-3, 1e-9), 0.0)
    low, high = low - pad, high + pad
    bin_k = ((v - low[layer]) * (BINS / (high - low)[layer])).astype(np.intp)
    np.minimum(bin_k, BINS - 1, out=bin_k)
    count = np.bincount(layer * BINS + bin_k, minlength=layers * BINS).reshape(layers, BINS)
    return Spread(low, high, count.astype(np.float32), np.sqrt(square))


def rms(values: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """(L,) root mean squares of the stretches; nan where a value is not finite."""
    v = values.astype(np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        out = np.sqrt(np.add.reduceat(v * v, starts[:-1]) / np.diff(starts))
    return np.where(np.isfinite(out), out, np.nan)
