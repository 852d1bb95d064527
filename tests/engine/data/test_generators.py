"""Generated data against its formulas: Playground's six sets point by point, and the blobs' shape and seeds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnviz3d.engine import data
from nnviz3d.engine.data import playground
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.scene import Data

HERE = Path()
CLASSES = ("circle", "xor", "gauss", "spiral")


def all_of(kind: str, **options) -> tuple[np.ndarray, np.ndarray]:
    """Every point and target, training set first."""
    found = data.load(Data(kind=kind, **options), HERE)
    return np.concatenate([found.x_train, found.x_test]), np.concatenate([found.t_train, found.t_test])


def test_circle_without_noise_is_a_disc_in_a_ring():
    xy, t = all_of("circle")
    radius = np.hypot(*xy.T)
    assert np.all((t == 1) == (radius < 2.5))
    assert np.all((radius < 2.5) | ((radius >= 3.5 - 1e-6) & (radius <= 5 + 1e-6)))
    assert np.bincount(t).tolist() == [250, 250]


def test_xor_without_noise_is_the_sign_of_the_product_off_the_axes():
    xy, t = all_of("xor")
    assert np.all((t == 1) == (xy[:, 0] * xy[:, 1] >= 0))
    assert np.abs(xy).min() >= 0.3 - 1e-6 and np.abs(xy).max() <= 5.3


@pytest.mark.parametrize(("noise", "variance"), [(0.0, 0.5), (0.5, 4.0)])
def test_gauss_has_the_variance_of_its_noise(noise, variance):
    xy, t = all_of("gauss", noise=noise, samples=20_000)
    for label, centre in ((1, 2.0), (0, -2.0)):
        cloud = xy[t == label]
        assert len(cloud) == 10_000
        np.testing.assert_allclose(cloud.mean(axis=0), centre, atol=0.1)
        np.testing.assert_allclose(cloud.var(axis=0), variance, rtol=0.1)


def test_spiral_without_noise_lies_on_two_arms_turned_by_pi():
    xy, t = all_of("spiral")
    for label, turned in ((1, 0.0), (0, np.pi)):
        arm = xy[t == label]
        arm = arm[np.argsort(np.hypot(*arm.T))]
        place = np.arange(250) / 250
        angle = 1.75 * place * 2 * np.pi + turned
        np.testing.assert_allclose(arm, np.stack([5 * place * np.sin(angle), 5 * place * np.cos(angle)], axis=1), atol=1e-5)


def test_spiral_noise_moves_each_point_by_at_most_itself():
    near, _ = all_of("spiral", seed=3)
    far, _ = all_of("spiral", seed=3, noise=0.5)
    assert 0.4 < np.abs(far - near).max() < 0.501


def test_plane_without_noise_is_the_sum_over_ten():
    xy, t = all_of("reg-plane")
    assert len(xy) == 1200 and np.abs(xy).max() <= 6
    np.testing.assert_allclose(t[:, 0], xy.sum(axis=1) / 10, atol=1e-6)


def test_hills_without_noise_are_cones_with_the_signs_of_a_chessboard():
    xy, t = all_of("reg-gauss")
    expected = np.zeros(len(xy))
    for x, y, sign in ((-4, 2.5, 1), (0, 2.5, -1), (4, 2.5, 1), (-4, -2.5, -1), (0, -2.5, 1), (4, -2.5, -1)):
        height = np.clip(1 - np.hypot(xy[:, 0] - x, xy[:, 1] - y) / 2, 0, 1)
        expected = np.where(height > np.abs(expected), sign * height, expected)
    np.testing.assert_allclose(t[:, 0], expected, atol=1e-5)


@pytest.mark.parametrize("kind", ["circle", "xor"])
def test_label_noise_changes_labels_and_not_points(kind):
    quiet, quiet_t = all_of(kind, seed=5)
    noisy, noisy_t = all_of(kind, seed=5, noise=0.5)
    np.testing.assert_array_equal(quiet, noisy)
    assert 10 < np.count_nonzero(quiet_t != noisy_t) < 250


def test_features_are_functions_of_the_two_coordinates():
    features = tuple(playground.FEATURES)
    x, _ = all_of("xor", features=features)
    a, b = x[:, 0], x[:, 1]
    for column, expected in zip(x.T, (a, b, a * a, b * b, a * b, np.sin(a), np.sin(b)), strict=True):
        np.testing.assert_allclose(column, expected, rtol=1e-5, atol=1e-5)
    found = data.load(Data(kind="xor", features=("x2", "x1*x2")), HERE)
    assert found.feature_names == ("x2", "x1*x2") and found.shape == (2,)


@pytest.mark.parametrize(("fraction", "train"), [(0.5, 250), (0.2, 400), (0.9, 50), (0.0, 500)])
def test_the_first_points_of_the_shuffle_train(fraction, train):
    found = data.load(Data(kind="gauss", test_fraction=fraction), HERE)
    assert (len(found.x_train), len(found.x_test)) == (train, 500 - train)


@settings(max_examples=40, deadline=None)
@given(
    kind=st.sampled_from(tuple(playground.GENERATORS)), samples=st.integers(1, 40), seed=st.integers(0, 2**32 - 1), noise=st.floats(0, 0.5)
)
def test_any_number_of_samples_is_made_the_same_twice(kind, samples, seed, noise):
    scene = Data(kind=kind, samples=samples, seed=seed, noise=noise)
    first, second = data.load(scene, HERE), data.load(scene, HERE)
    assert len(first.x_train) + len(first.x_test) == samples and len(first.x_train) >= 1
    assert first.x_train.tobytes() == second.x_train.tobytes() and first.t_test.tobytes() == second.t_test.tobytes()
    assert np.isfinite(first.x_train).all()


def test_class_one_is_playgrounds_plus_one():
    found = data.load(Data(kind="circle"), HERE)
    assert found.class_names == ("-1", "+1") and found.n_outputs == 2
    assert found.summary == "400 to train, 100 to test; 2 inputs, 2 classes"
    assert data.load(Data(kind="reg-plane"), HERE).summary == "960 to train, 240 to test; 2 inputs, 1 target"


def test_blobs_have_their_shape_and_can_be_reported_apart_but_not_by_one_pixel():
    found = data.load(Data(kind="blobs", shape=(28, 28), samples=1000), HERE)
    assert found.shape == (28, 28) and found.x_train.shape == (800, 784) and found.n_outputs == 10
    assert found.x_train.min() >= 0 and found.x_train.max() <= 1
    means = np.stack([found.x_train[found.t_train == k].mean(axis=0) for k in range(10)])
    nearest = np.linalg.norm(found.x_test[:, None] - means, axis=2).argmin(axis=1)
    assert 0.5 < np.mean(nearest == found.t_test) <= 1.0
    best = max(abs(np.corrcoef(found.x_train[:, k], found.t_train == 3)[0, 1]) for k in range(0, 784, 9))
    assert best < 0.95


def test_blobs_take_any_rank_and_the_seed_decides():
    first = data.load(Data(kind="blobs", inputs=24, shape=(2, 3, 4), samples=50), HERE)
    other = data.load(Data(kind="blobs", inputs=24, shape=(2, 3, 4), samples=50, seed=1), HERE)
    assert first.shape == (2, 3, 4) and first.x_train.tobytes() != other.x_train.tobytes()
    assert data.load(Data(kind="blobs", inputs=5, samples=9), HERE).shape == (5,)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"inputs": 100, "shape": (28, 28)}, r"data.shape: \[28, 28\] has 784 numbers, but data.inputs is 100"),
        ({"inputs": 65_536, "samples": 10_000_000}, "data.samples: .* are too many values"),
        ({"classes": 1}, "only one class"),
    ],
)
def test_sizes_that_cannot_be_are_reported_before_they_are_made(options, message):
    with pytest.raises(InputError, match=message):
        data.load(Data(kind="blobs", **options), HERE)
