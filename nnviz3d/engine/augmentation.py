"""Random changes of a batch: shift, rotation, mirroring and noise, drawn anew for each step and worked out in the batch's own buffer.

Each sample's pixels are gathered once from a padded copy (bilinear where pictures are turned), so that a batch of 128 pictures of 28 x 28
costs about as much as one small dense layer. All numbers come from the trainer's stream of noise, which rewind and checkpoints keep.
"""

from __future__ import annotations

from functools import partial
from math import prod, radians
from typing import Any

import numpy as np

from nnviz3d.backend import Ops
from nnviz3d.backend.numpy_ops import Calls
from nnviz3d.spec.augment import Augment
from nnviz3d.spec.errors import InputError, Problem
from nnviz3d.spec.layer_table import Axes, Shape, plain_axes

BORDER = 3  # rows and columns of zeros around a padded picture: one before it, two after it


def check(augment: Augment, shape: Shape, axes: Axes) -> None:
    """Raises InputError where samples of this shape cannot be changed so."""
    axes, problems = axes or plain_axes(shape), []
    if axes[-2:] != ("row", "column"):
        moves = [name for name in ("shift", "rotate", "flip") if getattr(augment, name)]
        problems += [Problem("", f"data.augment.{name}", "needs pictures; these samples have no rows and columns") for name in moves]
    if axes == ("token",) and augment.noise:
        problems.append(Problem("", "data.augment.noise", "cannot be added to tokens, which are no quantities"))
    if problems:
        raise InputError(*problems)


class Augmentation:
    """For batches of up to `rows` samples. `follow`: the targets are the inputs, and change their places with them (but get no noise)."""

    def __init__(self, ops: Ops, augment: Augment, shape: Shape, axes: Axes, rows: int, follow: bool = False):
        check(augment, shape, axes)
        self.ops, self.augment, self.follow = ops, augment, follow
        self.channels, self.height, self.width = prod(shape[:-2]), *(shape if augment.moves else (1, prod(shape)))[-2:]
        self._host = np.zeros((rows, 2, 3), np.float32)  # from a place of the new picture to one of the old
        self._map: Any = ops.zeros((rows, 2, 3))
        self._noise = np.zeros((rows, prod(shape)), np.float32) if augment.noise else None
        self._added: Any = ops.zeros((rows, prod(shape))) if augment.noise else None
        if augment.moves:
            self._allocate(rows)

    def _allocate(self, rows: int) -> None:
        ops, xp, (c, h, w) = self.ops, self.ops.xp, (self.channels, self.height, self.width)
        row, column = np.divmod(np.arange(h * w), w)
        self._grid = ops.asarray(np.stack([row, column, np.ones(h * w)]).astype(np.float32))
        self._padded: Any = ops.zeros((rows, c, h + BORDER, w + BORDER))
        self._places: Any = ops.zeros((rows, 2, h * w))
        self._parts: Any = ops.zeros((rows, 2, h * w))
        cells = (h + BORDER) * (w + BORDER)
        first = np.arange(rows * c).reshape(rows, c, 1) * cells
        self._first: Any = ops.asarray(first, np.intp)
        self._index: Any = xp.zeros((rows, c, h * w), np.intp)
        self._corners: list[Any] = [ops.zeros((rows, c, h * w)) for _ in range(4 if self.augment.rotate else 1)]
        self._top: Any = ops.asarray(np.array([[h], [w]], np.float32))

    def draw(self, noise: np.random.Generator, count: int) -> None:
        """For the next batch of so many rows."""
        if self.augment.moves:
            self._draw_maps(noise.random((count, 4), np.float32), count)
            self.ops.write(self._host[:count], self._map[:count])
        if self._noise is not None:
            here = self._noise[:count]
            noise.standard_normal(dtype=np.float32, out=here)
            np.multiply(here, np.float32(self.augment.noise), here)
            self.ops.write(here, self._added[:count])

    def _draw_maps(self, u: np.ndarray, count: int) -> None:
        """Turned about the centre, then mirrored, then shifted by whole pixels."""
        a, m = self.augment, self._host[:count]
        angle = (2 * u[:, 0] - 1) * radians(a.rotate)
        cos, sin = np.cos(angle), np.sin(angle)
        down, right = (np.minimum(np.floor(u[:, k] * (2 * a.shift + 1)), 2 * a.shift) - a.shift for k in (1, 2))
        side = np.where((u[:, 3] < 0.5) & a.flip, -1, 1)
        row, column = (self.height - 1) / 2, (self.width - 1) / 2
        m[:, 0, 0], m[:, 0, 1], m[:, 0, 2] = cos, sin, row - cos * (row + down) - sin * (column + right)
        m[:, 1, 0], m[:, 1, 1] = -sin * side, cos * side
        m[:, 1, 2] = column + side * (sin * (row + down) - cos * (column + right))

    def calls(self, x_bi: Any, t_bo: Any) -> Calls:
        """What changes a batch in place after it was gathered."""
        found: Calls = []
        if self.augment.moves:
            found.append(partial(self._move, x_bi))
            if self.follow:
                found += self.ops.copy(x_bi, t_bo)
        if self._added is not None:
            found += self.ops.copy(self._added[: len(x_bi)], x_bi, True)
        return found

    def _move(self, x_bi: Any) -> None:
        xp, b, (c, h, w) = self.ops.xp, len(x_bi), (self.channels, self.height, self.width)
        self._padded[:b, :, 1 : h + 1, 1 : w + 1] = x_bi.reshape(b, c, h, w)
        places, parts = self._places[:b], self._parts[:b]
        xp.matmul(self._map[:b], self._grid, places)
        xp.maximum(places, -1, out=places)
        xp.minimum(places, self._top, out=places)
        xp.floor(places, parts)
        xp.subtract(places, parts, places)  # how far beyond the cell's corner
        base = parts[:, 0]
        xp.multiply(base, w + BORDER, base)
        xp.add(base, parts[:, 1], base)
        xp.add(base, w + BORDER + 1, base)
        index = self._index[:b]
        index[...] = base[:, None]
        xp.add(index, self._first[:b], index)
        self._gather(index, x_bi.reshape(b, c, h * w), places)

    def _gather(self, index: Any, out: Any, places: Any) -> None:
        """The cell, or between four cells where pictures are turned."""
        if not self.augment.rotate:
            self._take(index, out)
            return
        xp, b, across = self.ops.xp, len(index), self.width + BORDER
        a00, a01, a10, a11 = (corner[:b] for corner in self._corners)
        down, right = places[:, :1], places[:, 1:]
        for corner, step in ((a00, 0), (a01, 1), (a11, across), (a10, -1)):
            xp.add(index, step, index)
            self._take(index, corner)
        for low, high in ((a00, a01), (a10, a11)):
            xp.subtract(high, low, high)
            xp.multiply(high, right, high)
            xp.add(low, high, low)
        xp.subtract(a10, a00, a10)
        xp.multiply(a10, down, a10)
        xp.add(a00, a10, out)

    def _take(self, index: Any, out: Any) -> None:
        flat = self._padded.reshape(-1)
        if isinstance(flat, np.ndarray):
            np.take(flat, index, out=out, mode="clip")  # in range anyhow; "raise" would copy
        else:
            self.ops.xp.take(flat, index, out=out)
