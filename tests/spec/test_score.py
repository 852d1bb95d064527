"""Shares never read 100 % or 0 % unless they are all or none, and a score says what it is of."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnviz3d.spec.score import Classes, Score, Scores, part, percent


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.972, "97.2 %"), (1.0, "100.0 %"), (0.0, "0.0 %"), (-0.0, "0.0 %"), (4999 / 5000, "99.98 %"), (1 / 5000, "0.02 %"),
        (59_999 / 60_000, "99.998 %"), (1 - 1e-9, "> 99.9999 %"), (1e-9, "< 0.0001 %"), (None, "–"), (0.5, "50.0 %"), (0.9995, "99.95 %"),
    ],
)  # fmt: skip
def test_percent(value, text):
    assert percent(value) == text


@given(of=st.integers(1, 10**7), data=st.data(), digits=st.integers(0, 3))
def test_only_all_and_none_read_so(of, data, digits):
    right = data.draw(st.integers(0, of))
    number = percent(right / of, digits).removesuffix(" %")
    if number[0] in "<>":
        assert 0 < right < of
    else:
        assert (float(number) == 100, float(number) == 0) == (right == of, right == 0)
        places = len(number.partition(".")[2])
        assert math.isclose(float(number), 100 * right / of, abs_tol=0.5 * 10**-places * 1.000001), "rounded to the printed digits"


def test_what_a_score_is_of():
    assert part(30, 30) == "" and part(2000, 60_000) == "of 2,000 of 60,000"
    whole, some = Score(0.1, 0.9, 359, 359), Score(0.1, 0.9, 2000, 60_000)
    assert Scores(whole, whole, 7).tested(7) == "" and Scores(whole, whole, 7).whole
    assert Scores(whole, whole, 566).tested(600) == "at step 566"
    assert Scores(whole, some, 566).tested(600) == "of 2,000 of 60,000 at step 566" and not Scores(whole, some, 566).whole
    assert Scores().tested(3) == "" and not Scores().whole and Scores().words() == ""
    assert "At step 566, of 2,000 of its 60,000 rows, drawn evenly." in Scores(whole, some, 566).words()


def test_balanced_accuracy_is_the_mean_of_the_recalls():
    classes = Classes(np.array([98, 2, 0]), np.array([98, 1, 0]), np.array([99, 1, 0]))
    assert classes.balanced == pytest.approx(0.75) and np.isnan(classes.recall_c[2])
    reported = Scores(None, Score(0.1, 0.99, 100, 100, classes), 9).words(("often", "rare", "never"))
    assert "Balanced accuracy (the mean over the classes) 75.0 %; least recognised: rare, 50.0 %." in reported
