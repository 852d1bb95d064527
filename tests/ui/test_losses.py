"""The loss as a formula: its numbers give its value, also where a probability is no number of 32 bits any more, or all but 1."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nnviz3d.spec.number_text import exact, pair_plain, plain, short, weights_and_biases
from nnviz3d.spec.step_annotations import Outputs
from nnviz3d.ui.equations import losses
from tests.ui.screen import Screen, _loss


def reported(loss: str, logit: float, target: float = 1.0) -> Outputs:
    """One sure output (bce), or the first of two (cross-entropy), with the loss made of the logits in float64, p in float32."""
    with np.errstate(over="ignore", under="ignore"):
        p = float(np.float32(1) / (np.float32(1) + np.exp(np.float32(-logit))))
    value = float(np.logaddexp(0, -logit if target else logit))
    one = loss == "bce"
    k = np.arange(1 if one else 2)
    a = np.array([p] if one else [p, 1 - p])
    t = np.array([target] if one else [1.0, 0.0])
    return Outputs(tuple(map(str, k)), k, a, t, a - t, a, len(k), True, True, -1 if one else 0, loss, value, value, 1.0, p)


@pytest.mark.parametrize(("loss", "target"), [("cross_entropy", 1.0), ("bce", 1.0), ("bce", 0.0)])
@pytest.mark.parametrize(
    "logit", [-600.0, -104.0, -90.0, -87.5, -60.0, -20.0, -3.0, -0.1, 0.0, 2.0, 6.0, 9.0, 16.0, 40.0, 88.0, 104.0, 600.0]
)
def test_minus_the_logarithm_of_what_is_printed_is_the_loss(loss, target, logit):
    o = reported(loss, logit, target)
    latex, text = losses.formula(o)
    assert "ln 0 " not in f"{text} " and "ln 0}" not in latex and "ln(1 − 1.0000)" not in text.rpartition("=")[2]
    value = plain(o.loss_before)
    if o.loss_before:
        assert _loss(Screen(loss=(text, value))) == 1, text
    if logit == -600 and target:
        assert text.endswith("e^(−600.00)") and value == "600.00"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0089, "0.00890"),
        (0.0012345, "0.00123"),
        (0.012345, "0.0123"),
        (9.99e-4, "9.99e−4"),
        (0.00999996, "0.01000"),
        (-0.004, "−0.00400"),
    ],
)
def test_three_digits_count_everywhere(value, text):
    assert plain(value) == text and short(value) == text


def test_products_of_printed_factors_are_the_printed_product():
    """To a percent, from 1e-9 to 1e4: no factor is printed with two digits."""
    random = np.random.default_rng(0)
    for a, b in 10 ** random.uniform(-5, 2, (2000, 2)):
        reported = [float(plain(v).replace("−", "-")) for v in (a, b, a * b)]
        assert reported[0] * reported[1] == pytest.approx(reported[2], rel=0.0155)


def test_minus_signs_and_powers_are_written_one_way():
    texts = [plain(-1e-7), exact(-4.44619e-7, 6), *pair_plain(-2e-6, -3e-6), plain(-1.5e30), short(-0.00012)]
    assert texts == ["−1.00e−7", "−4.44619e−7", "−2.00e−6", "−3.00e−6", "−1.50e30", "−1.20e−4"]
    assert exact(0.444619012, 6) == "0.444619" and exact(444619.012, 6) == "4.44619e5" and exact(44461.9, 6) == "44461.9"
    assert exact(math.inf, 6) == plain(math.inf) and exact(0.0, 6) == "0"


def test_weights_and_biases_are_counted_apart():
    assert weights_and_biases(4928, 90) == "4,928 weights and 90 biases" and weights_and_biases(1, 1) == "1 weight and 1 bias"
