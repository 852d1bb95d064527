"""Sequences by the kernels of kernels_tokens.cu: what `numpy_tokens` calls pieces."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Calls = list[Callable[[], object]]


class TokenKernels:
    """A part of `KernelOps`."""

    zeros: Any
    _each: Any
    _launch: Any
    _total: Any

    def clear(self, x) -> Calls:
        return [self._each("fill", x.size, x, np.float32(0), np.int64(x.size))]

    def add_row(self, x_bo, row_o, out_bo) -> Calls:
        return [self._each("add_row", x_bo.size, x_bo, row_o, out_bo, np.int64(x_bo.size), np.int32(row_o.size))]

    def embed(self, ids_bt, w_vd, out_bo) -> Calls:
        sizes = np.int64(out_bo.size), np.int32(w_vd.shape[1]), np.int32(w_vd.shape[0])
        return [self._each("embed", out_bo.size, ids_bt, w_vd, out_bo, *sizes)]

    def embed_gradient(self, ids_bt, d_bo, dw_vd) -> Calls:
        sizes = np.int64(ids_bt.size), np.int32(dw_vd.shape[1]), np.int32(dw_vd.shape[0])
        return [self._each("embed_gradient", dw_vd.size, ids_bt, d_bo, dw_vd, *sizes)]

    def rotate(self, x_bo, out_bo, cos_o, sin_o, width: int) -> Calls:
        sizes = np.int64(x_bo.size), np.int32(width), np.int32(cos_o.size)
        return [self._each("rotate", x_bo.size, x_bo, cos_o, sin_o, out_bo, *sizes)]

    def row_softmax(self, x_bi, a_bo, shape: tuple[int, ...], causal: bool) -> Calls:
        width = shape[-1]
        rows = a_bo.size // width
        return [self._launch("row_softmax", rows, x_bi, a_bo, np.int32(rows), np.int32(width), np.int32(causal))]

    def token_cross_entropy(self, z_bo, t_bt, a_bo, d_bo, cell) -> Calls:
        rows = t_bt.size
        share, term = self.zeros(1), self.zeros(rows)
        sizes = np.int32(rows), np.int32(z_bo.size // rows)
        return [
            self._launch("count_scored", 1, t_bt, share, np.int64(rows)),
            self._launch("token_cross_entropy", rows, z_bo, t_bt, a_bo, d_bo, term, share, *sizes),
            self._total(term, cell, 1.0),
        ]

    def _times_row(self, x_bo, row, out_bo) -> Calls:
        return [self._each("times_row", x_bo.size, x_bo, row, out_bo, np.int64(x_bo.size), np.int32(row.size))]

    def _heads_product(self, a_bo, a, b_bo, b, c_bo, c) -> Calls:
        """Views begin where their arrays do, so that the array and the strides of the view are all that a kernel needs."""
        strides = [[np.int32(step // view.itemsize) for step in view.strides] for view in (a, b, c)]
        sizes = np.int64(c.size), np.int32(c.shape[1]), np.int32(c.shape[2]), np.int32(a.shape[3]), np.int32(c.shape[3])
        return [self._each("heads_product", c.size, a_bo, *strides[0], b_bo, *strides[1], c_bo, *strides[2], *sizes)]
