"""One suite over every backend: numpy, the CUDA kernels compiled for the processor, and CuPy where a GPU works.

Each operation is compared with plain float64 formulas written here; float32 results may differ by rounding only.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from nnviz3d.backend import choose
from nnviz3d.backend.constants import INDEX
from nnviz3d.backend.numpy_ops import NumpyOps, cuts
from nnviz3d.backend.numpy_updates import SLOTS
from nnviz3d.spec.activations import ACTIVATIONS
from nnviz3d.spec.errors import InputError
from tests.backend.host_kernels import HostKernelOps

erfc = np.vectorize(math.erfc)


@pytest.fixture(scope="module", params=["numpy", "kernels", "cupy"])
def ops(request):
    if request.param == "numpy":
        return NumpyOps()
    if request.param == "kernels":
        try:
            return HostKernelOps()
        except FileNotFoundError as error:
            pytest.skip(str(error))
    try:
        return choose("cuda")
    except InputError as error:
        pytest.skip(str(error))


def sample(*shape, seed=0, spread=2.0):
    return (spread * np.random.default_rng(seed).standard_normal(shape)).astype(np.float32)


def there(ops, array):
    """A copy: on the host, asarray is none."""
    return ops.asarray(array.copy())


def do(ops, calls):
    with np.errstate(all="ignore"):
        for call in calls:
            call()


def close(ops, array, expected, tolerance=3e-6):
    assert_allclose(ops.to_host(array), expected, rtol=tolerance, atol=tolerance)


def softmax(z):
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def activation(kind, z):
    return softmax(z) if kind == "softmax" else ACTIVATIONS[kind].formula(z)


# 300 x 150 is more than one cache block of NumpyOps; 1 x 1 is the least.
SHAPES = [(1, 1), (7, 5), (300, 150)]


@pytest.mark.parametrize("kind", ACTIVATIONS)
@pytest.mark.parametrize("shape", SHAPES)
def test_activation(ops, kind, shape):
    z, b = sample(*shape, spread=4.0), sample(shape[1], seed=1)
    dz, da = there(ops, z), ops.zeros(shape)
    do(ops, ops.activate(kind, dz, there(ops, b), da))
    wide = z.astype(np.float64) + b
    close(ops, dz, wide)
    close(ops, da, activation(kind, wide))


@pytest.mark.parametrize("kind", ACTIVATIONS)
@pytest.mark.parametrize("shape", SHAPES)
def test_activation_backward(ops, kind, shape):
    z, d = sample(*shape, spread=3.0), sample(*shape, seed=2)
    wide = z.astype(np.float64)
    if kind == "softmax":
        a = softmax(wide)
        expected = a * (d - (d * a).sum(1, keepdims=True))
    else:
        step = 1e-5
        expected = d * (activation(kind, wide + step) - activation(kind, wide - step)) / (2 * step)
    dd = there(ops, d)
    do(ops, ops.activate_backward(kind, dd, there(ops, z), ops.asarray(activation(kind, wide))))
    close(ops, dd, expected, 2e-5)


@pytest.mark.parametrize("kind", ["relu", "tanh", "gelu", "softplus", "sigmoid", "silu", "elu", "softmax"])
def test_activations_stay_finite_far_out(ops, kind):
    z = np.array([[-1e4, -100.0, -20.0, 0.0, 20.0, 100.0, 1e4]], np.float32)
    da = ops.zeros(z.shape)
    do(ops, ops.activate(kind, there(ops, z), ops.zeros(7), da))
    with np.errstate(all="ignore"):
        close(ops, da, activation(kind, z.astype(np.float64)))


@pytest.mark.parametrize("kind", ACTIVATIONS)
def test_nan_is_not_hidden(ops, kind):
    """A rectifier that turned nan into 0 would hide a divergence from the loss."""
    z = np.array([[np.nan, 1.0]], np.float32)
    da = ops.zeros(z.shape)
    do(ops, ops.activate(kind, there(ops, z), ops.zeros(2), da))
    assert np.isnan(ops.to_host(da)[0, 0])


def test_layer_products(ops):
    x, w, d = sample(33, 17), sample(9, 17, seed=1), sample(33, 9, seed=2)
    z, dw, db, dx = ops.zeros((33, 9)), ops.zeros((9, 17)), ops.zeros(9), ops.zeros((33, 17))
    on = [there(ops, a) for a in (x, w, d)]
    do(ops, ops.affine(on[0], on[1], z) + ops.weight_gradient(on[2], on[0], dw) + ops.bias_gradient(on[2], db))
    do(ops, ops.input_gradient(on[2], on[1], dx))
    x, w, d = (a.astype(np.float64) for a in (x, w, d))
    for array, expected in ((z, x @ w.T), (dw, d.T @ x), (db, d.sum(0)), (dx, d @ w)):
        close(ops, array, expected, 1e-5)


def test_the_gradient_of_an_input_is_written_or_added(ops):
    d, w, other = sample(33, 9, seed=2), sample(9, 17, seed=1), sample(33, 17, seed=3)
    dx = there(ops, other)
    do(ops, ops.input_gradient(there(ops, d), there(ops, w), dx, add=True))
    close(ops, dx, other + d.astype(np.float64) @ w, 1e-5)
    do(ops, ops.input_gradient(there(ops, d), there(ops, w), dx))
    close(ops, dx, d.astype(np.float64) @ w, 1e-5)


def test_copies_and_columns(ops):
    """Three rows of (2, 5) with a (2, 3) in columns 1 to 3: the axis that is joined is the last one."""
    whole, part = sample(3, 10), sample(3, 6, seed=1)
    out, added = there(ops, whole), there(ops, whole)
    do(ops, ops.copy(there(ops, part), there(ops, part)) + ops.copy(there(ops, whole), added, add=True))
    close(ops, added, 2 * whole, 0)
    do(ops, ops.write_columns(there(ops, part), out, 1, 3, 5))
    expected = whole.reshape(3, 2, 5).copy()
    expected[:, :, 1:4] = part.reshape(3, 2, 3)
    close(ops, out, expected.reshape(3, 10), 0)
    back, twice = ops.zeros((3, 6)), there(ops, part)
    do(ops, ops.read_columns(out, back, 1, 3, 5) + ops.read_columns(out, twice, 1, 3, 5, add=True))
    close(ops, back, part, 0)
    close(ops, twice, 2 * part, 0)
    order, moved, sum_ = np.random.default_rng(2).permutation(6), ops.zeros((3, 6)), there(ops, part)
    do(ops, ops.take_columns(there(ops, part), order, moved) + ops.take_columns(there(ops, part), order, sum_, add=True))
    close(ops, moved, part[:, order], 0)
    close(ops, sum_, part + part[:, order], 1e-6)


@pytest.mark.parametrize("kind", ACTIVATIONS)
def test_activations_without_a_bias(ops, kind):
    z = sample(6, 7)
    z1, a1, z2, a2 = there(ops, z), ops.zeros(z.shape), there(ops, z), ops.zeros(z.shape)
    do(ops, ops.activate(kind, z1, None, a1) + ops.activate(kind, z2, ops.zeros(7), a2))
    close(ops, a1, ops.to_host(a2), 0)
    close(ops, z1, z, 0)


def test_take_and_mask(ops):
    source, index = sample(20, 6), np.array([3, 0, 19, 3])
    out, masked = ops.zeros((4, 6)), ops.zeros((4, 6))
    mask = ops.asarray(np.tile([0.0, 2.0], (4, 3)))
    do(ops, ops.take(there(ops, source), ops.asarray(index, np.intp), out) + ops.mask(out, mask, masked))
    close(ops, out, source[index], 0)
    close(ops, masked, source[index] * np.tile([0.0, 2.0], (4, 3)), 0)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("loss", ["cross_entropy", "bce", "mse", "half_mse", "huber"])
def test_loss(ops, loss, shape):
    z, t = sample(*shape), np.random.default_rng(5).random(shape).astype(np.float32)
    t /= t.sum(1, keepdims=True)
    on, a, d, cell = there(ops, z), ops.zeros(shape), ops.zeros(shape), ops.zeros(1)
    wide, e = z.astype(np.float64), z.astype(np.float64) - t
    if loss == "cross_entropy":
        do(ops, ops.cross_entropy(on, there(ops, t), a, d, cell))
        p = softmax(wide)
        close(ops, a, p)
        expected = -(t * np.log(p)).sum() / shape[0], (p - t) / shape[0]
    elif loss == "bce":
        do(ops, ops.bce(on, there(ops, t), a, d, cell))
        p = 1 / (1 + np.exp(-wide))
        close(ops, a, p)
        expected = -(t * np.log(p) + (1 - t) * np.log1p(-p)).mean(), (p - t) / t.size
    elif loss == "huber":
        do(ops, ops.huber(on, there(ops, t), d, cell, 0.7))
        expected = np.where(abs(e) <= 0.7, e * e / 2, 0.7 * (abs(e) - 0.35)).mean(), np.clip(e, -0.7, 0.7) / t.size
    else:
        do(ops, ops.squared(on, there(ops, t), d, cell, loss == "half_mse"))
        expected = ((e * e).mean(), 2 * e / t.size) if loss == "mse" else ((e * e).sum() / 2 / shape[0], e / shape[0])
    close(ops, cell, [expected[0]], 2e-5)
    close(ops, d, expected[1])


@pytest.mark.parametrize("name", SLOTS)
def test_update(ops, name):
    n = 5000
    p, g, m, v = sample(n), sample(n, seed=1), sample(n, seed=2), np.abs(sample(n, seed=3))
    c = {"rate": 0.1, "decay1": 0.9, "gain1": 0.1, "decay2": 0.99, "gain2": 0.01, "epsilon": 1e-3, "keep": 0.95 if name == "adamw" else 1.0}
    constants = ops.constants()
    constants.set(**c)
    ops.begin(constants)
    slots = {0: [], 1: [v if name == "rmsprop" else m], 2: [m, v]}[SLOTS[name]]
    on = [there(ops, a) for a in (p, g, *slots)]
    before = ops.zeros(n)
    do(ops, ops.update(name, on[0], on[1], on[2:], before, constants))
    p, g, m, v = (a.astype(np.float64) for a in (p, g, m, v))
    if name == "rmsprop":
        v = 0.99 * v + 0.01 * g * g
        moved, kept = p - 0.1 * g / (np.sqrt(v) + 1e-3), [v]
    elif name in ("adam", "adamw"):
        m, v = 0.9 * m + 0.1 * g, 0.99 * v + 0.01 * g * g
        moved, kept = p * c["keep"] - 0.1 * m / (np.sqrt(v) + 1e-3), [m, v]
    else:
        b = 0.9 * m + g
        moved = {"sgd": p - 0.1 * g, "momentum": p - 0.1 * b, "nesterov": p - 0.1 * (g + 0.9 * b)}[name]
        kept = [b] if slots else []
    close(ops, before, p, 0)
    for array, expected in zip(on[:1] + on[2:], [moved, *kept], strict=True):
        close(ops, array, expected, 1e-5)


def test_regularize(ops):
    w, dw = sample(4000), sample(4000, seed=1)
    w[:10] = 0
    constants = ops.constants()
    constants.set(l1=0.25, l2=0.5)
    ops.begin(constants)
    on = there(ops, dw)
    do(ops, ops.regularize(there(ops, w), on, constants, True, True))
    close(ops, on, dw + 0.25 * np.sign(w) + 0.5 * w)


def test_shrink_puts_to_rest_what_crosses_zero(ops):
    before = np.array([0.5, 0.05, -0.05, -0.5, 0.05, 0.5], np.float32)
    after = np.array([0.4, 0.02, -0.02, -0.4, -0.1, 0.3], np.float32)  # the fifth was carried over by its gradient: it stays alive
    alive = np.array([1, 1, 1, 1, 1, 0], np.float32)  # the sixth was put to rest before
    constants = ops.constants()
    constants.set(shrink=0.1)
    ops.begin(constants)
    w, rest = ops.asarray(after.copy()), ops.asarray(alive.copy())
    do(ops, ops.shrink(w, there(ops, before), rest, constants))
    close(ops, w, [0.3, 0, 0, -0.3, -0.2, 0])
    close(ops, rest, [1, 0, 0, 1, 1, 0], 0)


def test_guard_measures_and_clips(ops):
    g = sample(9000)
    constants, cell, seen = ops.constants(), ops.zeros(1), []
    cell.fill(2.5)
    constants.set(clip=1.0)
    ops.begin(constants)
    on = ops.asarray(g.copy())
    do(ops, ops.guard(on, cell, constants, True, lambda loss, norm: seen.append((loss, norm))) + ops.finish())
    norm = np.linalg.norm(g.astype(np.float64))
    close(ops, on, g, 0)  # what is reported of the batch is the gradient before clipping
    used, constants.host[INDEX["rate"]] = ops.zeros(g.size), 1.0
    if ops.asynchronous:
        constants.device[INDEX["rate"]] = 1.0
    do(ops, ops.update("sgd", used, on, [], ops.zeros(g.size), constants, True))
    close(ops, used, -g / (norm + 1e-6), 1e-5)
    close(ops, constants.device[INDEX["scale"]], 1 / norm, 1e-5)
    if ops.asynchronous:
        assert ops.verdict() == (False, 1, 2.5)
        ops.forget()
    else:
        assert seen == [(2.5, pytest.approx(1.0, rel=1e-5))]


@pytest.mark.parametrize("n", [1, 5, 64, 1000])
@pytest.mark.parametrize("size", [1, 7, 2000])
def test_cuts_cover_everything_once(n, size):
    parts = cuts(n, size)
    assert [k for part in parts for k in range(part.start, part.stop)] == list(range(n))
    assert max(part.stop - part.start for part in parts) <= size


def test_erf_fit():
    """The Chebyshev fit behind exact gelu: float64 to 1e-14, and good to rounding in float32."""
    from nnviz3d.backend.numpy_activations import forward

    for dtype, tolerance in ((np.float64, 2e-14), (np.float32, 6e-7)):
        z = np.linspace(-9, 9, 20_001).astype(dtype)
        a, rooms = np.empty_like(z), {}
        for call in forward["gelu"](z, a, lambda k, z=z, rooms=rooms: rooms.setdefault(k, np.empty(z.shape, bool if k < 0 else z.dtype))):
            call()
        exact = z.astype(np.float64) / 2 * erfc(-z.astype(np.float64) / math.sqrt(2))
        assert np.abs(a - exact).max() < tolerance
        far = (z < -4) & (z > -9)  # where it is nearly 0 its digits count: the error that goes back is made of them
        assert np.abs(a[far] / exact[far] - 1).max() < (2e-5 if dtype is np.float32 else 1e-12)
