"""Convolutions and pools over every backend, against sums over windows as one would write them down, in float64."""

from __future__ import annotations

import numpy as np
import pytest

from nnviz3d.backend import choose, numpy_conv, numpy_pool
from nnviz3d.backend.numpy_ops import NumpyOps
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.sliding_windows import Windows
from tests.backend.host_kernels import HostKernelOps
from tests.layers.kinds import windows

CASES = {  # channels, size, kernel, stride, padding, dilation; groups, channels of the result
    "plain": (Windows(2, (6, 5), (3, 2)), 1, 3),
    "strided": (Windows(2, (7, 6), (2, 3), (2, 2), ((1, 0), (1, 2))), 2, 4),
    "dilated": (Windows(4, (7, 8), (3, 2), (1, 3), ((2, 2), (0, 0)), (2, 3)), 4, 4),
    "gaps": (Windows(1, (8, 8), (2, 1), (3, 4)), 1, 2),
    "one row": (Windows(3, (1, 9), (1, 4), (1, 2), ((0, 0), (1, 2))), 3, 6),
}
POOLS = {name: g for name, (g, _, _) in CASES.items() if g.dilation == (1, 1)} | {"quarters": Windows(2, (6, 6), (2, 2), (2, 2))}


@pytest.fixture(scope="module", params=["numpy", "kernels", "cupy"])
def ops(request):
    if request.param == "numpy":
        return NumpyOps()
    try:
        return HostKernelOps() if request.param == "kernels" else choose("cuda")
    except (FileNotFoundError, InputError) as error:
        pytest.skip(str(error))


@pytest.fixture(params=["whole", "pieces"])
def cut(request, monkeypatch):
    """The same in many small pieces as in one."""
    if request.param == "pieces":
        monkeypatch.setattr(numpy_conv, "COLUMNS", 60)
        monkeypatch.setattr(numpy_conv, "BATCH", 2)
        monkeypatch.setattr(numpy_pool, "CELLS", 50)


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def do(calls):
    for call in calls:
        call()


def seen(x_bi, g: Windows, empty: float) -> np.ndarray:
    """(B, channels, rows, columns, cells of a window)."""
    maps = x_bi.astype(np.float64).reshape(-1, g.channels, *g.size)
    return np.stack([windows(x, g.kernel, g.stride, list(g.padding), g.dilation, empty) for x in maps])


