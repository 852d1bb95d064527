"""KernelOps: the same methods as NumpyOps, by the kernels of kernels.cu. Launching and matrix products are left open.

`CupyOps` launches on a GPU; the tests launch the same file compiled for the processor, so that every kernel and a whole training run
are compared with numpy on machines without a GPU. The device runs ahead of the host: it skips every update after the first
non-finite step, and `verdict` tells the host later.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nnviz3d.backend.constants import NAMES, Constants
from nnviz3d.backend.kernel_conv import ConvKernels
from nnviz3d.backend.kernel_norm import KernelNormOps
from nnviz3d.backend.kernel_tokens import TokenKernels
from nnviz3d.backend.numpy_ops import Calls, NumpyOps
from nnviz3d.spec.activations import ELEMENTWISE

THREADS = 256
PARTS = 256  # blocks of the gradient norm's first stage: fixed, so that its order of summation is


class KernelOps(ConvKernels, KernelNormOps, TokenKernels, NumpyOps):
    """Subclasses give `_launch` and `_gemm`, and memory where it is not numpy's."""

    asynchronous = True

    def __init__(self, why: str):
        super().__init__("float32", why)
        self.status, self.report = self.zeros(2, np.int32), self.zeros(2)
        self._part = self.zeros(PARTS)

    def _launch(self, name: str, blocks: int, *args) -> Callable[[], object]:
        """A call that runs kernel `name` on `blocks` blocks of THREADS; arguments are arrays and numpy scalars."""
        raise NotImplementedError

    def _gemm(self, a, a_transposed: bool, b, b_transposed: bool, c, add: bool = False) -> Callable[[], object]:
        """A call for c = op(a) op(b), or c += it; all C-contiguous."""
        raise NotImplementedError

    def _each(self, name: str, n: int, *args) -> Callable[[], object]:
        return self._launch(name, min(4096, -(-n // THREADS)), *args)

    # the device's view of a step
    def constants(self) -> Constants:
        return Constants(np.float32, self.zeros(len(NAMES)))

    def begin(self, constants: Constants) -> None:
        self._launch("set_constants", 1, constants.device, *constants.host)()

    def verdict(self) -> tuple[bool, int, float]:
        """(a step was not finite, steps finished since `forget`, loss of the last one). Waits for the device."""
        status = self.to_host(self.status)
        return bool(status[0]), int(status[1]), float(self.to_host(self.report)[0])

    def forget(self) -> None:
        self.status.fill(0)

    # batch
    def take(self, source_n, index_b, out_b) -> Calls:
        return [self._each("take_rows", out_b.size, source_n, index_b, out_b, np.int64(out_b.size), np.int32(out_b.shape[1]))]

    def mask(self, a_bo, mask_bo, out_bo) -> Calls:
        return [self._each("multiply", a_bo.size, a_bo, mask_bo, out_bo, np.int64(a_bo.size))]

    def copy(self, x, out, add: bool = False) -> Calls:
        return [self._each("pass_on", x.size, x, out, np.int64(x.size), np.int32(add))]

    def take_columns(self, x_bi, order_o, out_bo, add: bool = False) -> Calls:
        n, order = out_bo.size, self.asarray(order_o, np.int32)
        return [self._each("take_columns", n, x_bi, order, out_bo, np.int64(n), np.int32(out_bo.shape[1]), np.int32(add))]

    def write_columns(self, x_bi, out_bo, first: int, width: int, total: int) -> Calls:
        n = x_bi.size
        return [self._each("write_columns", n, x_bi, out_bo, np.int64(n), np.int32(first), np.int32(width), np.int32(total))]

    def read_columns(self, x_bo, out_bi, first: int, width: int, total: int, add: bool = False) -> Calls:
        n, where = out_bi.size, (np.int32(first), np.int32(width), np.int32(total))
        return [self._each("read_columns", n, x_bo, out_bi, np.int64(n), *where, np.int32(add))]

    # layers
    def affine(self, x_bi, w_oi, z_bo) -> Calls:
        return [self._gemm(x_bi, False, w_oi, True, z_bo)]

    def activate(self, kind: str, z_bo, b_o, a_bo) -> Calls:
        rows, width = z_bo.shape
        if b_o is None and kind == "linear" and z_bo is a_bo:
            return []
        b_o = self.zeros(width) if b_o is None else b_o
        if kind == "softmax":
            return [self._launch("bias_softmax", rows, z_bo, b_o, a_bo, np.int32(rows), np.int32(width))]
        code, n = np.int32(ELEMENTWISE.index(kind)), z_bo.size
        return [self._each("bias_activate", n, code, z_bo, b_o, a_bo, np.int64(n), np.int32(width))]

    def activate_backward(self, kind: str, d_bo, z_bo, a_bo) -> Calls:
        rows, width = d_bo.shape
        if kind == "softmax":
            return [self._launch("softmax_backward", rows, d_bo, a_bo, np.int32(rows), np.int32(width))]
        if kind == "linear":
            return []
        return [self._each("activate_backward", d_bo.size, np.int32(ELEMENTWISE.index(kind)), d_bo, z_bo, a_bo, np.int64(d_bo.size))]

    def weight_gradient(self, d_bo, x_bi, dw_oi) -> Calls:
        return [self._gemm(d_bo, True, x_bi, False, dw_oi)]

    def bias_gradient(self, d_bo, db_o) -> Calls:
        ones = self.zeros((1, len(d_bo)))
        ones.fill(1)
        return [self._gemm(ones, False, d_bo, False, db_o.reshape(1, -1))]

    def input_gradient(self, d_bo, w_oi, dx_bi, add: bool = False) -> Calls:
        return [self._gemm(d_bo, False, w_oi, False, dx_bi, add)]

    # losses
    def weigh(self, t_bo, weights: tuple[float, ...], low: float, f_b1) -> Calls:
        rows, width = t_bo.shape
        column = self.asarray(np.asarray(weights, np.float64) / (1 - low))
        base = np.float32(-low * sum(weights) / (1 - low))
        return [self._launch("weigh", 1, t_bo, column, base, f_b1, np.int32(rows), np.int32(width))]

    def _rows(self, f_b1, *arrays) -> Calls:
        """x *= f, row by row."""
        if f_b1 is None:
            return []
        return [self._each("scale_rows", x.size, x, f_b1, np.int64(x.size), np.int32(x.size // f_b1.size)) for x in arrays]

    def cross_entropy(self, z_bo, t_bo, a_bo, d_bo, cell, f_b1=None) -> Calls:
        rows, width = z_bo.shape
        term = self.zeros(rows)
        kernel = self._launch("softmax_cross_entropy", rows, z_bo, t_bo, a_bo, d_bo, term, np.int32(rows), np.int32(width))
        return [kernel, *self._rows(f_b1, term, d_bo), self._total(term, cell, 1 / rows)]

    def bce(self, z_bo, t_bo, a_bo, d_bo, cell, f_b1=None) -> Calls:
        n, term = z_bo.size, self.zeros(z_bo.size)
        kernel = self._each("sigmoid_bce", n, z_bo, t_bo, a_bo, d_bo, term, np.int64(n))
        return [kernel, *self._rows(f_b1, term, d_bo), self._total(term, cell, 1 / n)]

    def squared(self, a_bo, t_bo, d_bo, cell, half: bool, f_b1=None) -> Calls:
        n, term = a_bo.size, self.zeros(a_bo.size)
        share = 1 / a_bo.shape[0] if half else 2 / n
        kernel = self._each("squared", n, a_bo, t_bo, d_bo, term, np.int64(n), np.float32(share))
        return [kernel, *self._rows(f_b1, term, d_bo), self._total(term, cell, share / 2)]

    def huber(self, a_bo, t_bo, d_bo, cell, delta: float, f_b1=None) -> Calls:
        n, term = a_bo.size, self.zeros(a_bo.size)
        kernel = self._each("huber", n, a_bo, t_bo, d_bo, term, np.int64(n), np.float32(delta), np.float32(1 / n))
        return [kernel, *self._rows(f_b1, term, d_bo), self._total(term, cell, 1 / n)]

    def _total(self, term, cell, factor: float) -> Callable[[], object]:
        return self._launch("total", 1, term, cell, np.int64(term.size), np.float32(factor))

    # parameters
    def regularize(self, w, dw, constants: Constants, l1: bool, l2: bool) -> Calls:
        return [self._each("regularize", w.size, w, dw, constants.device, np.int32(l1), np.int32(l2), np.int64(w.size))]

    def guard(self, g, cell, constants: Constants, clip: bool, judge) -> Calls:
        """`judge` is the kernel of that name; the host's is not asked."""
        n = np.int64(g.size)
        return [
            self._launch("squares", PARTS, g, self._part, n),
            self._launch("judge", 1, self._part, np.int32(PARTS), cell, constants.device, np.int32(clip), self.status, self.report),
        ]

    def update(self, name: str, p, g, slots, before, constants: Constants, clip: bool = False) -> Calls:
        kernel = "update_adam" if name == "adamw" else f"update_{name}"
        return [self._each(kernel, p.size, p, g, *slots, before, constants.device, self.status, np.int64(p.size))]

    def shrink(self, w, before, alive, constants: Constants) -> Calls:
        return [self._each("shrink", w.size, w, before, alive, constants.device, self.status, np.int64(w.size))]

    def watch(self, kept, cell) -> Calls:
        return [self._launch("watch", 1, kept, cell, np.int64(kept.size))]

    def keep(self, p, made, before) -> Calls:
        return [self._each("keep", p.size, p, made, before, self.status, np.int64(p.size))]

    def finish(self) -> Calls:
        """Count the step on the device, if it was finite."""
        return [self._launch("finish_step", 1, self.status, self.report)]
