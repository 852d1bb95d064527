"""Activation functions on numpy: each as a short list of bound ufunc calls with preallocated outputs.

`forward[kind](z, a, scratch)` writes f(z) into `a`; `backward[kind](d, z, a, scratch)` multiplies `d` by f'(z) in place.
`scratch(k)` gives the k-th float array of z's shape, `scratch(-1)` a bool one. Formulas are PyTorch's (elu alpha 1, leaky slope 0.01).
Kinds that `spec.activations` marks `from_output` need only `a` for their derivative: `z` and `a` may be one buffer there.
"""

from __future__ import annotations

import math
from functools import lru_cache
from functools import partial as bind
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

LEAK = 0.01
GELU_K, GELU_C = math.sqrt(2 / math.pi), 0.044715


def _zero(a):
    return np.zeros((), a.dtype)


def sigmoid(z, out):
    """1 / (1 + exp(-z)); exp overflows to inf for z < -88, which gives the right 0."""
    return [bind(np.negative, z, out), bind(np.exp, out, out), bind(np.add, out, 1.0, out), bind(np.reciprocal, out, out)]


def spread(ufunc, x, narrow, out, s):
    """out = ufunc(x, narrow) with `narrow` broadcast by way of the scratch `s`.

    numpy's own broadcasting sets up a buffered iteration: at (12, 256) 2.1 us and 13 kB a call, against 0.9 us and nothing.
    """
    return [bind(np.copyto, s, narrow), bind(ufunc, x, s, out)]


def highest(z, row):
    """row (B, 1) = the largest number of each row of z. By position: numpy's types know `keepdims` by keyword only, which is slower."""
    reduce: Any = np.maximum.reduce
    return bind(reduce, z, 1, None, row, True)


def softmax(z, out, row, s):
    """Row-wise softmax; `row` (B, 1) keeps the sums. They go through BLAS: 0.5 us against 1.4 us for `add.reduce` at (32, 10)."""
    ones = np.ones((z.shape[1], 1), z.dtype)
    return [
        highest(z, row),
        *spread(np.subtract, z, row, out, s),
        bind(np.exp, out, out),
        bind(np.dot, out, ones, row),
        *spread(np.divide, out, row, out, s),
    ]


def _linear(z, a, scratch):
    return [] if z is a else [bind(np.copyto, a, z)]


def _relu(z, a, scratch):
    return [bind(np.maximum, z, _zero(z), out=a)]


def _leaky_relu(z, a, scratch):
    s = scratch(0)
    return [bind(np.multiply, z, LEAK, s), bind(np.maximum, z, s, out=a)]


def _relu6(z, a, scratch):
    return [bind(np.maximum, z, _zero(z), out=a), bind(np.minimum, a, a.dtype.type(6), out=a)]


def _elu(z, a, scratch):
    s = scratch(0)
    return [bind(np.minimum, z, _zero(z), out=s), bind(np.expm1, s, s), bind(np.maximum, z, _zero(z), out=a), bind(np.add, a, s, a)]


def _softplus(z, a, scratch):
    s = scratch(0)
    return [
        bind(np.abs, z, s), bind(np.negative, s, s), bind(np.exp, s, s), bind(np.log1p, s, s),
        bind(np.maximum, z, _zero(z), out=a), bind(np.add, a, s, a),
    ]  # fmt: skip


def _sigmoid(z, a, scratch):
    return sigmoid(z, a)


def _tanh(z, a, scratch):
    return [bind(np.tanh, z, a)]


def _sin(z, a, scratch):
    return [bind(np.sin, z, a)]


def _silu(z, a, scratch):
    s = scratch(0)
    return [*sigmoid(z, s), bind(np.multiply, z, s, a)]


def _hard_gate(z, s):
    """s = min(max(z + 3, 0), 6) / 6; exactly 1 from z = 3 on."""
    return [
        bind(np.add, z, 3.0, s), bind(np.maximum, s, _zero(z), out=s), bind(np.minimum, s, s.dtype.type(6), out=s),
        bind(np.multiply, s, 1 / 6, s),
    ]  # fmt: skip


def _hardswish(z, a, scratch):
    s = scratch(0)
    return [*_hard_gate(z, s), bind(np.multiply, z, s, a)]


def _tanh_inner(z, s):
    """s = tanh(k (z + c z^3)), with one buffer."""
    return [
        bind(np.multiply, z, z, s), bind(np.multiply, s, GELU_C, s), bind(np.add, s, 1.0, s),
        bind(np.multiply, s, z, s), bind(np.multiply, s, GELU_K, s), bind(np.tanh, s, s),
    ]  # fmt: skip


