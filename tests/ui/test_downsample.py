"""Reduced curves: true minima and maxima, a bounded length, and a cost that does not grow with the curve."""

from __future__ import annotations

import numpy as np
import pytest

from nnviz3d.ui.core.downsample import MAX_STRETCHES, Series

_rng = np.random.default_rng(3)


def _curve(n):
    return np.arange(1, n + 1, dtype=np.float32), _rng.random(n).astype(np.float32)


@pytest.mark.parametrize("n", [1, 2, 700, 1025, 5000, 100_003])
def test_extremes_mean_and_end_are_true(n):
    x, y = _curve(n)
    series = Series()
    series.update(x, y)
    assert len(series.x) <= MAX_STRETCHES + 1 and series.x[-1] == n
    assert series.low.min() == y.min() and series.high.max() == y.max()
    assert np.all(series.low <= series.mean) and np.all(series.mean <= series.high)


def test_growing_gives_the_same_as_all_at_once():
    x, y = _curve(5000)
    grown, whole = Series(), Series()
    for n in range(1, 5001, 37):
        grown.update(x[:n], y[:n])
    grown.update(x, y)
    whole.update(x, y)
    for name in ("x", "low", "mean", "high"):
        np.testing.assert_array_equal(getattr(grown, name), getattr(whole, name))


def test_a_reset_starts_over():
    x, y = _curve(3000)
    series = Series()
    series.update(x, y)
    series.update(x[:10], y[:10] + 5)
    assert len(series.x) == 10 and series.low.min() >= 5
    series.update(x[:0], y[:0])
    assert len(series.x) == 0


def test_a_million_steps_reduce_only_what_is_new(monkeypatch):
    from nnviz3d.ui.core import downsample as module

    x, y = _curve(1_000_000)
    series = Series()
    series.update(x[:-50], y[:-50])
    touched = []
    reduce = module._reduce
    monkeypatch.setattr(
        module, "_reduce", lambda x, y, start, stop, stride: touched.append(stop - start) or reduce(x, y, start, stop, stride)
    )
    series.update(x, y)
    assert sum(touched) <= 2048  # at most a stretch that was open and the one that opens


def test_what_is_not_finite_is_left_out():
    x, y = _curve(3000)
    y[1500:] = np.nan
    series = Series()
    series.update(x, y)
    assert np.isfinite(series.mean).all() and np.isfinite(series.low).all() and series.x[-1] <= 1504


def test_smoothing_keeps_a_constant_and_reduces_noise():
    x, y = _curve(800)
    series = Series()
    series.update(x, np.full_like(y, 0.3))
    np.testing.assert_allclose(series.smooth(0.9), 0.3, rtol=1e-6)
    series.update(x, y)
    assert series.smooth(0.9).std() < 0.5 * y.std()
    assert series.smooth(0.0) is series.mean


@pytest.mark.parametrize("amount", [0.3, 0.6, 0.9, 0.99])
def test_smoothing_is_tensorboard_s(amount):
    x, y = _curve(700)
    series = Series()
    series.update(x, y)
    last, expected = 0.0, []
    for n, value in enumerate(series.mean, start=1):
        last = last * amount + (1 - amount) * value
        expected.append(last / (1 - amount**n))
    np.testing.assert_allclose(series.smooth(amount), expected, rtol=1e-9)
    assert series.smooth(amount)[0] == pytest.approx(series.mean[0]), "the first point is not drawn to zero"
    assert series.smooth(amount) is series.smooth(amount), "kept while nothing is added"
    series.update(*_curve(701))
    assert len(series.smooth(amount)) == len(series.mean)


@pytest.mark.parametrize("amount", [0.3, 0.9, 0.99])
def test_on_a_log_axis_logarithms_are_averaged(amount):
    """The average of noise that is even in decades lies in its middle; linear it lies at its top."""
    rng = np.random.default_rng(4)
    y = 10 ** rng.uniform(-3, 1, 400)
    series = Series()
    series.update(np.arange(1, 401), y)
    last, expected = 0.0, []
    for n, value in enumerate(np.log(y), start=1):
        last = last * amount + (1 - amount) * value
        expected.append(np.exp(last / (1 - amount**n)))
    reported = series.smooth(amount, log=True)
    np.testing.assert_allclose(reported[4:], expected[4:], rtol=1e-9)
    assert reported[50:].mean() < 0.5 * series.smooth(amount)[50:].mean() or amount < 0.9
    assert series.smooth(amount) is not reported and (series.smooth(amount, log=True) == reported).all()


@pytest.mark.parametrize("points", [60, 500, 4000])
@pytest.mark.parametrize("amount", [0.5, 0.9, 0.97])
def test_the_smoothed_line_stays_within_its_data_and_forgets_a_spike(points, amount):
    rng = np.random.default_rng(points)
    y = 3 * np.exp(rng.normal(0, 0.1, points))
    y[points // 3 : points // 3 + 5] = 1e7
    series = Series()
    series.update(np.arange(1, points + 1), y)
    line, reach = series.smooth(amount, log=True), int(np.ceil(3 / (1 - amount)))
    for k in range(len(line)):
        here = slice(max(k - reach + 1, 0), k + 1)
        assert series.low[here].min() <= line[k] <= series.high[here].max()
    assert line[-1] < 5 or len(line) * 2 / 3 < reach
    assert (series.low <= series.middle * (1 + 1e-12)).all() and (series.middle <= series.mean * (1 + 1e-12)).all()


def test_a_loss_of_zero_has_a_logarithm_for_the_axis():
    series = Series()
    series.update(np.arange(1, 5), np.array([1.0, 0.0, np.nan, 0.5]))
    assert np.isfinite(series.smooth(0.9, log=True)).all()
