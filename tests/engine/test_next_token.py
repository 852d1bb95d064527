"""Drawing the next token: shares against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nnviz3d.engine.next_token import draw, probabilities, stages, window

LOGITS = np.log([0.1, 0.4, 0.2, 0.3])


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ({}, [0.1, 0.4, 0.2, 0.3]),
        ({"temperature": 0.5}, [1 / 30, 16 / 30, 4 / 30, 9 / 30]),  # squares
        ({"temperature": 2.0}, [math.sqrt(p) / sum(map(math.sqrt, (1, 4, 2, 3))) for p in (1, 4, 2, 3)]),
        ({"temperature": 0.0}, [0, 1, 0, 0]),
        ({"top_k": 1}, [0, 1, 0, 0]),
        ({"top_k": 2}, [0, 4 / 7, 0, 3 / 7]),
        ({"top_k": 9}, [0.1, 0.4, 0.2, 0.3]),
        ({"top_p": 0.0}, [0, 1, 0, 0]),
        ({"top_p": 0.5}, [0, 4 / 7, 0, 3 / 7]),
        ({"top_p": 0.75}, [0, 4 / 9, 2 / 9, 3 / 9]),
        ({"top_k": 3, "top_p": 0.4}, [0, 1, 0, 0]),
    ],
)
def test_shares_by_closed_forms(how, expected):
    assert probabilities(LOGITS, **how) == pytest.approx(np.array(expected))


def test_equal_logits_and_large_ones():
    assert probabilities(np.zeros(4), top_k=1).tolist() == [1, 0, 0, 0]
    assert probabilities(np.array([1e4, -1e4])).tolist() == [1, 0]


def test_tokens_are_drawn_by_their_shares():
    rng = np.random.default_rng(0)
    drawn = [draw(probabilities(LOGITS), rng) for _ in range(4000)]
    assert np.bincount(drawn, minlength=4) / 4000 == pytest.approx(np.exp(LOGITS), abs=0.03)


def test_what_a_network_reads_of_a_prompt():
    row, last = window(np.array([5, 6, 7]), 5, fill=1)
    assert row.tolist() == [5, 6, 7, 1, 1] and last == 2
    row, last = window(np.arange(9), 5)
    assert row.tolist() == [4, 5, 6, 7, 8] and last == 4
    with pytest.raises(ValueError, match="at least one token"):
        window(np.array([], int), 5)


@pytest.mark.parametrize("temperature", [0.0, 0.3, 1.0, 2.5])
@pytest.mark.parametrize("top_k", [0, 1, 3, 50])
@pytest.mark.parametrize("top_p", [0.0, 0.4, 0.9, 1.0])
def test_the_stages_from_logit_to_probability(temperature, top_k, top_p):
    logits = np.random.default_rng(5).normal(0, 2, 20)
    s = stages(logits, temperature, top_k, top_p)
    assert s.probability_v.sum() == pytest.approx(1) and (s.probability_v >= 0).all()
    assert ((s.probability_v > 0) == s.kept_v).all() and not (s.kept_v & ~s.in_top_k_v).any() and s.kept_v[logits.argmax()]
    np.testing.assert_array_equal(s.logit_v, logits)
    if temperature > 0:
        np.testing.assert_allclose(s.scaled_v, logits / temperature)
        e = np.where(s.kept_v, np.exp(logits / temperature), 0)
        np.testing.assert_allclose(s.probability_v, e / e.sum())
        assert s.in_top_k_v.sum() == (min(top_k, 20) or 20)
        e = np.where(s.in_top_k_v, np.exp(logits / temperature), 0)
        share = (e / e.sum())[s.kept_v]
        assert share.sum() >= top_p - 1e-12 and (len(share) == 1 or share.sum() - share.min() < top_p), "no more than are needed"
    else:
        assert s.kept_v.sum() == 1
    np.testing.assert_array_equal(probabilities(logits, temperature, top_k, top_p), s.probability_v)
