"""Normalisation by the kernels of kernels_norm.cu: the counterpart of numpy_norm. Sums run in a fixed order; no atomics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nnviz3d.backend.numpy_norm import Calls, Into, NormOps


class KernelNormOps(NormOps):
    """A base of KernelOps, which has the memory and launches."""

    def _launch(self, name: str, blocks: int, *args) -> Callable[[], object]:
        raise NotImplementedError

    def _each(self, name: str, n: int, *args) -> Callable[[], object]:
        raise NotImplementedError

    def channel_statistics(self, x_rcs, kept: dict[str, Any], eps: float) -> Calls:
        for name in ("mean", "variance", "inverse"):
            kept[name] = self.zeros(x_rcs.shape[1])
        kept["x"] = x_rcs
        made = kept["mean"], kept["variance"], kept["inverse"]
        return [self._launch("channel_statistics", x_rcs.shape[1], x_rcs, *made, *_extents(x_rcs), np.float32(eps))]

    def running(self, old_c, batch_c, new_c, momentum: float, factor: float = 1.0) -> Calls:
        shares = np.float32(1 - momentum), np.float32(momentum * factor)
        return [self._each("running", new_c.size, old_c, batch_c, new_c, np.int32(new_c.size), *shares)]

    def channel_scale(self, weight_c, bias_c, kept: dict[str, Any], z_rcs) -> Calls:
        kept["weight"] = weight_c
        return [self._scaled(kept["x"], kept["mean"], kept["inverse"], weight_c, bias_c, z_rcs)]

    def channel_fixed(self, x_rcs, mean_c, variance_c, weight_c, bias_c, kept: dict[str, Any], z_rcs, eps: float) -> Calls:
        kept["inverse"], kept["weight"] = self.zeros(mean_c.size), weight_c
        inverse = self._each("inverse_deviation", mean_c.size, variance_c, kept["inverse"], np.int32(mean_c.size), np.float32(eps))
        return [inverse, self._scaled(x_rcs, mean_c, kept["inverse"], weight_c, bias_c, z_rcs)]

    def _scaled(self, x_rcs, mean_c, inverse_c, weight_c, bias_c, z_rcs) -> Callable[[], object]:
        n = x_rcs.size
        return self._each("channel_scale", n, x_rcs, mean_c, inverse_c, weight_c, bias_c, z_rcs, np.int64(n), *_extents(x_rcs)[1:])

    def channel_sums(self, d_rcs, x_rcs, mean_c, kept: dict[str, Any]) -> Calls:
        kept["sum"], kept["along"] = self.zeros(d_rcs.shape[1]), self.zeros(d_rcs.shape[1])
        args = d_rcs, x_rcs, kept.get("mean", mean_c), kept["sum"], kept["along"]
        return [self._launch("channel_sums", d_rcs.shape[1], *args, *_extents(d_rcs))]

    def channel_gradients(self, kept: dict[str, Any], dweight_c, dbias_c) -> Calls:
        n = dweight_c.size
        return [self._each("channel_gradients", n, kept["sum"], kept["along"], kept["inverse"], dweight_c, dbias_c, np.int32(n))]

    def channel_backward(self, d_rcs, x_rcs, kept: dict[str, Any], to: Into) -> Calls:
        return [self._returned(d_rcs, x_rcs, kept, (kept["mean"], kept["sum"], kept["along"]), to, False)]

    def channel_fixed_backward(self, d_rcs, kept: dict[str, Any], to: Into) -> Calls:
        unused = kept["inverse"]
        return [self._returned(d_rcs, d_rcs, kept, (unused, unused, unused), to, True)]

    def _returned(self, d_rcs, x_rcs, kept: dict[str, Any], sums: tuple, to: Into, fixed: bool) -> Callable[[], object]:
        mean, total, along = sums
        n, share = d_rcs.size, np.float32(1 / (d_rcs.shape[0] * d_rcs.shape[2]))
        args = d_rcs, x_rcs, mean, kept["inverse"], kept["weight"], total, along, to.d
        return self._each("channel_backward", n, *args, np.int64(n), *_extents(d_rcs)[1:], share, np.int32(fixed), np.int32(to.add))

    def row_norm(self, x_rd, weight_d, bias_d, kept: dict[str, Any], z_rd, eps: float, centre: bool) -> Calls:
        rows, width = x_rd.shape
        for name in ("mean", "variance", "inverse"):
            kept[name] = self.zeros(rows)
        kept["normal"] = self.zeros(x_rd.shape)
        args = x_rd, weight_d, weight_d if bias_d is None else bias_d, kept["normal"], kept["mean"], kept["variance"], kept["inverse"], z_rd
        return [self._launch("row_norm", rows, *args, np.int32(rows), np.int32(width), np.float32(eps), np.int32(centre))]

    def row_backward(self, d_rd, weight_d, kept: dict[str, Any], to: Into | None, gradients: tuple[Any, Any] | None, centre: bool) -> Calls:
        calls: Calls = []
        if gradients is not None:
            calls += [self._row_gradients(d_rd, kept, *gradients)]
        if to is not None:
            calls += [self._row_returned(d_rd, weight_d, kept, to, centre)]
        return calls

    def _row_gradients(self, d_rd, kept: dict[str, Any], dweight_d, dbias_d) -> Callable[[], object]:
        rows, width = d_rd.shape
        args = d_rd, kept["normal"], dweight_d, dweight_d if dbias_d is None else dbias_d
        return self._each("row_gradients", width, *args, np.int32(rows), np.int32(width), np.int32(dbias_d is not None))

    def _row_returned(self, d_rd, weight_d, kept: dict[str, Any], to: Into, centre: bool) -> Callable[[], object]:
        rows, width = d_rd.shape
        kept["back"], kept["along"] = self.zeros(rows), self.zeros(rows)
        args = d_rd, weight_d, kept["normal"], kept["inverse"], kept["back"], kept["along"], to.d
        return self._launch("row_backward", rows, *args, np.int32(rows), np.int32(width), np.int32(centre), np.int32(to.add))


def _extents(x_rcs) -> tuple[np.int32, np.int32, np.int32]:
    """Rows, channels, places."""
    rows, channels, places = map(np.int32, x_rcs.shape)
    return rows, channels, places
