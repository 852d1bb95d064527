"""The picture of histograms over time: shares, quantiles, axes and columns against plain loops."""

import numpy as np
import pytest

from nnviz3d.ui.core import histogram_image
from nnviz3d.ui.core.texture import ramp

BINS = 48


def histograms(*values):
    """(low_t, high_t, count_tb) of each array."""
    low, high = np.array([v.min() for v in values]), np.array([v.max() for v in values])
    return low, high, np.array([np.histogram(v, BINS, (v.min(), v.max()))[0] for v in values], float)


RNG = np.random.default_rng(3)
VALUES = [RNG.normal(0, 1, 5000), RNG.normal(2, 0.1, 5000), RNG.random(5000) ** 3]


def test_shares_of_the_rows_are_those_of_the_numbers_to_a_bin():
    edges = np.linspace(-4, 4, 41)
    found = histogram_image.density(*histograms(*VALUES), edges)
    for row, values in zip(found, VALUES, strict=True):
        expected = np.histogram(values, edges)[0] / len(values)
        inside = (values >= -4) & (values <= 4)
        assert row.sum() == pytest.approx(inside.mean(), abs=2e-3)
        bins = (values.max() - values.min()) / BINS / (edges[1] - edges[0])
        assert np.abs(np.cumsum(row) - np.cumsum(expected)).max() < 0.05 * max(bins, 1) + 0.03


def test_numbers_that_fill_a_bin_evenly_are_exact():
    found = histogram_image.density(np.array([0.0]), np.array([1.0]), np.ones((1, BINS)), np.linspace(-0.5, 1.5, 9))
    np.testing.assert_allclose(found, [[0, 0, 0.25, 0.25, 0.25, 0.25, 0, 0]], atol=1e-12)


def test_a_moment_without_numbers_is_dark():
    found = histogram_image.density(np.array([np.nan]), np.array([np.nan]), np.zeros((1, BINS)), np.linspace(-1, 1, 5))
    assert (found == 0).all()
    picture = histogram_image.picture(found, np.zeros(3, int), ramp((0, "#000000", 0.0), (1, "#ffffff", 1.0)))
    assert picture.shape == (4, 3, 4) and picture.max() == 0


def test_quantiles_are_numpy_s_to_a_bin():
    low, high, count = histograms(*VALUES)
    found = histogram_image.quantiles(low, high, count, (0.05, 0.5, 0.95))
    for k, values in enumerate(VALUES):
        np.testing.assert_allclose(found[:, k], np.quantile(values, (0.05, 0.5, 0.95)), atol=1.01 * (high[k] - low[k]) / BINS)
    assert np.isnan(histogram_image.quantiles(np.array([0.0]), np.array([1.0]), np.zeros((1, BINS)), (0.5,))).all()


@pytest.mark.parametrize("log", [False, True])
def test_an_axis_holds_nearly_all_and_leads_there_and_back(log):
    axis = histogram_image.axis(*histograms(*VALUES), log)
    inside = np.concatenate([(v > axis.low) & (v < axis.high) for v in VALUES])
    assert inside.mean() > 0.98
    v = np.linspace(axis.low, axis.high, 31)
    np.testing.assert_allclose(axis.back(axis.to(v)), v, rtol=1e-9, atol=1e-12)
    assert (np.diff(axis.to(v)) > 0).all()


def test_a_signed_logarithmic_axis_is_marked_at_zero_and_at_powers_of_ten():
    places, words = histogram_image.Axis(-0.2, 0.2, 0.002).ticks()
    assert dict(zip(words, places, strict=True)) == pytest.approx(
        {"0": 0, "1e−1": np.log10(51), "−1e−1": -np.log10(51), "1e−2": np.log10(6), "−1e−2": -np.log10(6)}
    )
    places, words = histogram_image.axis(np.array([0.0]), np.array([2.0]), np.ones((1, BINS)), True).ticks()
    assert "0" in words and not any(word.startswith("−") for word in words), "nothing is below zero"


@pytest.mark.parametrize("value", [0.0, 5.0, -1e-9])
def test_an_axis_of_equal_values_has_a_width(value):
    for log in (False, True):
        axis = histogram_image.axis(np.array([value]), np.array([value]), np.full((1, BINS), 1.0), log)
        assert axis.low <= value <= axis.high and axis.high > axis.low


def test_powers_of_ten_are_few_and_inside():
    assert histogram_image.powers(2e-4, 0.5, 6) == ([1e-3, 1e-2, 1e-1], ["1e−3", "1e−2", "1e−1"])
    values, _ = histogram_image.powers(1e-12, 1.0, 6)
    assert len(values) <= 6 and values[0] == 1e-12
    assert histogram_image.powers(0.2, 0.3, 6) == ([], [])


def test_columns_show_the_newest_moment_before_their_end():
    assert histogram_image.columns(np.array([2.0, 5.0, 9.0]), 10.0, 10).tolist() == [-1, 0, 0, 0, 1, 1, 1, 1, 2, 2]
    assert histogram_image.columns(np.array([0.0]), 1.0, 4).tolist() == [0, 0, 0, 0]


def test_the_most_frequent_value_is_brightest_and_large_values_are_at_the_top():
    density = np.array([[0.8, 0.2, 0.0], [0.0, 0.0, 1.0]])
    colours = ramp((0, "#000000", 0.0), (1, "#ffffff", 1.0))
    picture = histogram_image.picture(density, np.array([-1, 0, 1]), colours)
    assert picture.shape == (3, 3, 4) and picture.dtype == np.uint8
    assert (picture[:, 0] == 0).all(), "before the first moment"
    assert picture[:, 1, 0].tolist() == [0, int(255 * 0.25**0.75), 255] and picture[:, 2, 3].tolist() == [255, 0, 0]
