"""A layer's numbers as one picture: the matrix, the vector that it multiplies above it, the vectors of its neurons beside it.

Row j belongs to neuron j, column i to neuron i of the layer before, so that a product can be read off the picture: x above, times the row,
gives z at its right end. Matrices larger than the panel are block means. Pure numpy; `ui.panels.layer_detail` shows it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnviz3d.ui.core import theme

CELL, LEAST = 26, 3  # pixels of a cell: at most, at least
TALL = 230  # pixels of the matrix at most
STRIP, GAP = 11, 7  # pixels
DARK = np.array(theme.rgb("#10182b"))


@dataclass(frozen=True)
class Strip:
    """A vector beside or above the matrix. `ink` as in `layers.shared.equation_line`."""

    name: str
    values: np.ndarray
    ink: str


@dataclass(frozen=True)
class Grid:
    """Where cells are, unscaled to nothing: pixels. `rows`, `columns`: elements in each cell."""

    shape: tuple[int, int]  # of the matrix that is shown
    rows: int
    columns: int
    cell_w: int
    cell_h: int

    @property
    def count(self) -> tuple[int, int]:
        """(rows, columns) of cells."""
        return -(-self.shape[0] // self.rows), -(-self.shape[1] // self.columns)

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.count[1] * self.cell_w, self.count[0] * self.cell_h

    def at(self, x: float, y: float) -> tuple[int, int] | None:
        """The cell (row, column) at a pixel of the matrix, or None."""
        row, column = int(y // self.cell_h), int(x // self.cell_w)
        return (row, column) if 0 <= row < self.count[0] and 0 <= column < self.count[1] else None

    def block(self, row: int, column: int) -> tuple[slice, slice]:
        """Elements of a cell."""
        last_row, last_column = min((row + 1) * self.rows, self.shape[0]), min((column + 1) * self.columns, self.shape[1])
        return slice(row * self.rows, last_row), slice(column * self.columns, last_column)


def grid(shape: tuple[int, int], width: int, scale: float = 1.0) -> Grid:
    """The largest cells that fit `width` pixels and TALL, neither flatter nor taller than about twice the other side."""
    least, most = max(int(LEAST * scale), 1), int(CELL * scale)
    rows, columns = shape
    per_column = -(-columns // max(width // least, 1))
    per_row = -(-rows // max(int(TALL * scale) // least, 1))
    cell_w = min(most, max(width // -(-columns // per_column), 1))
    cell_h = min(most, max(int(TALL * scale) // -(-rows // per_row), 1), max(2 * cell_w, int(5 * scale)))
    return Grid(shape, per_row, per_column, min(cell_w, max(2 * cell_h, int(5 * scale))), cell_h)


def means(values: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Means of blocks of rows x columns elements; those at the far edges may be smaller. float64."""
    out = values.astype(np.float64)
    for axis, size in ((0, rows), (1, columns)):
        if size > 1:
            starts = np.arange(0, out.shape[axis], size)
            counts = np.diff([*starts, out.shape[axis]])
            out = np.add.reduceat(out, starts, axis) / (counts[:, None] if axis == 0 else counts)
    return out


def reach(values: np.ndarray) -> float:
    """What full colour stands for: the 99th percentile of the size of the cells; 0 where all are 0 or none is finite."""
    size = np.abs(values[np.isfinite(values)])
    return float(np.percentile(size, 99)) or float(size.max(initial=0.0)) if size.size else 0.0


def colours(values: np.ndarray, scale: float, ink: tuple[str, str]) -> np.ndarray:
    """(..., 3) uint8: dark at 0, the colour of its sign at +-scale. What is not finite is red."""
    with np.errstate(all="ignore"):
        t = np.clip(np.nan_to_num(np.abs(values) / scale if scale else np.zeros_like(values), posinf=1.0), 0, 1)[..., None] ** 0.75
    signs = np.where((values >= 0)[..., None], theme.rgb(ink[0]), theme.rgb(ink[1]))
    out = DARK + (signs - DARK) * t
    out[~np.isfinite(values)] = theme.rgb(theme.BAD)
    return (out * 255 + 0.5).astype(np.uint8)


def spread(rgb: np.ndarray, cell_w: int, cell_h: int) -> np.ndarray:
    """Cells as pixels (H, W, 4), with a hairline between those that are large enough for it."""
    h, w = rgb.shape[:2]
    out = np.empty((h, cell_h, w, cell_w, 4), np.uint8)
    out[..., :3] = rgb[:, None, :, None]
    out[..., 3] = 255
    if min(cell_w, cell_h) >= 5:
        out[:, -1, :, :, 3] = out[:, :, :, -1, 3] = 0
    return out.reshape(h * cell_h, w * cell_w, 4)
