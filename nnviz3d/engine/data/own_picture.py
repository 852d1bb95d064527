"""A person's own picture as a row of inputs: strokes or a photograph, centred and scaled as the pictures of the data are.

How those are is measured: their background, how large a box the ink fills, and whether it is the ink's centre of mass or the box that
lies in the middle. MNIST's digits fill 20 of 28 cells and are centred by mass; the 8x8 digits fill all 8 and are centred by their box.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from nnviz3d.engine.data.dataset import DataSet
from nnviz3d.spec.strokes import Stroke

FINE = 128  # cells a side of a pad on which strokes are drawn before they are scaled
LOOKED = 1000  # pictures that are measured
INK = 0.1  # share of full ink from which a cell counts as drawn on
EVEN = 0.12  # median deviation of the border's cells, as a share of the range, up to which pictures have one background


@dataclass(frozen=True, eq=False)
class PictureFrame:
    """`size` (H, W) of the data's pictures; `low`, `high`: values without and with full ink, in the source's own scale.

    `side`: cells that the longer side of the ink's box has; None: pictures have no background, and one is shown as a whole.
    `by_mass`: the centre of mass lies in the middle, else the box does.
    """

    data: DataSet
    size: tuple[int, int]
    low: float
    high: float
    side: float | None
    by_mass: bool

    def fit(self, ink_hw: np.ndarray) -> np.ndarray:
        """Ink in [0, 1] of any size -> (H, W) of ink, cut to what is drawn on, scaled and centred."""
        height, width = self.size
        rows, columns = (np.flatnonzero((ink_hw > INK).any(axis)) for axis in (1, 0))
        if self.side is None or not len(rows):
            scale = max(height / ink_hw.shape[0], width / ink_hw.shape[1])  # fills the picture; what does not fit is cut off
            h, w = (scale * n for n in ink_hw.shape)
            return _placed(ink_hw, self.size, ((height - h) / 2, (width - w) / 2), (h, w))
        cut = ink_hw[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        scale = self.side / max(cut.shape)
        h, w = (scale * n for n in cut.shape)
        y, x = (h / 2, w / 2)
        if self.by_mass:
            y, x = (scale * c for c in _mass(cut))
        return _placed(cut, self.size, (height / 2 - y, width / 2 - x), (h, w))

    def row(self, ink_hw: np.ndarray) -> np.ndarray:
        """(H, W) of ink in [0, 1] -> (I,) float32 as the network's inputs are: in the source's values, standardised where the data are."""
        x = self.low + (self.high - self.low) * np.ravel(ink_hw).astype(np.float64)
        if self.data.mean_i is not None and self.data.scale_i is not None:
            x = (x - self.data.mean_i) / self.data.scale_i
        return x.astype(np.float32)

    def ink(self, x_i: np.ndarray) -> np.ndarray:
        """The other way round: (H, W)."""
        return (_own_values(self.data, x_i[None])[0].reshape(self.size) - self.low) / (self.high - self.low)


def picture_size(data: DataSet) -> tuple[int, int] | None:
    """(H, W) where a sample is a picture with one value a cell; None for all else."""
    axes = data.axes or {2: ("row", "column"), 3: ("channel", "row", "column")}.get(len(data.shape), ())
    if tuple(axes) == ("channel", "row", "column") and data.shape[0] != 1:
        return None
    if tuple(axes)[-2:] != ("row", "column") or min(data.shape[-2:]) < 2 or len(data.shape) > 3:
        return None
    axes_before = len(data.shape) - 2
    return data.shape[axes_before], data.shape[axes_before + 1]


def frame_of(data: DataSet) -> PictureFrame | None:
    """How the pictures of the data are; None where its samples are no pictures of one channel, or are all the same."""
    size = picture_size(data)
    if size is None or not len(data.x_train):
        return None
    x = _own_values(data, data.x_train[:: -(-len(data.x_train) // LOOKED)]).reshape(-1, *size)
    low, high = float(x.min()), float(x.max())
    if not high > low or not np.isfinite(high - low):
        return None
    border = np.concatenate([x[:, 0], x[:, -1], x[:, 1:-1, 0], x[:, 1:-1, -1]], 1)
    background = np.median(border)
    if background > (low + high) / 2:  # dark ink on light paper
        low, high = high, low
    ink = (x - low) / (high - low)
    if np.median(np.abs(border - background)) > EVEN * abs(high - low):
        return PictureFrame(data, size, low, high, None, False)
    return PictureFrame(data, size, low, high, *_measured(ink[(ink > INK).any((1, 2))]))


def _measured(ink_nhw: np.ndarray) -> tuple[float | None, bool]:
    """The longer side of the box that ink fills, and whether its centre of mass lies more exactly in the middle than the box."""
    if not len(ink_nhw):
        return None, False
    sides, middles, masses = [], [], []
    for axis in (1, 2):
        n = ink_nhw.shape[axis]
        drawn = np.asarray((ink_nhw > INK).any(3 - axis))
        first, last = drawn.argmax(1), n - np.flip(drawn, 1).argmax(1)
        sides.append(last - first)
        middles.append((first + last) / 2 - n / 2)
        along = ink_nhw.sum(3 - axis)
        masses.append(along @ (np.arange(n) + 0.5) / along.sum(1) - n / 2)
    side = float(np.median(np.maximum(*sides)))
    return side, bool(np.square(masses).mean() < np.square(middles).mean())


def _own_values(data: DataSet, x_ni: np.ndarray) -> np.ndarray:
    """Inputs in the scale of their source."""
    if data.mean_i is None or data.scale_i is None:
        return x_ni.astype(np.float64)
    return x_ni.astype(np.float64) * data.scale_i + data.mean_i


def _mass(ink_hw: np.ndarray) -> tuple[float, float]:
    """Centre (y, x) of mass, in cells from the corner."""
    total = max(float(ink_hw.sum()), 1e-12)
    rows, columns = (np.arange(n) + 0.5 for n in ink_hw.shape)
    return float(rows @ ink_hw.sum(1)) / total, float(columns @ ink_hw.sum(0)) / total


def _placed(ink_hw: np.ndarray, size: tuple[int, int], corner: tuple[float, float], extent: tuple[float, float]) -> np.ndarray:
    """The picture laid into a grid of `size`, its corner and extent in cells of it: each cell takes the mean of what lies in it."""
    down, across = (_overlap(n, at, much, cells) for n, at, much, cells in zip(size, corner, extent, ink_hw.shape, strict=True))
    return np.clip(down @ ink_hw @ across.T, 0, 1)


def _overlap(n: int, at: float, extent: float, cells: int) -> np.ndarray:
    """(n, cells) share of each target cell that each source cell covers, where the source lies from `at` to `at + extent`."""
    edges = at + extent / cells * np.arange(cells + 1)
    low, high = np.arange(n)[:, None], np.arange(1, n + 1)[:, None]
    return np.clip(np.minimum(edges[1:], high) - np.maximum(edges[:-1], low), 0, None)


def drawn(strokes: tuple[Stroke, ...]) -> np.ndarray:
    """(FINE, FINE) ink in [0, 1], anti-aliased, one stroke over the other."""
    ink = np.zeros((FINE, FINE))
    for width, erase, points in strokes:
        covered = _stroke(width, tuple(points))
        ink = np.minimum(ink, 1 - covered) if erase else np.maximum(ink, covered)
    return ink


@lru_cache(maxsize=256)
def _stroke(width: float, points: tuple[float, ...]) -> np.ndarray:
    """(FINE, FINE) how much of each cell a round brush covers that goes along the points."""
    covered, radius = np.zeros((FINE, FINE)), max(width * FINE / 2, 0.5)
    path = np.reshape(points, (-1, 2)) * FINE
    for a, b in zip(path, np.concatenate([path[1:], path[-1:]]), strict=True):
        x0, y0 = np.maximum(np.floor(np.minimum(a, b) - radius - 1), 0).astype(int)
        x1, y1 = np.minimum(np.ceil(np.maximum(a, b) + radius + 1), FINE).astype(int)
        x, y = np.arange(x0, x1) + 0.5 - a[0], np.arange(y0, y1)[:, None] + 0.5 - a[1]
        dx, dy = b - a
        along = np.clip((x * dx + y * dy) / max(dx * dx + dy * dy, 1e-12), 0, 1)
        distance = np.hypot(x - along * dx, y - along * dy)
        window = covered[y0:y1, x0:x1]
        np.maximum(window, np.clip(radius + 0.5 - distance, 0, 1), out=window)
    covered.flags.writeable = False
    return covered


def of_photograph(grey_hw: np.ndarray) -> np.ndarray:
    """Ink in [0, 1] of a grey picture in [0, 1]: what differs from its background, which may be light or dark."""
    border = np.concatenate([grey_hw[0], grey_hw[-1], grey_hw[:, 0], grey_hw[:, -1]])
    background = float(np.median(border))
    ink = np.clip(background - grey_hw if background > 0.5 else grey_hw - background, 0, 1)
    most = float(ink.max())
    return ink / most if most > 0.05 else np.zeros_like(ink)
