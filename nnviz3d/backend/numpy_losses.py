"""Losses on numpy: bound calls that write the mean loss into `cell` (a 1-element array) and its gradient into `d`.

On logits: cross-entropy (with softmax) and binary cross-entropy (with sigmoid); they also write the probabilities into `a`, and `d` is
dL/dz. On activations: mse, half_mse, huber; there `d` is dL/da. Means are PyTorch's (over batch and outputs; cross-entropy and
Playground's half_mse over the batch). Targets are rows `t_bo`. No regularisation here. `f_b1`: what each row's loss and gradient are
multiplied by (the weight of its class, from `weigh`), or None.
"""

from __future__ import annotations

from functools import partial as bind

import numpy as np

from nnviz3d.backend.numpy_activations import highest, spread


def weigh(t_bo, weights_o, low: float, f_b1):
    """f = the weight of each row's class: t is `low` but for a 1 at the class."""
    column = (np.asarray(weights_o, np.float64) / (1 - low)).astype(t_bo.dtype).reshape(-1, 1)
    base = t_bo.dtype.type(-low * column.sum(dtype=np.float64))
    return [bind(np.dot, t_bo, column, f_b1), bind(np.add, f_b1, base, f_b1)]


def _rows(x_bo, f_b1, out_bo):
    """out = x f, row by row."""
    return [] if f_b1 is None else [bind(np.multiply, x_bo, f_b1, out_bo)]


def softmax_cross_entropy(z_bo, t_bo, a_bo, d_bo, cell, scratch, f_b1=None):
    """-sum_o t log softmax(z), mean over the batch; t sums to 1 in each row."""
    batch, n = z_bo.shape
    row = np.empty((batch, 1), z_bo.dtype)
    shifted, s = scratch(0), scratch(1)
    found = t_bo if f_b1 is None else np.empty_like(z_bo)
    flat_z, flat_t, flat_row, column = shifted.reshape(-1), found.reshape(-1), row.reshape(-1), np.ones((n, 1), z_bo.dtype)
    ones = np.ones(batch, z_bo.dtype) if f_b1 is None else f_b1.reshape(-1)
    share = z_bo.dtype.type(1 / batch)

    def mean():
        cell[0] = (flat_row.dot(ones) - flat_z.dot(flat_t)) * share

    return [
        highest(z_bo, row),
        *spread(np.subtract, z_bo, row, shifted, s),
        bind(np.exp, shifted, a_bo),
        bind(np.dot, a_bo, column, row),
        *spread(np.divide, a_bo, row, a_bo, s),
        bind(np.log, row, row),
        *_rows(t_bo, f_b1, found),
        mean,
        bind(np.subtract, a_bo, t_bo, d_bo),
        bind(np.multiply, d_bo, share, d_bo),
        *_rows(d_bo, f_b1, d_bo),
    ]


def sigmoid_bce(z_bo, t_bo, a_bo, d_bo, cell, scratch, f_b1=None):
    """max(z, 0) - z t + log(1 + exp(-|z|)), mean over batch and outputs."""
    s, share = scratch(0), z_bo.dtype.type(1 / z_bo.size)
    flat_s, flat_d, ones = s.reshape(-1), d_bo.reshape(-1), np.ones(z_bo.size, z_bo.dtype)

    def mean():
        cell[0] = (flat_s.dot(ones) + flat_d.dot(ones)) * share

    return [
        bind(np.abs, z_bo, s), bind(np.negative, s, s), bind(np.exp, s, s), bind(np.log1p, s, s),
        bind(np.maximum, z_bo, z_bo.dtype.type(0), out=d_bo), bind(np.add, s, d_bo, s),
        bind(np.multiply, z_bo, t_bo, d_bo), bind(np.negative, d_bo, d_bo),
        *_rows(s, f_b1, s), *_rows(d_bo, f_b1, d_bo), mean,
        bind(np.negative, z_bo, a_bo), bind(np.exp, a_bo, a_bo), bind(np.add, a_bo, 1.0, a_bo), bind(np.reciprocal, a_bo, a_bo),
        bind(np.subtract, a_bo, t_bo, d_bo), bind(np.multiply, d_bo, share, d_bo), *_rows(d_bo, f_b1, d_bo),
    ]  # fmt: skip


def squared(a_bo, t_bo, d_bo, cell, half: bool, f_b1=None):
    """mse: mean over batch and outputs of (a - t)^2; half: mean over the batch of 1/2 sum_o (a - t)^2 (Playground)."""
    share = 1 / a_bo.shape[0] if half else 2 / a_bo.size
    found = d_bo if f_b1 is None else np.empty_like(d_bo)
    flat, other, factor = d_bo.reshape(-1), found.reshape(-1), a_bo.dtype.type(share / 2)

    def mean():
        cell[0] = flat.dot(other) * factor

    return [bind(np.subtract, a_bo, t_bo, d_bo), *_rows(d_bo, f_b1, found), mean, bind(np.multiply, found, a_bo.dtype.type(share), d_bo)]


def huber(a_bo, t_bo, d_bo, cell, delta: float, scratch, f_b1=None):
    """1/2 e^2 where |e| <= delta, else delta (|e| - delta/2); mean over batch and outputs. With c = clip(e): c (e - c/2)."""
    s, share, limit = scratch(0), a_bo.dtype.type(1 / a_bo.size), a_bo.dtype.type(delta)
    c = scratch(1)
    flat_s, flat_c = s.reshape(-1), c.reshape(-1)

    def mean():
        cell[0] = flat_s.dot(flat_c) * share

    return [
        bind(np.subtract, a_bo, t_bo, d_bo), bind(np.minimum, d_bo, limit, out=c), bind(np.maximum, c, -limit, out=c),
        bind(np.multiply, c, -0.5, s), bind(np.add, s, d_bo, s), *_rows(s, f_b1, s), mean,
        bind(np.multiply, c, share, d_bo), *_rows(d_bo, f_b1, d_bo),
    ]  # fmt: skip
