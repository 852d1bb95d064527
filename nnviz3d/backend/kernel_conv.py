"""Convolutions and pools by the kernels of kernels_conv.cu: the same methods as `ConvOps` and `PoolOps`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nnviz3d.backend.calls import Calls
from nnviz3d.spec.sliding_windows import Windows

BLOCKS = 4096


def geometry(g: Windows) -> list[int]:
    """In the order of the struct of that name in kernels_conv.cu."""
    (top, _), (left, _) = g.padding
    return [g.channels, *g.size, *g.kernel, *g.stride, top, left, *g.dilation, *g.places]


class ConvKernels:
    """Subclasses give `_launch`, `_each` and memory."""

    _launch: Callable[..., Callable[[], object]]
    _each: Callable[..., Callable[[], object]]
    asarray: Callable[..., Any]

    def _geometry(self, g: Windows) -> Any:
        return self.asarray(np.array(geometry(g), np.int32), np.int32)

    def convolve(self, x_bi, w, b_o, z_bo, g: Windows, groups: int) -> Calls:
        n = z_bo.size
        return [self._each("convolve", n, x_bi, w, b_o, z_bo, self._geometry(g), np.int32(len(w)), np.int32(groups), np.int64(n))]

    def convolution_gradients(self, d_bo, x_bi, dw, db_o, g: Windows, groups: int) -> Calls:
        blocks, counts = min(dw.size + db_o.size, BLOCKS), (np.int32(len(dw)), np.int32(groups), np.int32(len(d_bo)))
        return [self._launch("convolution_gradients", blocks, d_bo, x_bi, dw, db_o, self._geometry(g), *counts)]

    def convolution_back(self, d_bo, w, dx_bi, g: Windows, groups: int, add: bool = False) -> Calls:
        n, counts = dx_bi.size, (np.int32(len(w)), np.int32(groups), np.int64(dx_bi.size), np.int32(add))
        return [self._each("convolution_back", n, d_bo, w, dx_bi, self._geometry(g), *counts)]

    def max_pool(self, x_bi, y_bo, g: Windows, kept: dict[str, Any] | None = None) -> Calls:
        return [self._each("max_pool", y_bo.size, x_bi, y_bo, self._geometry(g), np.int64(y_bo.size))]

    def max_pool_back(self, d_bo, x_bi, dx_bi, g: Windows, add: bool = False, kept: dict[str, Any] | None = None) -> Calls:
        n = dx_bi.size
        return [self._each("max_pool_back", n, d_bo, x_bi, dx_bi, self._geometry(g), np.int64(n), np.int32(add))]

    def average_pool(self, x_bi, y_bo, g: Windows) -> Calls:
        return [self._each("average_pool", y_bo.size, x_bi, y_bo, self._geometry(g), np.int64(y_bo.size))]

    def average_pool_back(self, d_bo, dx_bi, g: Windows, add: bool = False) -> Calls:
        n = dx_bi.size
        return [self._each("average_pool_back", n, d_bo, dx_bi, self._geometry(g), np.int64(n), np.int32(add))]

    def means(self, x_bi, y_bo, cells: int) -> Calls:
        return [self._launch("means", min(y_bo.size, BLOCKS), x_bi, y_bo, np.int32(cells), np.int32(y_bo.size))]

    def means_back(self, d_bo, dx_bi, cells: int, add: bool = False) -> Calls:
        n = dx_bi.size
        return [self._each("means_back", n, d_bo, dx_bi, np.int32(cells), np.int64(n), np.int32(add))]
