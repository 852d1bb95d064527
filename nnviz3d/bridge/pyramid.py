"""Means of light over blocks of 2x2 cells, of 4x4, and so on: what a pixel shows that covers many cells of a sheet. Arithmetic only.

The means are of the light, not of the activations: a sheet has the same brightness from any distance, whatever the signs in it are.
"""

from __future__ import annotations

import numpy as np

from nnviz3d.layout.tiles import Tiles

FINE = 0.1  # of the pitch: sheets with smaller cells have a pyramid; larger cells are never much below a pixel
SLICE = 1 << 16  # cells that are averaged in one frame: 2 ms on one core


def light(level: np.ndarray) -> np.ndarray:
    """The light of cells at |a| or |delta| in units of their layer's scale; `spread` of shaders/include/sheet.glsl."""
    level = np.minimum(np.abs(level), 1.25)
    lit = level * np.sqrt(level)
    return lit * (0.28 + 0.34 * np.minimum(lit, 1.0))


def energies(level_n: np.ndarray, error_n: np.ndarray | None) -> np.ndarray:
    """(n, 4) float32 light of positive and negative activations, of positive and negative errors."""
    out = np.zeros((len(level_n), 4), np.float32)
    for k, values in enumerate((level_n, error_n)):
        if values is not None:
            shown = light(values)
            out[:, 2 * k] = np.where(values >= 0, shown, 0)
            out[:, 2 * k + 1] = np.where(values >= 0, 0, shown)
    return out


def levels(rows: int, columns: int) -> list[tuple[int, int]]:
    """Rows and columns of each level above the cells, down to one block."""
    out = []
    while rows > 1 or columns > 1:
        rows, columns = (rows + 1) // 2, (columns + 1) // 2
        out.append((rows, columns))
    return out


def means(energy_n4: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """(M, 4) the means of all levels, one after another. A block at a rim is the mean of those cells that there are."""
    sums = np.zeros((rows * columns, 5), np.float32)
    sums[: len(energy_n4), :4], sums[: len(energy_n4), 4] = energy_n4, 1
    sums = sums.reshape(rows, columns, 5)
    out = []
    for high, wide in levels(rows, columns):
        padded = np.zeros((2 * high, 2 * wide, 5), np.float32)
        padded[: sums.shape[0], : sums.shape[1]] = sums
        sums = padded[::2, ::2] + padded[1::2, ::2] + padded[::2, 1::2] + padded[1::2, 1::2]
        out.append((sums[..., :4] / np.maximum(sums[..., 4:], 1)).reshape(-1, 4))
    return np.concatenate(out)


class Pyramid:
    """Of the fine tiles of a network. `start_s`, `levels_s`: where the means of each tile begin, -1: it has none, and how many levels.
    `size`: of all. `pending`: some are still to be renewed."""

    def __init__(self, tiles: Tiles, pitch: float):
        self.tiles = tiles
        self.start_s = np.full(len(tiles), -1, np.int64)
        self.levels_s = np.zeros(len(tiles), np.int64)
        self.size = 0
        for k in np.flatnonzero(tiles.cell_sides() < FINE * pitch):
            shapes = levels(int(tiles.rows_s[k]), int(tiles.columns_s[k]))
            if shapes:
                self.start_s[k], self.levels_s[k] = self.size, len(shapes)
                self.size += sum(r * c for r, c in shapes)
        self._fine = np.flatnonzero(self.start_s >= 0)
        self._left: list[int] = []

    @property
    def pending(self) -> bool:
        return bool(self._left)

    def changed(self) -> None:
        """Numbers have changed: those that wait for their turn keep it, so that each gets one however often they change."""
        waiting = set(self._left)
        self._left += [int(k) for k in self._fine if int(k) not in waiting]

    def renewed(self, activation_n: np.ndarray, delta_n: np.ndarray | None, scale_l2: np.ndarray, whole: bool):
        """Yields where in the column, and the (M, 4) means, of the tiles whose turn it is; all of them if `whole`."""
        done = 0
        while self._left and (whole or done < SLICE):
            k = self._left.pop(0)
            here = slice(int(self.tiles.first_s[k]), int(self.tiles.first_s[k] + self.tiles.cells_s[k]))
            scale = scale_l2[self.tiles.node_s[k]]
            error_n = None if delta_n is None else delta_n[here] * scale[1]
            energy_n4 = energies(activation_n[here] * scale[0], error_n)
            yield int(self.start_s[k]), means(energy_n4, int(self.tiles.rows_s[k]), int(self.tiles.columns_s[k]))
            done += int(self.tiles.cells_s[k])