def _gelu_tanh(z, a, scratch):
    s = scratch(0)
    return [*_tanh_inner(z, s), bind(np.add, s, 1.0, s), bind(np.multiply, s, 0.5, s), bind(np.multiply, s, z, a)]


@lru_cache(maxsize=2)
def _erfc_fit(double: bool) -> tuple[float, np.ndarray]:
    """(lowest t, coefficients in u in [-1, 1]) of log(erfc(y) / t) + y^2 with t = 1 / (1 + y/2): smooth, so a short Chebyshev fit holds.

    Measured against math.erfc on [0, 6]: 3e-15 in float64 (degree 26), 4e-9 before float32 rounding (degree 9).
    """
    lowest = 1 / (1 + 0.5 * 6.5)
    t = 0.5 * (1 + lowest) + 0.5 * (1 - lowest) * np.cos(np.pi * (np.arange(64) + 0.5) / 64)
    values = [math.log(math.erfc(y) / t_) + y * y for t_ in t for y in (2 / t_ - 2,)]
    fit = np.polynomial.Chebyshev.fit(t, values, 26 if double else 9, domain=[lowest, 1.0])
    return lowest, np.polynomial.chebyshev.cheb2poly(fit.coef)


def _normal_cdf(z, out, s, u, below):
    """out = Phi(z), made of erfc(|z|/sqrt 2)/2, which is Phi(z) itself where z < 0: numpy has no erf."""
    lowest, coefficients = _erfc_fit(z.dtype == np.float64)
    half = (1 - lowest) / 2
    calls = [
        bind(np.abs, z, s), bind(np.multiply, s, math.sqrt(0.5), s),
        bind(np.multiply, s, 0.5, u), bind(np.add, u, 1.0, u), bind(np.reciprocal, u, u), bind(np.maximum, u, lowest, out=u),
        bind(np.multiply, s, s, s), bind(np.log, u, out), bind(np.subtract, out, s, s),  # s = log t - y^2
        bind(np.subtract, u, lowest + half, u), bind(np.multiply, u, 1 / half, u), bind(out.fill, coefficients[-1]),
    ]  # fmt: skip
    for c in coefficients[-2::-1]:
        calls += [bind(np.multiply, out, u, out), bind(np.add, out, float(c), out)]
    return [
        *calls, bind(np.add, out, s, s), bind(np.exp, s, s), bind(np.multiply, s, 0.5, s), bind(np.subtract, 0.5, s, out),
        bind(np.add, out, 0.5, out), bind(np.less, z, _zero(z), below), bind(np.copyto, out, s, where=below),
    ]  # fmt: skip


def _gelu(z, a, scratch):
    phi = scratch(2)
    return [*_normal_cdf(z, phi, scratch(0), scratch(1), scratch(-1)), bind(np.multiply, z, phi, a)]


forward = {
    "linear": _linear, "relu": _relu, "leaky_relu": _leaky_relu, "relu6": _relu6, "elu": _elu, "gelu": _gelu, "gelu_tanh": _gelu_tanh,
    "silu": _silu, "hardswish": _hardswish, "softplus": _softplus, "sigmoid": _sigmoid, "tanh": _tanh, "sin": _sin,
}  # fmt: skip


def _d_linear(d, z, a, scratch):
    return []


def _d_relu(d, z, a, scratch):
    s = scratch(0)  # sign of a rectified number is its 0/1 mask: 1.2 us, against 1.6 us by a bool mask
    return [bind(np.sign, a, s), bind(np.multiply, d, s, d)]


def _d_leaky_relu(d, z, a, scratch):
    s, mask = scratch(0), scratch(-1)
    return [
        bind(np.greater, a, _zero(a), mask), bind(np.multiply, mask, a.dtype.type(1 - LEAK), s),
        bind(np.add, s, LEAK, s), bind(np.multiply, d, s, d),
    ]  # fmt: skip


def _d_relu6(d, z, a, scratch):
    s, mask = scratch(0), scratch(-1)
    return [bind(np.sign, a, s), bind(np.less, a, a.dtype.type(6), mask), bind(np.multiply, s, mask, s), bind(np.multiply, d, s, d)]


def _d_elu(d, z, a, scratch):
    s = scratch(0)
    return [bind(np.minimum, a, _zero(a), out=s), bind(np.add, s, 1.0, s), bind(np.multiply, d, s, d)]


def _d_softplus(d, z, a, scratch):
    s = scratch(0)  # sigmoid(z) = 1 - exp(-softplus(z))
    return [bind(np.negative, a, s), bind(np.expm1, s, s), bind(np.negative, s, s), bind(np.multiply, d, s, d)]


