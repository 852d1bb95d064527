"""Principal components against numpy's singular values; the rotation that keeps a moving cloud still."""

from __future__ import annotations

import numpy as np
import pytest

from nnviz3d.engine import principal
from nnviz3d.engine.principal import components, rotation_onto


def rows(r, size, seed=0):
    g = np.random.default_rng(seed)
    return g.standard_normal((r, size)) * np.linspace(3, 0.1, size) + g.uniform(-5, 5, size)


@pytest.mark.parametrize(("r", "size"), [(200, 40), (50, 3), (30, 100), (500, 7)])
def test_axes_and_shares_are_those_of_the_singular_values(r, size):
    a = rows(r, size)
    found = components(a)
    _u, s, vt = np.linalg.svd(a - a.mean(0), full_matrices=False)
    np.testing.assert_allclose(found.share_3, (s**2 / (s**2).sum())[:3], rtol=1e-8)
    np.testing.assert_allclose(np.abs(found.axes.T @ vt[:3].T), np.eye(3), atol=1e-6)
    np.testing.assert_allclose(found.apply(a).mean(0), 0, atol=1e-9)
    assert (found.axes[np.abs(found.axes).argmax(0), range(3)] > 0).all()


def test_wide_layers_are_solved_by_some_rows_and_tell_the_true_share(monkeypatch):
    monkeypatch.setattr(principal, "EXACT", 60)
    a = rows(400, 90) * 0.9 ** np.arange(90)
    found = components(a)
    shown = found.apply(a)
    assert found.share_3 == pytest.approx(np.square(shown).sum(0) / np.square(a - a.mean(0)).sum())
    np.testing.assert_allclose(found.axes.T @ found.axes, np.eye(3), atol=1e-8)
    exact = np.linalg.svd(a - a.mean(0), compute_uv=False) ** 2
    assert found.share_3.sum() > 0.7 * exact[:3].sum() / exact.sum()


@pytest.mark.parametrize("a", [np.zeros((5, 4)), np.ones((1, 4)), np.zeros((0, 4)), np.arange(8.0).reshape(4, 2), np.full((3, 2), np.nan)])
def test_too_few_rows_or_dimensions_leave_axes_empty(a):
    found = components(a)
    assert np.isfinite(found.axes).all() and found.axes.shape == (a.shape[1], 3) and found.share_3.sum() <= 1 + 1e-9
    assert np.isfinite(found.apply(np.nan_to_num(a))).all()


def test_a_turned_and_mirrored_cloud_is_laid_back():
    g = np.random.default_rng(2)
    x = g.standard_normal((100, 3)) * [3, 2, 1]
    q, _ = np.linalg.qr(g.standard_normal((3, 3)))
    turn = rotation_onto(x @ q, x)
    np.testing.assert_allclose(x @ q @ turn, x, atol=1e-9)
    np.testing.assert_allclose(turn.T @ turn, np.eye(3), atol=1e-12)
