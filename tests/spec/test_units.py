"""Numbers in their own unit: what an output means, and as many digits as tell the values of the data apart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnviz3d.spec import units
from nnviz3d.spec.units import SquaredError, Unit


def of(values, test=()) -> Unit:
    return units.of("y", np.array(values, float), np.array(test, float))


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([249_812, 249_813, 310_000, 180_500], ["249,812", "249,813", "310,000", "180,500"]),
        ([1_000_000.1, 1_000_000.2, 1_000_000.3], ["1,000,000.1", "1,000,000.2", "1,000,000.3"]),
        ([0.00312, 0.00313, 0.0041], ["0.00312", "0.00313", "0.00410"]),
        ([0, 1, 1, 0], ["0", "1", "1", "0"]),
        ([21.4, 9.5, 50.0], ["21.4", "9.5", "50.0"]),
        ([1.5e9, 1_500_000_060, 1_500_000_120], ["1,500,000,000", "1,500,000,060", "1,500,000,120"]),
        ([-3, 0, 12], ["-3", "0", "12"]),
        ([7, 7, 7], ["7", "7", "7"]),
        ([2e20, 2.001e20, 3e20], ["2.00000e+20", "2.00100e+20", "3.00000e+20"]),
        ([3e-12, 3.1e-12, 9e-12], ["3.00e-12", "3.10e-12", "9.00e-12"]),
    ],
)
def test_values_of_the_data_are_distinguished(values, texts):
    unit = of(values)
    reported = [unit.text(value) for value in values]
    assert len(set(reported)) == len(set(values)), reported
    assert [float(text.replace(",", "")) for text in reported] == pytest.approx(values, rel=1e-9)
    if "e" not in texts[0]:
        assert reported == texts


def test_an_answer_has_digits_of_its_own():
    unit = of([0, 1, 1, 0, 1])
    assert unit.text(1.0) == "1" and unit.text(0.4321) == "0.432"  # a share is no whole number, though all targets are
    assert of([100_000, 300_000, 250_000]).text(257_496.31) == "257,496"
    assert of([20, 30, 45]).text(31.26) == "31.3"
    assert of([1.0, 2.0]).text(float("nan")) == "not a number" and of([1.0, 2.0]).text(float("inf")) == "∞"
    assert of([-1, 0, 1]).text(-1e-9) == "0"  # no minus before nothing
    assert of([0.5, 1.5, 2.0]).text(-0.0001) == "0.000"
    assert of(np.random.default_rng(1).normal(size=300)).decimals in (3, 4)  # as many as tell apart, not seventeen


numbers = st.floats(-1e15, 1e15, allow_nan=False, allow_subnormal=False).map(lambda x: x if abs(x) > 1e-12 else 0.0)


@settings(deadline=None, max_examples=300)
@given(st.lists(numbers, min_size=2, max_size=30), st.lists(numbers, max_size=5), st.floats(-5, 5))
def test_own_is_mean_plus_deviation_times_output(train, test, a):
    unit = of(train, test)
    assert unit.own(a) == unit.mean + unit.deviation * a
    values = np.array(train)
    if values.min() < values.max() and values.std() > 0:
        assert (unit.mean, unit.deviation) == (values.mean(), values.std())
        np.testing.assert_allclose(unit.own((values - unit.mean) / unit.deviation), values, atol=1e-9 * np.abs(values).max())
    else:
        assert unit.deviation == 1
    assert unit.low == min(train + test) and unit.high == max(train + test)
    assert unit.level(unit.low) == pytest.approx(-1) or unit.low == unit.high
    assert unit.level(unit.high) == pytest.approx(1) or unit.low == unit.high
    for value in (*train, unit.own(a)):
        printed = float(unit.text(value).replace(",", "").replace("∞", "inf"))
        assert abs(printed - value) <= max(1e-2 * unit.spread, 1e-6 * abs(value)) + 1e-12, unit.text(value)


@settings(deadline=None, max_examples=200)
@given(st.floats(-1e7, 1e7), st.floats(1e-3, 1e7), st.floats(-4, 4), st.integers(0, 3))
def test_the_printed_formula_holds(mean, deviation, a, decimals):
    """mean + deviation * a with the printed digits is the printed answer, up to one in its last digit."""
    unit = Unit("y", mean, deviation, mean - deviation, mean + deviation, deviation, decimals)
    m, s, output = (float(text.replace(",", "")) for text in unit.formula(a))
    reported = unit.text(unit.own(a)).replace(",", "")
    places = len(reported.partition(".")[2]) if "e" not in reported else 0
    slack = 10.0**-places + 1e-7 * 0.51 * deviation  # outputs have at most seven decimals
    assert "e" in reported or abs(m + s * output - float(reported)) <= slack


def test_a_squared_loss_in_the_unit():
    unit = of([100.0, 200.0, 300.0])
    error = SquaredError(unit.deviation, unit, True)
    assert error.rmse(0.25) == pytest.approx(unit.deviation / 2) and error.text(0.25) == "40.8"
    assert SquaredError(1.0, None, True).text(0.04) == "0.2 sd" and error.text(None) == "–"
