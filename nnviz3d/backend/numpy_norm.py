"""Normalisation on numpy: bound calls, cut into blocks that stay in the cache. Formulas are PyTorch's.

By channel, over the rows of a batch and the places of a channel: an array is seen as (rows, channels, places). By row: as (rows, width).
`kept` holds what forward leaves to backward, to the update and to explanations, allocated when calls are bound:
by channel  centred = x - mean;  mean, variance, inverse = 1 / sqrt(variance + eps);  factor = weight inverse;  sums of d and of d centred
by row      normal = (x - mean) inverse;  mean, variance (of rms: the mean square), inverse;  back and along: the means that are taken off
Sums are products with ones: BLAS needs 16 us for the sums of 512 rows of 784, `einsum` 38 us. A number of each channel is spread over a
whole block once a step, because numpy's own broadcasting allocates buffers at every call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial as bind
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

Calls = list[Callable[[], object]]
BLOCK = 1 << 15  # elements of a block


class Into(NamedTuple):
    """Where a gradient by the input goes: it is written, or added."""

    d: Any
    add: bool


def blocks(rows: int, width: int) -> list[slice]:
    """[0, rows) in stretches of nearly equal length, about BLOCK numbers each."""
    count = max(1, min(rows, round(rows * width / BLOCK)))
    return [slice(a, b) for a, b in pairwise(rows * k // count for k in range(count + 1))]


class NormOps:
    """A base of NumpyOps, which has the memory. Arrays are C-contiguous."""

    dtype: np.dtype

    def zeros(self, shape, dtype=None) -> Any:
        raise NotImplementedError

    def _room(self, shape) -> Callable[[int], Any]:
        raise NotImplementedError

    # by channel

    def channel_statistics(self, x_rcs, kept: dict[str, Any], eps: float) -> Calls:
        """Mean, variance (1/n) and inverse deviation of each channel, and the centred numbers."""
        for name in ("mean", "variance", "inverse", "factor"):
            kept[name] = self.zeros(x_rcs.shape[1])
        centred = kept["centred"] = self.zeros(x_rcs.shape)
        count = x_rcs.shape[0] * x_rcs.shape[2]
        cut = _Blocks(self, x_rcs.shape)
        calls = cut.sums(x_rcs, kept["mean"], 1 / count)
        mean, square = cut.wide(kept["mean"], 0, calls), cut.room(1)
        made: list[Calls] = []
        for r in cut.slices:
            s = square[: r.stop - r.start]
            made.append([bind(np.subtract, x_rcs[r], mean[: len(s)], centred[r]), bind(np.multiply, centred[r], centred[r], s)])
        calls += cut.summed(made, square, kept["variance"], 1 / count)
        return calls + _inverse(kept["variance"], kept["inverse"], eps)

    def running(self, old_c, batch_c, new_c, momentum: float, factor: float = 1.0) -> Calls:
        """new = (1 - momentum) old + momentum factor batch."""
        s, number = self.zeros(new_c.shape), self.dtype.type
        return [
            bind(np.multiply, old_c, number(1 - momentum), new_c), bind(np.multiply, batch_c, number(momentum * factor), s),
            bind(np.add, new_c, s, new_c),
        ]  # fmt: skip

    def channel_scale(self, weight_c, bias_c, kept: dict[str, Any], z_rcs) -> Calls:
        """z = centred inverse weight + bias."""
        cut = _Blocks(self, z_rcs.shape)
        calls: Calls = [bind(np.multiply, weight_c, kept["inverse"], kept["factor"])]
        factor, bias = cut.wide(kept["factor"], 0, calls), cut.wide(bias_c, 1, calls)
        return calls + cut.affine(kept["centred"], factor, bias, z_rcs)

    def channel_fixed(self, x_rcs, mean_c, variance_c, weight_c, bias_c, kept: dict[str, Any], z_rcs, eps: float) -> Calls:
        """The same with a mean and a variance that are given: z = x factor + (bias - mean factor)."""
        for name in ("inverse", "factor", "shift"):
            kept[name] = self.zeros(mean_c.size)
        inverse, factor, shift = kept["inverse"], kept["factor"], kept["shift"]
        calls = _inverse(variance_c, inverse, eps)
        calls += [bind(np.multiply, weight_c, inverse, factor), bind(np.multiply, mean_c, factor, shift)]
        calls += [bind(np.subtract, bias_c, shift, shift)]
        cut = _Blocks(self, x_rcs.shape)
        return calls + cut.affine(x_rcs, cut.wide(factor, 0, calls), cut.wide(shift, 1, calls), z_rcs)

    def channel_sums(self, d_rcs, x_rcs, mean_c, kept: dict[str, Any]) -> Calls:
        """Sums of d and of d (x - mean) over each channel; `mean_c` counts where nothing centred is kept."""
        kept["sum"], kept["along"] = self.zeros(d_rcs.shape[1]), self.zeros(d_rcs.shape[1])
        cut = _Blocks(self, d_rcs.shape)
        calls, made, s = cut.sums(d_rcs, kept["sum"], 1.0), [], cut.room(1)
        centred = kept.get("centred")
        mean = cut.wide(mean_c, 0, calls) if centred is None else None
        for r in cut.slices:
            t = s[: r.stop - r.start]
            first = [] if mean is None else [bind(np.subtract, x_rcs[r], mean[: len(t)], t)]
            made.append([*first, bind(np.multiply, d_rcs[r], t if centred is None else centred[r], t)])
        return calls + cut.summed(made, s, kept["along"], 1.0)

    def channel_gradients(self, kept: dict[str, Any], dweight_c, dbias_c) -> Calls:
        """Of scale and shift, from the sums."""
        return [bind(np.multiply, kept["along"], kept["inverse"], dweight_c), bind(np.copyto, dbias_c, kept["sum"])]

    def channel_backward(self, d_rcs, x_rcs, kept: dict[str, Any], to: Into) -> Calls:
        """dx = factor (d - mean of d - centred inverse^2 mean of d centred)."""
        number, count = self.dtype.type, d_rcs.shape[0] * d_rcs.shape[2]
        kept["back"], kept["pull"] = self.zeros(d_rcs.shape[1]), self.zeros(d_rcs.shape[1])
        back, pull, inverse = kept["back"], kept["pull"], kept["inverse"]
        calls: Calls = [
            bind(np.multiply, kept["sum"], number(1 / count), back), bind(np.multiply, kept["along"], number(1 / count), pull),
            bind(np.multiply, pull, inverse, pull), bind(np.multiply, pull, inverse, pull),
        ]  # fmt: skip
        cut = _Blocks(self, d_rcs.shape)
        mean, along, factor = (cut.wide(values, k, calls) for k, values in enumerate((back, pull, kept["factor"])))
        centred, out, room = kept["centred"], to.d.reshape(d_rcs.shape), cut.room(3)
        for r in cut.slices:
            n = r.stop - r.start
            s = room[:n]
            calls += [
                bind(np.multiply, centred[r], along[:n], s), bind(np.subtract, d_rcs[r], s, s), bind(np.subtract, s, mean[:n], s),
                bind(np.multiply, s, factor[:n], s if to.add else out[r]), *([bind(np.add, out[r], s, out[r])] if to.add else ()),
            ]  # fmt: skip
        return calls

    def channel_fixed_backward(self, d_rcs, kept: dict[str, Any], to: Into) -> Calls:
        """dx = factor d, where mean and variance were given."""
        calls: Calls = []
        cut, out = _Blocks(self, d_rcs.shape), to.d.reshape(d_rcs.shape)
        factor, room = cut.wide(kept["factor"], 0, calls), cut.room(1)
        for r in cut.slices:
            n = r.stop - r.start
            made = room[:n] if to.add else out[r]
            calls += [bind(np.multiply, d_rcs[r], factor[:n], made), *([bind(np.add, out[r], made, out[r])] if to.add else ())]
        return calls

    # by row

    def row_norm(self, x_rd, weight_d, bias_d, kept: dict[str, Any], z_rd, eps: float, centre: bool) -> Calls:
        """z = weight (x - mean) / sqrt(variance + eps) + bias; without `centre` the mean is 0 and there is no bias."""
        rows, width = x_rd.shape
        for name in ("mean", "variance", "inverse"):
            kept[name] = self.zeros(rows)
        normal = kept["normal"] = self.zeros(x_rd.shape)
        mean, variance, inverse = kept["mean"], kept["variance"], kept["inverse"]
        share = np.full(width, 1 / width, self.dtype)
        calls: Calls = []
        slices = blocks(rows, width)
        room = self._room((max(r.stop - r.start for r in slices), width))
        scale, shift = room(1), room(2)
        calls += [bind(np.copyto, scale, weight_d)] + ([bind(np.copyto, shift, bias_d)] if centre else [])
        for r in slices:
            n = r.stop - r.start
            x, h, z, s = x_rd[r], normal[r], z_rd[r], room(0)[:n]
            if centre:
                calls += [bind(np.dot, x, share, mean[r]), bind(np.copyto, s, mean[r].reshape(-1, 1)), bind(np.subtract, x, s, h)]
            calls += [bind(np.multiply, h if centre else x, h if centre else x, s), bind(np.dot, s, share, variance[r])]
            calls += _inverse(variance[r], inverse[r], eps)
            calls += [bind(np.copyto, s, inverse[r].reshape(-1, 1)), bind(np.multiply, h if centre else x, s, h)]
            calls += [bind(np.multiply, h, scale[:n], z)] + ([bind(np.add, z, shift[:n], z)] if centre else [])
        return calls

    def row_backward(self, d_rd, weight_d, kept: dict[str, Any], to: Into | None, gradients: tuple[Any, Any] | None, centre: bool) -> Calls:
        """Of scale and shift, where `gradients` (of the shift None without `centre`) are wanted: sums over the rows of d normal, and of d.
        By the input, where `to` is: dx = inverse (d weight - mean of d weight - normal mean of (d weight normal)), means over the row.
        """
        rows, width = d_rd.shape
        slices = blocks(rows, width)
        room = self._room((max(r.stop - r.start for r in slices), width))
        part, ones = self.zeros((len(slices), width)), np.ones(rows, self.dtype)
        calls, back = self._row_means(weight_d, kept, rows, width, room(2)) if to is not None else ([], None)
        for k, r in enumerate(slices):
            s = room(0)[: r.stop - r.start]
            calls += [bind(np.multiply, d_rd[r], kept["normal"][r], s)]  # both need it
            calls += [bind(np.dot, ones[: len(s)], s, part[k])] if gradients else []
            if to is not None and back is not None:
                out = to.d.reshape(d_rd.shape)[r]
                calls += self._row_returned(d_rd[r], kept, r, (s, room(1)[: len(s)], room(2)[: len(s)]), back, Into(out, to.add), centre)
        if gradients is None:
            return calls
        dweight_d, dbias_d = gradients
        calls += [bind(np.dot, ones[: len(slices)], part, dweight_d)]
        return calls if dbias_d is None else [*calls, bind(np.dot, ones, d_rd, dbias_d)]

    def _row_means(self, weight_d, kept: dict[str, Any], rows: int, width: int, scale) -> tuple[Calls, Any]:
        """Room for the means that are taken off; weight / width, by which they are sums; the weight spread over a block."""
        kept["back"], kept["along"] = self.zeros(rows), self.zeros(rows)
        share = self.zeros(width)
        return [bind(np.multiply, weight_d, self.dtype.type(1 / width), share), bind(np.copyto, scale, weight_d)], share

    def _row_returned(self, d, kept: dict[str, Any], r: slice, rooms: tuple, share, to: Into, centre: bool) -> Calls:
        """Of one block; the first room holds d normal."""
        s, g, scale = rooms
        back, along, inverse = (kept[name][r] for name in ("back", "along", "inverse"))
        calls: Calls = [bind(np.dot, s, share, along), bind(np.multiply, d, scale, g)]
        calls += [bind(np.copyto, s, along.reshape(-1, 1)), bind(np.multiply, kept["normal"][r], s, s), bind(np.subtract, g, s, g)]
        if centre:
            calls += [bind(np.dot, d, share, back), bind(np.copyto, s, back.reshape(-1, 1)), bind(np.subtract, g, s, g)]
        calls += [bind(np.copyto, s, inverse.reshape(-1, 1)), bind(np.multiply, g, s, g if to.add else to.d)]
        return calls + ([bind(np.add, to.d, g, to.d)] if to.add else [])


def _inverse(variance, inverse, eps: float) -> Calls:
    """1 / sqrt(variance + eps)."""
    return [
        bind(np.add, variance, variance.dtype.type(eps), inverse),
        bind(np.sqrt, inverse, inverse),
        bind(np.reciprocal, inverse, inverse),
    ]


class _Blocks:
    """An array (rows, channels, places) cut along its rows, and sums over all but the channels."""

    def __init__(self, ops: NormOps, shape: tuple[int, ...]):
        self.rows, self.channels, self.places = shape
        self.slices = blocks(self.rows, self.channels * self.places)
        self.longest = max(r.stop - r.start for r in self.slices)
        self.ops, self.dtype = ops, ops.dtype
        self.room = ops._room((self.longest, self.channels, self.places))
        self._by_row = self.places > 1  # else sums go down the rows of a block
        self._part = ops.zeros((self.rows if self._by_row else len(self.slices), self.channels))

    def wide(self, values_c, k: int, calls: Calls) -> Any:
        """Scratch k, with a number of each channel spread over a block, by a call that is added to `calls`."""
        room = self.room(k)
        calls.append(bind(np.copyto, room, values_c.reshape(1, -1, 1)))
        return room

    def affine(self, x, factor, shift, out) -> Calls:
        """out = x factor + shift, which are wide."""
        ends: Iterator[tuple[slice, int]] = ((r, r.stop - r.start) for r in self.slices)
        return [
            call
            for r, n in ends
            for call in (bind(np.multiply, x[r], factor[:n], out[r]), bind(np.add, out[r], shift[:n], out[r]))
        ]  # fmt: skip

    def sums(self, x, out_c, share: float) -> Calls:
        """out = share times the sum of x over all but the channels."""
        if not self._by_row:
            return [bind(np.dot, np.full(self.rows, share, self.dtype), x.reshape(self.rows, -1), out_c)]
        each = bind(np.dot, x.reshape(-1, self.places), np.ones(self.places, self.dtype), self._part.reshape(-1))
        return [each, bind(np.dot, np.full(self.rows, share, self.dtype), self._part, out_c)]

    def summed(self, made: list[Calls], room, out_c, share: float) -> Calls:
        """The same of what the calls `made` of each block leave in `room`."""
        calls: Calls = []
        for k, (r, block) in enumerate(zip(self.slices, made, strict=True)):
            n = r.stop - r.start
            if self._by_row:
                into = self._part[r].reshape(-1)
                calls += [*block, bind(np.dot, room[:n].reshape(-1, self.places), np.ones(self.places, self.dtype), into)]
            else:
                calls += [*block, bind(np.dot, np.ones(n, self.dtype), room[:n].reshape(n, -1), self._part[k])]
        return [*calls, bind(np.dot, np.full(len(self._part), share, self.dtype), self._part, out_c)]
