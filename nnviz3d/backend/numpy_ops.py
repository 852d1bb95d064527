"""NumpyOps: the reference. Every method *binds*: it gets preallocated arrays and returns a list of calls without arguments.

The engine strings these lists into one flat plan per batch size and only calls it, so a step allocates nothing and costs
little more than its BLAS and ufunc calls. Long work is cut into calls of a few milliseconds, so that a frame can end between two.
CupyOps has the same methods; tests run one suite over both. Holds scratch memory; knows nothing of networks.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial as bind

import numpy as np

from nnviz3d.backend import numpy_activations, numpy_losses, numpy_updates
from nnviz3d.backend.calls import Calls, cuts, run_all
from nnviz3d.backend.constants import Constants
from nnviz3d.backend.numpy_activations import spread
from nnviz3d.backend.numpy_conv import ConvOps
from nnviz3d.backend.numpy_norm import NormOps
from nnviz3d.backend.numpy_pool import PoolOps
from nnviz3d.backend.numpy_tokens import TokenOps

BLOCK = 1 << 15  # elements a pass of elementwise calls: four float32 arrays of 128 kB stay in a 1 MB second-level cache
PIECE = 1 << 19  # elements of optimiser work in one call, about 1 ms
FLOP = 6e8  # of one GEMM call: 3 ms at 190 GFLOP/s (two Zen cores); cut at 2e8 each product costs 1.4 times as much


class NumpyOps(ConvOps, PoolOps, NormOps, TokenOps):
    """`why` says in one sentence how this backend was chosen; `dtype` is float32, or float64 for gradient checks."""

    name = "cpu"
    xp = np
    asynchronous = False

    def __init__(self, dtype: str = "float32", why: str = "numpy on the processor"):
        self.dtype = np.dtype(dtype)
        self.why = why
        self._scratch: dict[int, np.ndarray] = {}

    def apart(self) -> NumpyOps:
        """The same with scratch memory of its own, for a plan that is left half done while others run."""
        return self if self.asynchronous else type(self)(self.dtype.name, self.why)

    # memory
    def zeros(self, shape, dtype=None) -> np.ndarray:
        return np.zeros(shape, dtype or self.dtype)

    def asarray(self, host, dtype=None) -> np.ndarray:
        """C-contiguous on the device; not a copy where that is not needed."""
        return np.ascontiguousarray(host, dtype or self.dtype)

    def to_host(self, array) -> np.ndarray:
        """On the host; the same array where it already is there."""
        return array

    def write(self, host, array) -> None:
        """array[...] = host, in the array's type."""
        np.copyto(array, host, casting="same_kind")

    def constants(self) -> Constants:
        return Constants(self.dtype)

    def begin(self, constants: Constants) -> None:
        """Carry the constants over; on the host there is nothing to carry."""

    def _room(self, shape) -> Callable[[int], np.ndarray]:
        """scratch(k): the k-th shared scratch array of this shape; scratch(-1) is bool. Bound calls never run at the same time."""
        size = int(np.prod(shape))

        def scratch(k: int) -> np.ndarray:
            arena = self._scratch.get(k)
            if arena is None or arena.size < size:
                arena = self._scratch[k] = np.empty(size, bool if k < 0 else self.dtype)
            return arena[:size].reshape(shape)

        return scratch

    # batch
    def take(self, source_n, index_b, out_b) -> Calls:
        """out = source[index]; indices are known to be in range, so mode "clip" saves a buffered copy."""
        return [bind(source_n.take, index_b, 0, out_b, "clip")]

    def mask(self, a_bo, mask_bo, out_bo) -> Calls:
        """out = a mask (dropout, both ways)."""
        return [bind(np.multiply, a_bo, mask_bo, out_bo)]

    def copy(self, x, out, add: bool = False) -> Calls:
        """out = x, or out += x."""
        return [bind(np.add, out, x, out) if add else bind(np.copyto, out, x)]

    def take_columns(self, x_bi, order_o, out_bo, add: bool = False) -> Calls:
        """out[:, j] = x[:, order[j]], or out += it; each column of x is taken once."""
        if not add:
            return [bind(x_bi.take, order_o, 1, out_bo, "clip")]
        made = self._room(out_bo.shape)(0)
        return [bind(x_bi.take, order_o, 1, made, "clip"), bind(np.add, out_bo, made, out_bo)]

    def write_columns(self, x_bi, out_bo, first: int, width: int, total: int) -> Calls:
        """Rows of `width` numbers become the columns from `first` of rows of `total`: out[:, first : first + width] = x."""
        return [bind(np.copyto, out_bo.reshape(-1, total)[:, first : first + width], x_bi.reshape(-1, width))]

    def read_columns(self, x_bo, out_bi, first: int, width: int, total: int, add: bool = False) -> Calls:
        """The reverse: out = x[:, first : first + width], or out += it."""
        columns, rows = x_bo.reshape(-1, total)[:, first : first + width], out_bi.reshape(-1, width)
        return [bind(np.add, rows, columns, rows) if add else bind(np.copyto, rows, columns)]

    # layers
    def affine(self, x_bi, w_oi, z_bo) -> Calls:
        """z = x w^T, cut along the batch."""
        rows = int(FLOP / (2 * w_oi.size)) or 1
        return [bind(np.dot, x_bi[r], w_oi.T, z_bo[r]) for r in cuts(len(x_bi), max(16, rows))]

    def activate(self, kind: str, z_bo, b_o, a_bo) -> Calls:
        """z += b (where there is one); a = f(z). `a` may be `z` for the kinds whose derivative needs only `a`."""
        calls = []
        for z, a in self._blocks(z_bo, a_bo):
            scratch = self._room(z.shape)
            calls += [] if b_o is None else spread(np.add, z, b_o, z, scratch(0))
            if kind == "softmax":
                calls += numpy_activations.softmax(z, a, np.empty((len(z), 1), z.dtype), scratch(0))
            else:
                calls += numpy_activations.forward[kind](z, z if a_bo is z_bo else a, scratch)
        return calls

    def activate_backward(self, kind: str, d_bo, z_bo, a_bo) -> Calls:
        """d *= f'(z), from z or from a = f(z). For softmax: d = a (d - sum_o d a)."""
        calls = []
        for d, z, a in self._blocks(d_bo, z_bo, a_bo):
            scratch = self._room(d.shape)
            if kind == "softmax":
                row, s, ones = np.empty((len(d), 1), d.dtype), scratch(0), np.ones((d.shape[1], 1), d.dtype)
                calls += [bind(np.multiply, d, a, s), bind(np.dot, s, ones, row)]
                calls += [*spread(np.subtract, d, row, d, s), bind(np.multiply, d, a, d)]
            else:
                calls += numpy_activations.backward[kind](d, z, a, scratch)
        return calls

    def weight_gradient(self, d_bo, x_bi, dw_oi) -> Calls:
        """dw = d^T x, cut along the outputs."""
        rows = int(FLOP / (2 * x_bi.size)) or 1
        return [bind(np.dot, d_bo.T[r], x_bi, dw_oi[r]) for r in cuts(len(dw_oi), max(16, rows))]

    def bias_gradient(self, d_bo, db_o) -> Calls:
        """db = sum_b d, as a product with ones: 0.5 us against 1.4 us for `add.reduce` at (32, 48)."""
        return [bind(np.dot, np.ones(len(d_bo), d_bo.dtype), d_bo, db_o)]

    def input_gradient(self, d_bo, w_oi, dx_bi, add: bool = False) -> Calls:
        """dx = d w, or dx += d w; cut along the batch."""
        calls, rows = [], int(FLOP / (2 * w_oi.size)) or 1
        for r in cuts(len(d_bo), max(16, rows)):
            made = self._room(dx_bi[r].shape)(0) if add else dx_bi[r]
            calls += [bind(np.dot, d_bo[r], w_oi, made), *(self.copy(made, dx_bi[r], add=True) if add else ())]
        return calls

    # losses: cell[0] = mean loss, d = its gradient by z (on logits) or by a; f_b1 multiplies the rows of both, from `weigh`
    def weigh(self, t_bo, weights: tuple[float, ...], low: float, f_b1) -> Calls:
        """f = the weight of each row's class."""
        return numpy_losses.weigh(t_bo, weights, low, f_b1)

    def cross_entropy(self, z_bo, t_bo, a_bo, d_bo, cell, f_b1=None) -> Calls:
        return numpy_losses.softmax_cross_entropy(z_bo, t_bo, a_bo, d_bo, cell, self._room(z_bo.shape), f_b1)

    def bce(self, z_bo, t_bo, a_bo, d_bo, cell, f_b1=None) -> Calls:
        return numpy_losses.sigmoid_bce(z_bo, t_bo, a_bo, d_bo, cell, self._room(z_bo.shape), f_b1)

    def squared(self, a_bo, t_bo, d_bo, cell, half: bool, f_b1=None) -> Calls:
        return numpy_losses.squared(a_bo, t_bo, d_bo, cell, half, f_b1)

    def huber(self, a_bo, t_bo, d_bo, cell, delta: float, f_b1=None) -> Calls:
        return numpy_losses.huber(a_bo, t_bo, d_bo, cell, delta, self._room(a_bo.shape), f_b1)

    # parameters
    def regularize(self, w, dw, constants: Constants, l1: bool, l2: bool) -> Calls:
        """dw += l1 sign(w) + l2 w over one stretch of weights."""
        return [
            call
            for r in cuts(w.size, BLOCK)
            for call in numpy_updates.regularize(w[r], dw[r], constants.view, l1, l2, self._room(w[r].shape)(0))
        ]

    def guard(self, g, cell, constants: Constants, clip: bool, judge: Callable[[float, float], None]) -> Calls:
        """judge(loss, norm) before the update may raise; then scale = min(1, clip / (norm + 1e-6)) as PyTorch's clip_grad_norm_, which
        the update multiplies `g` by: `g` itself stays what it is."""
        limit = constants.view("clip")

        def look():
            norm = float(g.dot(g)) ** 0.5  # float32 overflow to inf is on purpose: then v = g^2 would not be finite either
            scale = float(limit) / (norm + 1e-6) if clip else 1.0
            judge(float(cell[0]), norm * min(scale, 1.0))
            if clip:
                constants.set(scale=min(scale, 1.0))

        return [look]

    def update(self, name: str, p, g, slots, before, constants: Constants, clip: bool = False) -> Calls:
        """One pass of the optimiser over the arena, cache-blocked; with `clip` by the gradient times `scale`.

        A second thread gains nothing: at 1.9 M parameters 3.8 ms against 4.1 ms, its calls of 5 us wait for each other's interpreter lock.
        """
        blocks = []
        for r in cuts(p.size, BLOCK):
            room = self._room(p[r].shape)
            used = room(1) if clip else g[r]
            calls = [bind(np.multiply, g[r], constants.view("scale"), used)] if clip else []
            blocks.append(calls + numpy_updates.update(name, p[r], used, [s[r] for s in slots], before[r], constants.view, room(0)))
        if p.size <= PIECE:
            return [call for block in blocks for call in block]
        return [bind(run_all, [call for block in blocks[r] for call in block]) for r in cuts(len(blocks), PIECE // BLOCK)]

    def shrink(self, w, before, alive, constants: Constants) -> Calls:
        """Playground's L1 with its dead-at-zero rule over one stretch of weights."""
        calls = []
        for r in cuts(w.size, BLOCK):
            room = self._room(w[r].shape)
            calls += numpy_updates.shrink(w[r], before[r], alive[r], constants.view, room(0), room(1), room(-1))
        return calls

    def watch(self, kept, cell) -> Calls:
        """Where a number that the step would keep is not finite, neither is its loss."""
        flat, zeros = kept.reshape(-1), np.zeros(kept.size, kept.dtype)

        def look():
            cell[0] += flat.dot(zeros)

        return [look]

    def keep(self, p, made, before) -> Calls:
        """before = p, p = made: numbers that a step keeps, after the guard."""
        return [bind(np.copyto, before, p), bind(np.copyto, p, made)]

    def finish(self) -> Calls:
        """What closes a step; the host counts by itself."""
        return []

    # of a device that runs ahead (`asynchronous`)
    def graph(self, calls: Calls) -> Calls:
        """The same work as fewer calls, where the device can."""
        return calls

    def verdict(self) -> tuple[bool, int, float]:
        """(a step was not finite, steps finished since `forget`, loss of the last one); the host judges each step by itself."""
        return False, 0, float("nan")

    def forget(self) -> None:
        """Steps are counted from here."""

    @staticmethod
    def _blocks(*arrays):
        """The arrays cut along their first axis into cache-sized blocks; the same block once where two arguments are one array."""
        batch, n = arrays[0].shape
        for r in cuts(batch, max(1, BLOCK // n)):
            yield tuple(array[r] for array in arrays)