def _d_sigmoid(d, z, a, scratch):
    s = scratch(0)
    return [bind(np.subtract, 1.0, a, s), bind(np.multiply, s, a, s), bind(np.multiply, d, s, d)]


def _d_tanh(d, z, a, scratch):
    s = scratch(0)
    return [bind(np.multiply, a, a, s), bind(np.subtract, 1.0, s, s), bind(np.multiply, d, s, d)]


def _d_sin(d, z, a, scratch):
    s = scratch(0)
    return [bind(np.cos, z, s), bind(np.multiply, d, s, d)]


def _d_silu(d, z, a, scratch):
    s, u = scratch(0), scratch(1)  # s (1 + z (1 - s)), s = sigmoid(z)
    return [
        *sigmoid(z, s), bind(np.subtract, 1.0, s, u), bind(np.multiply, u, z, u), bind(np.add, u, 1.0, u),
        bind(np.multiply, u, s, u), bind(np.multiply, d, u, d),
    ]  # fmt: skip


def _d_hardswish(d, z, a, scratch):
    s, u, mask = scratch(0), scratch(1), scratch(-1)  # the gate, and z/6 where it moves
    return [
        *_hard_gate(z, s), bind(np.abs, z, u), bind(np.less, u, u.dtype.type(3), mask), bind(np.multiply, z, 1 / 6, u),
        bind(np.multiply, u, mask, u), bind(np.add, s, u, s), bind(np.multiply, d, s, d),
    ]  # fmt: skip


def _d_gelu_tanh(d, z, a, scratch):
    t, u, v = scratch(0), scratch(1), scratch(2)  # (1 + t)/2 + z (1 - t^2)/2 k (1 + 3 c z^2)
    return [
        *_tanh_inner(z, t), bind(np.multiply, z, z, u), bind(np.multiply, u, 3 * GELU_C, u), bind(np.add, u, 1.0, u),
        bind(np.multiply, u, z, u), bind(np.multiply, u, GELU_K, u), bind(np.multiply, t, t, v), bind(np.subtract, 1.0, v, v),
        bind(np.multiply, u, v, u), bind(np.add, u, 1.0, u), bind(np.add, u, t, u), bind(np.multiply, u, 0.5, u),
        bind(np.multiply, d, u, d),
    ]  # fmt: skip


def _d_gelu(d, z, a, scratch):
    s, phi = scratch(0), scratch(2)  # Phi(z) + z exp(-z^2/2)/sqrt(2 pi)
    return [
        *_normal_cdf(z, phi, s, scratch(1), scratch(-1)), bind(np.multiply, z, z, s), bind(np.multiply, s, -0.5, s), bind(np.exp, s, s),
        bind(np.multiply, s, z, s), bind(np.multiply, s, 1 / math.sqrt(2 * math.pi), s),
        bind(np.add, phi, s, phi), bind(np.multiply, d, phi, d),
    ]  # fmt: skip


backward = {
    "linear": _d_linear, "relu": _d_relu, "leaky_relu": _d_leaky_relu, "relu6": _d_relu6, "elu": _d_elu, "gelu": _d_gelu,
    "gelu_tanh": _d_gelu_tanh, "silu": _d_silu, "hardswish": _d_hardswish, "softplus": _d_softplus, "sigmoid": _d_sigmoid,
    "tanh": _d_tanh, "sin": _d_sin,
}  # fmt: skip


def slope(kind: str, z: float, a: float, dtype: DTypeLike = np.float32) -> float | None:
    """`slopes` of one neuron."""
    slopes_n = slopes(kind, np.array([z], dtype), np.array([a], dtype))
    return None if slopes_n is None else float(slopes_n[0])


def slopes(kind: str, z_n: np.ndarray, a_n: np.ndarray) -> np.ndarray | None:
    """f'(z) (N,) as training multiplies an error by it: by the same calls, from the same z and a, in their type. None for softmax, whose
    derivative is not one number.

    Where a function is flat this is not the derivative to the last digit: of a saturated neuron 1 - a^2 has few digits left in float32.
    """
    if kind not in backward:
        return None
    z_n, a_n = np.ascontiguousarray(z_n), np.ascontiguousarray(a_n)
    d_n = np.ones_like(a_n)
    rooms: dict[int, np.ndarray] = {}

    def scratch(k: int) -> np.ndarray:
        return rooms.setdefault(k, np.zeros(z_n.shape, bool if k < 0 else z_n.dtype))

    with np.errstate(all="ignore"):
        for call in backward[kind](d_n, z_n, a_n, scratch):
            call()
    return d_n
