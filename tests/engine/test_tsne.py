"""t-SNE: its perplexity, its gradient, and what its maps keep."""

from __future__ import annotations

import numpy as np
import pytest

from nnviz3d.engine import tsne
from nnviz3d.engine.tsne import STEPS, Tsne


def rows(n: int, d: int = 6, seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, d))


@pytest.mark.parametrize("perplexity", [2.0, 5.0, 30.0])
@pytest.mark.parametrize("factor", [1e-4, 1.0, 1e5])
def test_every_row_has_the_wanted_perplexity(perplexity, factor):
    p = tsne.conditional(tsne.squared_distances(rows(80) * factor), perplexity)
    np.testing.assert_allclose(p.sum(1), 1)
    entropy = -(p * np.log(np.where(p > 0, p, 1))).sum(1)
    np.testing.assert_allclose(np.exp(entropy), perplexity, rtol=1e-6)
    assert (np.diag(p) == 0).all()


def test_equal_distances_are_solved_in_closed_form():
    """Corners of a simplex: every other point is as near, so p = 1 / (n - 1) whatever the perplexity is."""
    p = tsne.conditional(tsne.squared_distances(np.eye(7)), 3.0)
    np.testing.assert_allclose(p[~np.eye(7, dtype=bool)], 1 / 6)


def test_joint_similarities_are_symmetric_and_sum_to_one():
    p = tsne.joint(rows(50), 8.0)
    assert np.array_equal(p, p.T) and p.sum() == pytest.approx(1)


def test_the_gradient_is_that_of_the_divergence():
    p, y = tsne.joint(rows(12), 4.0), rows(12, 3, 8)
    found, h = tsne.gradient(p, y), 1e-6
    for i in range(len(y)):
        for k in range(3):
            step = np.zeros_like(y)
            step[i, k] = h
            assert found[i, k] == pytest.approx((tsne.divergence(p, y + step) - tsne.divergence(p, y - step)) / (2 * h), abs=1e-7)


def test_the_divergence_falls_and_far_clusters_separate():
    x = np.concatenate([rows(40, 10, 1), rows(40, 10, 2) + 30])
    work = Tsne(x, 10)
    before = tsne.divergence(work.p_rr, work.y_rk)
    while not work.over:
        work.run(50)
    assert work.step == STEPS and tsne.divergence(work.p_rr, work.y_rk) < 0.3 * before
    a, b = work.y_rk[:40], work.y_rk[40:]
    apart = np.linalg.norm(a.mean(0) - b.mean(0))
    assert apart > 2 * max(np.linalg.norm(part - part.mean(0), axis=1).max() for part in (a, b))
    again = Tsne(x, 10)
    again.run(STEPS)
    assert np.array_equal(again.y_rk, work.y_rk), "slices do not change the map"


@pytest.mark.parametrize("x", [np.zeros((0, 3)), np.ones((1, 3)), np.ones((2, 3)), np.ones((9, 3)), np.full((9, 3), np.nan)])
def test_few_equal_and_broken_rows_give_finite_maps(x):
    work = Tsne(x)
    work.run(STEPS)
    assert work.over and work.y_rk.shape == (len(x), 3) and np.isfinite(work.y_rk).all()
