"""Histograms and root mean squares by layer, against plain numpy, layer by layer."""

import numpy as np
import pytest

from nnviz3d.engine.statistics import BINS, rms, spots, spread


def _layers(sizes, seed=0):
    rng = np.random.default_rng(seed)
    values = [(rng.normal(k, 10.0**-k, n)).astype(np.float32) for k, n in enumerate(sizes)]
    return values, np.concatenate(values), np.cumsum([0, *sizes])


@pytest.mark.parametrize("sizes", [(1,), (5, 300, 2), (4000,), (1, 1, 1)])
def test_each_layer_s_histogram_is_numpy_s_over_its_own_range(sizes):
    parts, values, starts = _layers(sizes)
    found = spread(values, starts)
    for k, part in enumerate(parts):
        part = part.astype(np.float64)
        assert found.low[k] <= part.min() and found.high[k] >= part.max()
        expected, _ = np.histogram(part, BINS, (found.low[k], found.high[k]))
        assert found.count[k].sum() == len(part)
        assert np.abs(found.count[k] - expected).sum() <= 2  # a value on an edge may fall to either side
        np.testing.assert_allclose(found.rms[k], np.sqrt(np.mean(part**2)), rtol=1e-12)
        np.testing.assert_allclose(rms(values, starts)[k], found.rms[k], rtol=1e-12)


def test_a_range_ends_where_the_values_end():
    found = spread(np.array([3.0, -1.0, 2.0], np.float32), np.array([0, 3]))
    assert (found.low[0], found.high[0]) == (-1, 3) and found.count[0, 0] == 1 and found.count[0, -1] == 1


@pytest.mark.parametrize("value", [0.0, 0.25, -7.0, 1e30])
def test_equal_values_lie_in_one_bin_of_a_visible_width(value):
    found = spread(np.full(9, value, np.float32), np.array([0, 9]))
    assert found.count.max() == 9 and found.low[0] < value < found.high[0]


def test_what_is_not_finite_is_left_out_and_distinguished():
    values = np.array([1, np.nan, 3, np.inf, np.nan, np.nan], np.float32)
    found = spread(values, np.array([0, 4, 6]))
    assert found.count.sum(1).tolist() == [2, 0] and (found.low[0], found.high[0]) == (1, 3)
    assert np.isnan([found.low[1], found.high[1], found.rms[1]]).all()
    assert np.isnan(rms(values, np.array([0, 4, 6]))).all()


def test_places_are_all_where_they_fit_else_even_and_in_step_with_no_column():
    assert spots(7, 8).tolist() == list(range(7))
    found = spots(1024 * 1024, 8192)
    assert len(found) == 8192 and (np.diff(found) > 0).all() and found[0] >= 0 and found[-1] < 1024 * 1024
    assert np.diff(found).max() < 4 * 128, "no stretch is left out"
    columns = np.bincount(found % 1024, minlength=1024)
    assert columns.min() >= 1 and columns.max() <= 40, "a stride of 128 would see 8 columns of 1,024"
    assert (spots(1024 * 1024, 8192) == found).all()
