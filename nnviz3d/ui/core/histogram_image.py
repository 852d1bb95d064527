"""Histograms over time made into a picture: rows of pixels on a linear or signed logarithmic axis, columns over the steps. Pure numpy."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, log10

import numpy as np

from nnviz3d.spec.number_text import MINUS

DECADES = 2.0  # of the signed logarithmic axis on each side of zero


@dataclass(frozen=True)
class Axis:
    """Values in [`low`, `high`], and where they stand: `to` and `back`. `unit` 0: linear; else what is below it lies close to zero."""

    low: float
    high: float
    unit: float = 0.0

    def to(self, v):
        """Place of values; log10(1 + |v| / unit) with the sign of v where it is logarithmic."""
        return np.sign(v) * np.log10(1 + np.abs(v) / self.unit) if self.unit else np.asarray(v, float)

    def back(self, u):
        return np.sign(u) * (10 ** np.abs(u) - 1) * self.unit if self.unit else np.asarray(u, float)

    def ticks(self) -> tuple[list[float], list[str]]:
        """(places, words) of zero and the powers of ten on a logarithmic axis."""
        top = max(abs(self.low), abs(self.high))
        powers = range(ceil(log10(3 * self.unit)), floor(log10(top) + 1e-9) + 1)
        values = [0.0, *(sign * 10.0**p for p in powers for sign in (1, -1) if self.low <= sign * 10.0**p <= self.high)]
        return [float(self.to(v)) for v in values], ["0" if v == 0 else power(v) for v in values]


def power(v: float) -> str:
    """A power of ten as the other numbers are written: "1e−3"."""
    return f"{'-' if v < 0 else ''}1e{round(log10(abs(v)))}".replace("-", MINUS)


def powers(low: float, high: float, most: int) -> tuple[list[float], list[str]]:
    """At most so many powers of ten in [low, high], and their words: for a logarithmic axis."""
    first, last = ceil(log10(low) - 1e-9), floor(log10(high) + 1e-9)
    values = [10.0**p for p in range(first, last + 1, max(1, -(-(last - first + 1) // most)))]
    return values, [power(v) for v in values]


def quantiles(low_t: np.ndarray, high_t: np.ndarray, count_tb: np.ndarray, shares: tuple[float, ...]) -> np.ndarray:
    """(len(shares), T) the value below which that share of a moment's numbers lies, even inside a bin; nan without numbers."""
    total = count_tb.sum(1)
    below = np.concatenate([np.zeros((len(count_tb), 1)), np.cumsum(count_tb, 1)], 1)
    bins, width = count_tb.shape[1], (high_t - low_t) / count_tb.shape[1]
    out = []
    for share in shares:
        wanted = share * total
        k = np.minimum((below[:, 1:] < wanted[:, None]).sum(1), bins - 1)
        rows = np.arange(len(k))
        inside = (wanted - below[rows, k]) / np.maximum(count_tb[rows, k], 1e-9)
        out.append(np.where(total > 0, low_t + (k + np.clip(inside, 0, 1)) * width, np.nan))
    return np.array(out)


def axis(low_t: np.ndarray, high_t: np.ndarray, count_tb: np.ndarray, log: bool) -> Axis:
    """Holds 99 % of every moment's numbers, with a little air."""
    ends = quantiles(low_t, high_t, count_tb, (0.005, 0.995))
    known = np.isfinite(ends).all(0)
    low, high = (float(ends[0, known].min()), float(ends[1, known].max())) if known.any() else (-1.0, 1.0)
    if log:
        top = max(abs(low), abs(high)) * 1.3 or 1.0
        return Axis(-top if low < 0 or high <= 0 else 0.0, top if high > 0 or low >= 0 else 0.0, top * 10**-DECADES)
    air = 0.06 * (high - low) or max(abs(high), 1e-6) * 0.5
    return Axis(low - air, high + air)


def density(low_t: np.ndarray, high_t: np.ndarray, count_tb: np.ndarray, edges_r: np.ndarray) -> np.ndarray:
    """(T, R) share of each moment's numbers between edges r and r + 1 (ascending values), even inside a bin."""
    moments, bins = count_tb.shape
    below = np.zeros((moments, bins + 2))
    np.cumsum(count_tb, 1, out=below[:, 1:-1])
    below[:, -1] = below[:, -2]
    known = np.isfinite(low_t)  # else nothing was counted
    low_t, high_t = np.where(known, low_t, 0.0), np.where(known, high_t, 1.0)
    place = (edges_r[None, :] - low_t[:, None]) * (bins / (high_t - low_t))[:, None]
    np.clip(place, 0, bins, out=place)
    k = place.astype(np.intp)
    place -= k
    k += np.arange(moments)[:, None] * (bins + 2)
    at = np.take(below, k)
    at += place * (np.take(below, k + 1) - at)
    return np.diff(at, axis=1) / np.maximum(below[:, -1:], 1)


def columns(step_t: np.ndarray, last: float, width: int) -> np.ndarray:
    """(width,) which moment each column of [0, last] shows: the last one before its end; -1 before the first."""
    ends = np.arange(1, width + 1) / width * last
    return np.searchsorted(step_t, ends, side="right") - 1


def picture(density_tr: np.ndarray, column_w: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """(R, W, 4) uint8, the largest values at the top. Bright is the most frequent value of a moment; `colours` (256, 4)."""
    peak = density_tr.max(1, keepdims=True)
    level = np.sqrt(density_tr / np.where(peak > 0, peak, 1))
    level *= np.sqrt(level)  # power 0.75: what a tenth as many have is seen too
    level *= 255
    words = colours.view(np.uint32)[:, 0]  # a pixel is one number
    pixels = np.take(words[level.astype(np.uint8)].T[::-1], np.maximum(column_w, 0), axis=1)
    pixels[:, column_w < 0] = 0
    return pixels.view(np.uint8).reshape(*pixels.shape, 4)
