"""Maxima and means of windows, of whole batches in numpy: along the columns first, then along the rows, so that a window of k x k costs 2 k
passes instead of k x k. Cells in the padding take no part.

The gradient of a maximum goes to its winner alone, the first in the order of reading where several are equal: the first row that holds the
maximum, and in it the first column.
"""

from __future__ import annotations

from functools import partial as bind
from math import prod
from typing import Any

import numpy as np

from nnviz3d.backend.calls import Calls, cuts
from nnviz3d.spec.sliding_windows import Windows

CELLS = 1 << 17  # numbers of one piece, which passes go over again and again


class PoolOps:
    """What `NumpyOps` has for pools. `x_bi`: (B, channels x rows x columns); `y_bo`: (B, channels x places)."""

    dtype: np.dtype

    def _room(self, shape) -> Any:
        raise NotImplementedError

    def max_pool(self, x_bi, y_bo, g: Windows, kept: dict[str, Any] | None = None) -> Calls:
        """y = the largest of each window. `kept`: where the way back finds the largest of each row of a window."""
        calls: Calls = []
        whole = None if kept is None else np.empty((x_bi.size // prod(g.size), g.size[0], g.places[1]), x_bi.dtype)
        if kept is not None:
            kept["rows"] = whole
        for part, x, y in _maps(g, x_bi, y_bo):
            rows = self._room((len(x), g.size[0], g.places[1]))(0) if whole is None else whole[part]
            calls += _joined(np.maximum, x, rows, g, 1, -np.inf) + _joined(np.maximum, rows, y, g, 0, -np.inf)
        return calls

    def max_pool_back(self, d_bo, x_bi, dx_bi, g: Windows, add: bool = False, kept: dict[str, Any] | None = None) -> Calls:
        """dx = d where a cell is its window's winner, 0 elsewhere; or dx += that. `kept`: what `max_pool` left; made again without."""
        calls: Calls = []
        for part, x, d, dx in _maps(g, x_bi, d_bo, dx_bi):
            shape = (len(x), g.size[0], g.places[1])
            rows = kept["rows"][part] if kept else self._room(shape)(0)
            back, y = self._room(shape)(1), self._room(d.shape)(5)
            calls += [] if kept else _joined(np.maximum, x, rows, g, 1, -np.inf)
            calls += _joined(np.maximum, rows, y, g, 0, -np.inf)
            calls += self._to_winners(d, rows, y, back, g, 0)
            made = self._room(dx.shape)(4) if add else dx
            calls += self._to_winners(back, x, rows, made, g, 1)
            calls += [bind(np.add, dx, made, dx)] if add else []
        return calls

    def _to_winners(self, d, x, y, dx, g: Windows, axis: int) -> Calls:
        """Along one axis: what is left of d goes to the first cell that equals the maximum."""
        if g.apart(axis):
            return self._to_winners_apart(d, x, y, dx, g, axis)
        left, share, equal = self._room(d.shape)(2), self._room(d.shape)(3), self._room(d.shape)(-1)
        calls: Calls = [bind(dx.fill, 0), bind(np.copyto, left, d)]
        for k in range(g.kernel[axis]):
            windows, cells = (_along(axis, s) for s in g.part(axis, k))
            rest, given, same, to = left[windows], share[windows], equal[windows], dx[cells]
            calls += [bind(np.equal, x[cells], y[windows], same), bind(np.multiply, rest, same, given), bind(np.add, to, given, to)]
            calls += [bind(np.subtract, rest, given, rest)] if k + 1 < g.kernel[axis] else []
        return calls

    def _to_winners_apart(self, d, x, y, dx, g: Windows, axis: int) -> Calls:
        """The same where no cell is in two windows and none in the padding: shares are written, and the last cell gets what is left. A
        third of the passes."""
        taps, rest, equal = g.kernel[axis], d, self._room(d.shape)(-1)
        cells = [_along(axis, g.part(axis, k)[1]) for k in range(taps)]
        calls: Calls = [bind(dx.fill, 0)] if taps * g.places[axis] < g.size[axis] else []
        for k in range(taps - 1):
            left = dx[cells[-1]] if k == taps - 2 else self._room(d.shape)(2)
            calls += [bind(np.equal, x[cells[k]], y, equal), bind(np.multiply, rest, equal, dx[cells[k]])]
            calls.append(bind(np.subtract, rest, dx[cells[k]], left))
            rest = left
        return calls if taps > 1 else [*calls, bind(np.copyto, dx[cells[0]], d)]

    def average_pool(self, x_bi, y_bo, g: Windows) -> Calls:
        """y = the mean of each window."""
        calls: Calls = []
        share = g.shares.astype(x_bi.dtype)
        for _, x, y in _maps(g, x_bi, y_bo):
            rows = self._room((len(x), g.size[0], g.places[1]))(0)
            calls += _joined(np.add, x, rows, g, 1, 0) + _joined(np.add, rows, y, g, 0, 0) + [bind(np.multiply, y, share, y)]
        return calls

    def average_pool_back(self, d_bo, dx_bi, g: Windows, add: bool = False) -> Calls:
        """dx = the shares of all windows that a cell is in; or dx += them."""
        calls: Calls = []
        share = g.shares.astype(d_bo.dtype)
        for _, dx, d in _maps(g, dx_bi, d_bo):
            part, rows = self._room(d.shape)(0), self._room((len(d), g.size[0], g.places[1]))(1)
            calls += [bind(np.multiply, d, share, part), *_spread(part, rows, g, 0), *_spread(rows, dx, g, 1, add)]
        return calls

    def means(self, x_bi, y_bo, cells: int) -> Calls:
        """y = the mean of so many numbers after each other."""
        return [bind(np.dot, x_bi.reshape(-1, cells), np.full(cells, 1 / cells, x_bi.dtype), y_bo.reshape(-1))]

    def means_back(self, d_bo, dx_bi, cells: int, add: bool = False) -> Calls:
        """dx = d / cells for each of them; or dx += it."""
        part, to = self._room(d_bo.shape)(0), dx_bi.reshape(*d_bo.shape, cells)
        share = np.asarray(1 / cells, d_bo.dtype)
        spread = bind(np.add, to, part[..., None], to) if add else bind(np.copyto, to, part[..., None])
        return [bind(np.multiply, d_bo, share, part), spread]


def _along(axis: int, part: slice) -> tuple:
    """Of (maps, rows, columns)."""
    return (slice(None), part) if axis == 0 else (slice(None), slice(None), part)


def _maps(g: Windows, x_bi, y_bo, dx_bi=None):
    """Which maps, and the arrays as (maps, rows, columns), in pieces that stay in the cache."""
    shapes = [(x_bi, g.size), (y_bo, g.places), (dx_bi, g.size)]
    whole = [a.reshape(-1, *size) for a, size in shapes if a is not None]
    for r in cuts(len(whole[0]), max(1, CELLS // (g.size[0] * g.size[1]))):
        yield r, *(a[r] for a in whole)


def _joined(join, x, y, g: Windows, axis: int, none: float) -> Calls:
    """y = all cells of a window along one axis, joined; `none` of no cell."""
    parts = [g.part(axis, k) for k in range(g.kernel[axis])]
    whole = [windows == slice(0, g.places[axis]) for windows, _ in parts]
    at = [(y[_along(axis, windows)], x[_along(axis, cells)]) for windows, cells in parts]
    if len(parts) > 1 and whole[0] and whole[1]:  # no copy of the first
        return [bind(join, at[0][1], at[1][1], out=y), *(bind(join, to, cell, out=to) for to, cell in at[2:])]
    if whole[0]:
        return [bind(np.copyto, y, at[0][1]), *(bind(join, to, cell, out=to) for to, cell in at[1:])]
    return [bind(y.fill, none), *(bind(join, to, cell, out=to) for to, cell in at)]


def _spread(d, dx, g: Windows, axis: int, add: bool = False) -> Calls:
    """What each window gives to all its cells along one axis."""
    calls: Calls = [] if add else [bind(dx.fill, 0)]
    for k in range(g.kernel[axis]):
        windows, cells = (_along(axis, s) for s in g.part(axis, k))
        calls.append(bind(np.add, dx[cells], d[windows], dx[cells]))
    return calls
