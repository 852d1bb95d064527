"""Means of light over blocks of 2x2 cells, of 4x4, and so on: what a pixel shows that covers many cells of a sheet. Arithmetic only.

The means are of the light, not of the activations: a sheet has the same brightness from any distance, whatever the signs in it are.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

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
    found, _ = _reduced(_sums(energy_n4, 1, rows, columns), len(levels(rows, columns)))
    return np.concatenate(found, axis=1)[0]


def _sums(energy_n4: np.ndarray, tiles: int, rows: int, columns: int) -> np.ndarray:
    """(5, tiles, rows, columns) light of each cell, and 1 where there is one."""
    sums = np.zeros((5, tiles * rows * columns), np.float32)
    sums[:4, : len(energy_n4)], sums[4, : len(energy_n4)] = energy_n4.T, 1
    return sums.reshape(5, tiles, rows, columns)


def _reduced(sums: np.ndarray, count: int) -> tuple[list[np.ndarray], np.ndarray]:
    """The (tiles, m, 4) means of so many levels above these sums, and the sums of the last."""
    found = []
    for _ in range(count):
        tall = sums[:, :, ::2].copy()
        tall[:, :, : sums.shape[2] // 2] += sums[:, :, 1::2]
        sums = tall[..., ::2].copy()
        sums[..., : tall.shape[3] // 2] += tall[..., 1::2]
        mean = sums[:4] / np.maximum(sums[4], 1)
        found.append(mean.reshape(4, len(mean[0]), -1).transpose(1, 2, 0))
    return found, sums


@dataclass
class Turn:
    """`count` tiles of one shape from `first` on, that are renewed together; `row`: of the next band, where one alone is more than a slice;
    `done`: sums of the bands before."""

    first: int
    count: int = 1
    row: int = 0
    done: list[np.ndarray] = field(default_factory=list)


class Pyramid:
    """Of the fine tiles of a network. `start_s`, `levels_s`: where the means of each tile begin, -1: it has none, and how many levels.
    `size`: of all. `pending`: some are still to be renewed."""

    def __init__(self, tiles: Tiles, pitch: float):
        self.tiles = tiles
        self.start_s = np.full(len(tiles), -1, np.int64)
        self.levels_s = np.zeros(len(tiles), np.int64)
        self.size = 0
        self._turns: list[tuple[int, int]] = []  # first tile and count
        for k in np.flatnonzero(tiles.cell_sides() < FINE * pitch).tolist():
            shapes = levels(int(tiles.rows_s[k]), int(tiles.columns_s[k]))
            if shapes:
                self.start_s[k], self.levels_s[k] = self.size, len(shapes)
                self.size += sum(r * c for r, c in shapes)
                self._queue(k)
        self._left: deque[tuple[int, int]] = deque()
        self._turn: Turn | None = None

    def _queue(self, k: int) -> None:
        """With the tile before it, where that is of the same tensor and shape and follows it in memory, up to a slice."""
        t = self.tiles
        first, count = self._turns[-1] if self._turns else (k, 0)
        cells = int(t.rows_s[k] * t.columns_s[k])
        alike = count and first + count == k and all(each[k] == each[first] for each in (t.node_s, t.rows_s, t.columns_s, t.cells_s))
        if alike and t.cells_s[k] == cells and t.first_s[k] == t.first_s[k - 1] + cells and (count + 1) * cells <= SLICE:
            self._turns[-1] = first, count + 1
        else:
            self._turns.append((k, 1))

    @property
    def pending(self) -> bool:
        return bool(self._left) or self._turn is not None

    def changed(self) -> None:
        """Numbers have changed: those that wait for their turn keep it, so that each gets one however often they change."""
        waiting = set(self._left)
        self._left += [turn for turn in self._turns if turn not in waiting]

    def renewed(self, activation_n: np.ndarray, delta_n: np.ndarray | None, scale_l2: np.ndarray, whole: bool):
        """Yields where in the column, and the (M, 4) means, of what has its turn; all of it if `whole`. A tile of many cells has its turn
        in bands of rows, over many frames."""
        done, self._turn = 0, None if whole else self._turn
        if whole:
            self._left = deque(self._turns)
        while self.pending and (whole or done < SLICE):
            turn = self._turn = self._turn or Turn(*self._left.popleft())
            k = turn.first
            rows, columns, depth = int(self.tiles.rows_s[k]), int(self.tiles.columns_s[k]), int(self.levels_s[k])
            deep = depth if rows <= 1 << _band(columns) else _band(columns)
            high = min(1 << deep, rows - turn.row)
            first, end = turn.row * columns, min((turn.row + high) * columns, int(self.tiles.cells_s[k]))
            here = slice(int(self.tiles.first_s[k]) + first, int(self.tiles.first_s[k]) + max(end, first) + (turn.count - 1) * end)
            scale = scale_l2[self.tiles.node_s[k]]
            energy_n4 = energies(activation_n[here] * scale[0], None if delta_n is None else delta_n[here] * scale[1])
            found, sums = _reduced(_sums(energy_n4, turn.count, high, columns), deep)
            done += high * columns * turn.count
            if high == rows:
                self._turn = None
                yield int(self.start_s[k]), np.concatenate(found, axis=1).reshape(-1, 4)
                continue
            yield from self._at(k, turn.row, 1, found)
            turn.done.append(sums)
            turn.row += high
            if turn.row == rows:
                self._turn = None
                yield from self._at(k, 0, deep + 1, _reduced(np.concatenate(turn.done, axis=2), depth - deep)[0])

    def _at(self, tile: int, row: int, level: int, found: list[np.ndarray]):
        """Where these means of a tile belong: those of `level` and above, of the blocks from a row of cells on."""
        start = int(self.start_s[tile])
        for k, (high, wide) in enumerate(levels(int(self.tiles.rows_s[tile]), int(self.tiles.columns_s[tile])), start=1):
            if level <= k < level + len(found):
                yield start + (row >> k) * wide, found[k - level][0]
            start += high * wide


def _band(columns: int) -> int:
    """Levels that a band of rows has above it: as many rows as a frame takes are 2 to the power of that."""
    return max((SLICE // columns).bit_length() - 1, 1)