def adjoint(forward, d: np.ndarray, batch: int, inputs: int) -> np.ndarray:
    """(B, I) of a linear map of each row: how the sum of d times its result changes with each input."""
    units = forward(np.eye(inputs, dtype=np.float32)).reshape(inputs, -1)
    return d.astype(np.float64).reshape(batch, -1) @ units.T


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("batch", [1, 5])
def test_convolution(ops, cut, name, batch):
    g, groups, out = CASES[name]
    inputs, read = g.channels * g.size[0] * g.size[1], g.channels // groups
    x, w, b = numbers(batch, inputs), numbers(out, read, *g.kernel, seed=1), numbers(out, seed=2)
    d = numbers(batch, out * g.cells, seed=3)

    def forward(x_bi):
        parts = seen(x_bi, g, 0.0).reshape(-1, groups, read, *g.places, g.taps)
        return np.einsum("ngirck,goik->ngorc", parts, w.reshape(groups, out // groups, read, g.taps).astype(np.float64))

    on = [ops.asarray(array.copy()) for array in (x, w, b, d)]
    z = ops.zeros((batch, out * g.cells))
    do(ops.convolve(on[0], on[1], on[2], z, g, groups))
    expected = forward(x).reshape(batch, out, -1) + b[:, None]
    np.testing.assert_allclose(ops.to_host(z), expected.reshape(batch, -1), rtol=1e-5, atol=1e-5)
    dw, db = ops.zeros(w.shape), ops.zeros(out)
    do(ops.convolution_gradients(on[3], on[0], dw, db, g, groups))
    delta = d.astype(np.float64).reshape(batch, groups, out // groups, *g.places)
    expected = np.einsum("ngorc,ngirck->goik", delta, seen(x, g, 0.0).reshape(batch, groups, read, *g.places, g.taps))
    np.testing.assert_allclose(ops.to_host(dw).ravel(), expected.ravel(), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(ops.to_host(db), delta.sum((0, 3, 4)).ravel(), rtol=1e-5, atol=1e-5)
    dx, expected = ops.asarray(x.copy()), adjoint(forward, d, batch, inputs)
    do(ops.convolution_back(on[3], on[1], dx, g, groups, add=True))
    np.testing.assert_allclose(ops.to_host(dx), x + expected, rtol=1e-5, atol=1e-5)
    do(ops.convolution_back(on[3], on[1], dx, g, groups))
    np.testing.assert_allclose(ops.to_host(dx), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", POOLS)
def test_average(ops, cut, name):
    g, batch = POOLS[name], 3
    inputs = g.channels * g.size[0] * g.size[1]
    x, d = numbers(batch, inputs), numbers(batch, g.channels * g.cells, seed=3)

    def forward(x_bi):
        return np.nanmean(seen(x_bi, g, np.nan), -1)

    y, dx = ops.zeros(d.shape), ops.asarray(x.copy())
    do(ops.average_pool(ops.asarray(x.copy()), y, g))
    np.testing.assert_allclose(ops.to_host(y), forward(x).reshape(batch, -1), rtol=1e-5, atol=1e-6)
    expected = adjoint(forward, d, batch, inputs)
    do(ops.average_pool_back(ops.asarray(d.copy()), dx, g, add=True))
    np.testing.assert_allclose(ops.to_host(dx), x + expected, rtol=1e-5, atol=1e-5)
    do(ops.average_pool_back(ops.asarray(d.copy()), dx, g))
    np.testing.assert_allclose(ops.to_host(dx), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", POOLS)
def test_maximum_with_many_equal_cells(ops, cut, name):
    """Of equal ones the first in the order of reading wins; it alone gets the gradient, of every window that it wins."""
    g, batch = POOLS[name], 4
    x = np.round(numbers(batch, g.channels * g.size[0] * g.size[1]) * 0.7)
    d = numbers(batch, g.channels * g.cells, seed=3)
    places = seen(np.arange(x.size).reshape(x.shape), g, -1).reshape(-1, g.taps).astype(int)
    cells = np.where(places < 0, -np.inf, x.ravel()[places])
    y, dx = ops.zeros(d.shape), ops.asarray(x.copy())
    do(ops.max_pool(ops.asarray(x.copy()), y, g))
    np.testing.assert_array_equal(ops.to_host(y).ravel(), cells.max(1))
    expected = np.zeros(x.size)
    np.add.at(expected, places[np.arange(len(cells)), cells.argmax(1)], d.ravel().astype(np.float64))
    do(ops.max_pool_back(ops.asarray(d.copy()), ops.asarray(x.copy()), dx, g, add=True))
    np.testing.assert_allclose(ops.to_host(dx).ravel(), x.ravel() + expected, rtol=1e-5, atol=1e-6)
    do(ops.max_pool_back(ops.asarray(d.copy()), ops.asarray(x.copy()), dx, g))
    np.testing.assert_allclose(ops.to_host(dx).ravel(), expected, rtol=1e-5, atol=1e-6)


def test_nan_is_not_hidden(ops):
    """A maximum that passed over nan would hide a divergence from the loss."""
    g = Windows(1, (2, 2), (2, 2), (2, 2))
    for place in range(4):
        x = np.ones((1, 4), np.float32)
        x[0, place] = np.nan
        y = ops.zeros((1, 1))
        with np.errstate(all="ignore"):
            do(ops.max_pool(ops.asarray(x), y, g))
        assert np.isnan(ops.to_host(y)[0, 0])


def test_means(ops):
    x, d = numbers(3, 10), numbers(3, 2, seed=1)
    y, dx = ops.zeros((3, 2)), ops.asarray(x.copy())
    do(ops.means(ops.asarray(x.copy()), y, 5))
    np.testing.assert_allclose(ops.to_host(y), x.reshape(3, 2, 5).mean(2), rtol=1e-5, atol=1e-6)
    do(ops.means_back(ops.asarray(d.copy()), dx, 5, add=True))
    np.testing.assert_allclose(ops.to_host(dx), x + np.repeat(d, 5, 1) / 5, rtol=1e-5, atol=1e-6)
    do(ops.means_back(ops.asarray(d.copy()), dx, 5))
    np.testing.assert_allclose(ops.to_host(dx), np.repeat(d, 5, 1) / 5, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("batch", [1, 7, 300])
def test_pieces_cover_every_window_of_every_row_once(name, batch):
    g = CASES[name][0]
    count = np.zeros((batch, g.places[0]), int)
    rows = []
    for piece in numpy_conv.pieces(batch, g):
        count[piece.rows, piece.windows] += 1
        rows.append(piece.rows)
        assert piece.first == (len(rows) < 2 or rows[-2] != rows[-1])
    assert (count == 1).all()
