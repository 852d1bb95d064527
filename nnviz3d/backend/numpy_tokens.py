"""Sequences on numpy: rows of tables by number, attention as stacks of matrix products, cross-entropy at every scored token.

A tensor (T, D) or (heads, T, T) of each sample is a row of (B, size), C-contiguous; what is here sees it with its axes, and never copies it
for that: BLAS takes a head as columns of the features. `KernelOps` replaces what stands below "pieces"; the rest is the same there.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial as bind
from typing import Any

import numpy as np

from nnviz3d.backend.numpy_activations import highest, spread

Calls = list[Callable[[], object]]
SHORT = 32  # numbers of a row up to which its columns are gone through
ONE_HOT = 512  # tokens up to which the gradient of a table is a product with rows of 0 and 1; of more it is summed in order


class TokenOps:
    """A part of `NumpyOps`."""

    xp: Any
    zeros: Any
    asarray: Any
    copy: Any
    _room: Any

    # attention
    def scores(self, q_bi, k_bi, z_bo, heads: int, queries: int, keys: int, causal: bool) -> Calls:
        """z = q k^T / sqrt(d); 0 where a key comes after its query."""
        q, k, z = _rows(q_bi, queries, heads), _turned(_rows(k_bi, keys, heads)), _cells(z_bo, heads, queries, keys)
        return [*self._heads_product(q_bi, q, k_bi, k, z_bo, z), *self._times_row(z_bo, self._factor(q, queries, keys, causal), z_bo)]

    def scores_backward(self, d_bo, x, dx, heads: int, queries: int, keys: int, causal: bool) -> Calls:
        """dq = d k / sqrt(d), dk = d^T q / sqrt(d)."""
        (q_bi, k_bi), scaled = x, self.zeros(d_bo.shape)
        q, k, d = _rows(q_bi, queries, heads), _rows(k_bi, keys, heads), _cells(scaled, heads, queries, keys)
        calls = self._times_row(d_bo, self._factor(q, queries, keys, causal), scaled)
        if (to := dx[0]) is not None:
            calls += self._into(to, lambda out: self._heads_product(scaled, d, k_bi, k, out, _rows(out, queries, heads)))
        if (to := dx[1]) is not None:
            calls += self._into(to, lambda out: self._heads_product(scaled, _turned(d), q_bi, q, out, _rows(out, keys, heads)))
        return calls

    def mix(self, w_bi, v_bi, z_bo, heads: int, queries: int, keys: int, causal: bool) -> Calls:
        """z = w v, head by head."""
        calls, w_bi = self._seen(w_bi, queries, keys, causal)
        w, v = _cells(w_bi, heads, queries, keys), _rows(v_bi, keys, heads)
        return calls + self._heads_product(w_bi, w, v_bi, v, z_bo, _rows(z_bo, queries, heads))

    def mix_backward(self, d_bo, x, dx, heads: int, queries: int, keys: int, causal: bool) -> Calls:
        """dw = d v^T, dv = w^T d."""
        w_bi, v_bi = x
        v, d, calls = _turned(_rows(v_bi, keys, heads)), _rows(d_bo, queries, heads), []
        if (to := dx[0]) is not None:

            def weights(out) -> Calls:
                made = self._heads_product(d_bo, d, v_bi, v, out, _cells(out, heads, queries, keys))
                return made + (self._times_row(out, self._mask(queries, keys), out) if causal else [])

            calls += self._into(to, weights)
        if (to := dx[1]) is not None:
            masked, w_bi = self._seen(w_bi, queries, keys, causal)
            w = _turned(_cells(w_bi, heads, queries, keys))
            calls += masked + self._into(to, lambda out: self._heads_product(w_bi, w, d_bo, d, out, _rows(out, keys, heads)))
        return calls

    def _into(self, to, make: Callable[[Any], Calls]) -> Calls:
        """dx = what `make` makes, or dx += it."""
        if not to.add:
            return make(to.d)
        made = self.zeros(to.d.shape)
        return make(made) + self.copy(made, to.d, add=True)

    def _seen(self, w_bi, queries: int, keys: int, causal: bool) -> tuple[Calls, Any]:
        """The weights, without those of keys that come after their query."""
        if not causal:
            return [], w_bi
        made = self.zeros(w_bi.shape)
        return self._times_row(w_bi, self._mask(queries, keys), made), made

    def _mask(self, queries: int, keys: int):
        """(queries * keys,) 1 where the key does not come after the query, else 0."""
        return self.asarray(np.tri(queries, keys).ravel())

    def _factor(self, q, queries: int, keys: int, causal: bool):
        """(queries * keys,) what the products of queries and keys are multiplied by."""
        seen = np.tri(queries, keys) if causal else np.ones((queries, keys))
        return self.asarray(seen.ravel() / math.sqrt(q.shape[-1]))

    # pieces
    def clear(self, x) -> Calls:
        """x = 0."""
        return [bind(x.fill, 0)]

    def add_row(self, x_bo, row_o, out_bo) -> Calls:
        """out = x + row, in every row."""
        return [bind(np.add, x_bo, row_o, out_bo)]

    def embed(self, ids_bt, w_vd, out_bo) -> Calls:
        """The row of w for each number; numbers beyond it are taken for the last."""
        index_bt, out = np.empty(ids_bt.shape, np.intp), out_bo.reshape(*ids_bt.shape, -1)
        return [bind(np.copyto, index_bt, ids_bt, "unsafe"), bind(w_vd.take, index_bt, 0, out, "clip")]

    def embed_gradient(self, ids_bt, d_bo, dw_vd) -> Calls:
        """dw = the sum of d over all places of each number, in the order of the places."""
        n, (vocabulary, width) = ids_bt.size, dw_vd.shape
        ids, d = ids_bt.reshape(n, 1), d_bo.reshape(n, width)
        if vocabulary <= ONE_HOT:
            numbers, found = np.arange(vocabulary, dtype=ids.dtype), np.empty((n, vocabulary), bool)
            hot = np.empty((n, vocabulary), d.dtype)
            return [bind(np.equal, ids, numbers, found), bind(np.copyto, hot, found), bind(np.dot, hot.T, d, dw_vd)]
        index = np.empty(n, np.intp)

        def add():
            for row, k in zip(d, index.tolist(), strict=True):
                np.add(dw_vd[k], row, dw_vd[k])

        return [bind(np.copyto, index, ids.reshape(n), "unsafe"), bind(np.clip, index, 0, vocabulary - 1, index), bind(dw_vd.fill, 0), add]

    def rotate(self, x_bo, out_bo, cos_o, sin_o, width: int) -> Calls:
        """out = x cos + x' sin, where x' has the halves of each head, `width` features, exchanged."""
        other = np.empty_like(x_bo)
        x, y = (array.reshape(-1, 2, width // 2) for array in (x_bo, other))
        return [
            bind(np.copyto, y[:, 0], x[:, 1]), bind(np.copyto, y[:, 1], x[:, 0]), bind(np.multiply, other, sin_o, other),
            bind(np.multiply, x_bo, cos_o, out_bo), bind(np.add, out_bo, other, out_bo),
        ]  # fmt: skip

    def seen(self, x_bi, out_bo, shape: tuple[int, ...], causal: bool) -> Calls:
        """out = x; with `causal` 0 after the diagonal of the last two axes."""
        return self._times_row(x_bi, self._mask(*shape[-2:]), out_bo) if causal else self.copy(x_bi, out_bo)

    def row_softmax(self, x_bi, a_bo, shape: tuple[int, ...], causal: bool) -> Calls:
        """a = softmax of x over the last axis of `shape`; with `causal` over the first cells of each row, up to the diagonal."""
        width = shape[-1]
        a = a_bo.reshape(-1, width)
        row, column, s = np.empty((len(a), 1), a.dtype), np.ones((width, 1), a.dtype), self._room(a.shape)(0)
        if causal:
            barred = np.where(np.tri(width), 0, -np.inf).astype(a.dtype).ravel()
            calls = [bind(np.add, x_bi.reshape(-1, width * width), barred, a.reshape(-1, width * width))]
        else:
            calls = [bind(np.copyto, a, x_bi.reshape(-1, width))]
        return [
            *calls, *_highest(a, row), *spread(np.subtract, a, row, a, s), bind(np.exp, a, a), bind(np.dot, a, column, row),
            *spread(np.divide, a, row, a, s),
        ]  # fmt: skip

    def token_cross_entropy(self, z_bo, t_bt, a_bo, d_bo, cell) -> Calls:
        """-log softmax(z) at the class of each scored token, mean over the scored tokens of the batch (0 where none is): targets below 0
        are not scored, as PyTorch's `ignore_index`."""
        n, width = t_bt.size, z_bo.size // t_bt.size
        z, a, d, t = z_bo.reshape(n, width), a_bo.reshape(n, width), d_bo.reshape(n, width), t_bt.reshape(n)
        row, scored, picked, share = (np.empty(n, z.dtype) for _ in range(4))
        index, first, flags = np.empty(n, np.intp), np.arange(0, n * width, width), np.empty(n, bool)
        s, column, column_n = self._room(z.shape)(1), np.ones((width, 1), z.dtype), row.reshape(n, 1)
        flat_a, flat_d = a.reshape(-1), d.reshape(-1)

        def mean():
            count = max(float(scored.sum()), 1.0)
            cell[0] = (row.dot(scored) - picked.dot(scored)) / count
            np.multiply(scored, 1 / count, share)

        def less_one():
            flat_d[index] -= 1

        return [
            bind(np.greater_equal, t, 0, flags), bind(np.copyto, scored, flags), bind(np.copyto, index, t, "unsafe"),
            bind(np.maximum, index, 0, out=index), bind(np.add, index, first, index),
            *_highest(z, column_n), *spread(np.subtract, z, column_n, a, s), bind(flat_a.take, index, None, picked, "clip"),
            bind(np.exp, a, a), bind(np.dot, a, column, column_n), *spread(np.divide, a, column_n, a, s), bind(np.log, row, row), mean,
            bind(np.copyto, d, a), less_one, *spread(np.multiply, d, share.reshape(n, 1), d, s),
        ]  # fmt: skip

    def _times_row(self, x_bo, row, out_bo) -> Calls:
        """out = x row, wherever the row comes again."""
        return [bind(np.multiply, x_bo.reshape(-1, row.size), row, out_bo.reshape(-1, row.size))]

    def _heads_product(self, _a_bo, a, _b_bo, b, _c_bo, c) -> Calls:
        """c = a b for each sample and head: (B, heads, I, K) (B, heads, K, J); each with the array that it is a view of."""
        return [bind(np.matmul, a, b, c)]


def _highest(z, row) -> Calls:
    """row (n, 1) = the largest number of each row of z. Of short rows column by column: 14 us against 86 us at (2112, 11)."""
    if z.shape[1] > SHORT:
        return [highest(z, row)]
    top, first = row.reshape(-1), z[:, 0]
    return [bind(np.copyto, top, first), *(bind(np.maximum, top, z[:, k], out=top) for k in range(1, z.shape[1]))]


def _rows(x_bo, tokens: int, heads: int):
    """(B, heads, T, d), a view of (B, T * D)."""
    return x_bo.reshape(len(x_bo), tokens, heads, -1).transpose(0, 2, 1, 3)


def _cells(x_bo, heads: int, queries: int, keys: int):
    """(B, heads, queries, keys), a view."""
    return x_bo.reshape(len(x_bo), heads, queries, keys)


def _turned(x):
    """The last two axes exchanged, a view."""
    return x.transpose(0, 1, 3, 2)
