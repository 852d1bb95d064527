"""The embedded sets hold what their sources say; the split is stratified, complete and in order; standardising uses the training set."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnviz3d.engine import data
from nnviz3d.engine.data import split
from nnviz3d.engine.data.dataset import Samples
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.scene import Data

HERE = Path()


@pytest.mark.parametrize(
    ("name", "counts", "shape", "total"),
    [  # the sum over all values is a fingerprint of scikit-learn 1.9.1's copy
        ("digits", [178, 182, 177, 183, 181, 182, 181, 179, 174, 180], (8, 8), 561718 / 16),
        ("mnist", [500] * 10, (28, 28), 131267102 / 255),
        ("iris", [50, 50, 50], (4,), 2078.7),
        ("wine", [59, 71, 48], (13,), 159975.295999),
        ("breast_cancer", [212, 357], (30,), 1056474.4596356),
    ],
)
def test_embedded_sets_hold_what_their_sources_say(name, counts, shape, total):
    found = data.load(Data(kind=name), HERE)
    x = np.concatenate([found.x_train, found.x_test])
    assert np.bincount(np.concatenate([found.t_train, found.t_test])).tolist() == counts
    assert found.shape == shape and len(found.class_names) == len(counts)
    np.testing.assert_allclose(x.sum(dtype=np.float64), total, rtol=1e-6)
    assert len(found.feature_names) == (0 if name in ("digits", "mnist") else shape[0])


def test_digits_are_pictures_in_0_to_1():
    found = data.load(Data(), HERE)
    assert found.summary == "1,438 to train, 359 to test; 8x8 inputs, 10 classes"
    assert found.x_train.min() == 0 and found.x_train.max() == 1
    assert found.x_train.dtype == np.float32 and found.x_train.flags.c_contiguous and found.t_train.dtype == np.int32


def test_attribution_lies_beside_the_data():
    text = (Path(data.__file__).parent / "sets" / "ATTRIBUTION.md").read_text()
    for file in (Path(data.__file__).parent / "sets").glob("*.npz"):
        assert f"`{file.name}`" in text
    assert "CC BY 4.0" in text and "BSD 3-Clause" in text and "CC BY-SA 3.0" in text


@settings(max_examples=150, deadline=None)
@given(classes=st.lists(st.integers(0, 4), min_size=1, max_size=80), fraction=st.floats(0, 0.9), seed=st.integers(0, 99))
def test_a_split_is_complete_in_order_and_stratified(classes, fraction, seed):
    ids, n = np.array(classes), len(classes)
    train, test = split.split(n, ids, fraction, np.random.Generator(np.random.PCG64(seed)))
    assert sorted([*train, *test]) == list(range(n))
    assert list(train) == sorted(train) and list(test) == sorted(test)
    assert len(train) >= 1 and len(test) == min(round(n * fraction), n - 1)
    for label in set(classes):
        share = np.count_nonzero(ids[test] == label)
        assert abs(share - np.count_nonzero(ids == label) * len(test) / n) <= len(set(classes))
    if len(train) >= len(set(classes)):
        assert set(ids[train]) == set(classes), "no class is absent from training while there is room"


def test_another_seed_is_another_split_of_the_same_rows():
    first, second = (data.load(Data(kind="iris", seed=seed), HERE) for seed in (0, 1))
    assert first.x_test.tobytes() != second.x_test.tobytes()
    assert first.x_test.tobytes() == data.load(Data(kind="iris"), HERE).x_test.tobytes()


def test_standardising_uses_the_train_part_only():
    plain = data.load(Data(kind="wine", test_fraction=0.3), HERE)
    found = data.load(Data(kind="wine", test_fraction=0.3, standardize=True), HERE)
    np.testing.assert_allclose(found.x_train.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(found.x_train.std(axis=0), 1, atol=1e-5)
    mean, std = plain.x_train.mean(axis=0, dtype=np.float64), plain.x_train.std(axis=0, dtype=np.float64)
    np.testing.assert_allclose(found.x_test, (plain.x_test - mean) / std, atol=1e-4)


def samples(x, t, **options) -> Samples:
    x, t = np.asarray(x, np.float64), np.asarray(t)
    return Samples("mine", options.pop("task", "classification"), x.shape[1:], x, t, options.pop("names", ("a", "b")), **options)


def finish(made: Samples, **options):
    return split.finish(made, **{"seed": 0, "test_fraction": 0.0, "standardize": False} | options)


def test_a_constant_input_becomes_0_when_standardised():
    found = finish(samples([[7.1, 1], [7.1, 2], [7.1, 3]], [0, 1, 0]), standardize=True)
    assert found.x_train[:, 0].tolist() == [0, 0, 0]
    assert np.isfinite(found.x_train).all()


def test_one_sample_trains_and_nothing_is_left_to_test():
    found = finish(samples([[1.0]], [0]), test_fraction=0.9)
    assert len(found.x_train) == 1 and len(found.x_test) == 0


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (samples([[np.nan], [1]], [0, 1]), "input 0 of sample 0 is nan"),
        (samples([[1], [-np.inf]], [0, 1]), "input 0 of sample 1 is -inf"),
        (samples([[1], [1e39]], [0, 1]), "input 0 of sample 1 is 1e[+]39; expected a finite number"),
        (samples([[1], [2]], [[np.nan], [0]], task="regression", names=("y",)), "target 0 of sample 0 is nan"),
        (samples([[1], [2]], [0, 0], names=("a",)), 'only one class, "a"'),
        (samples(np.zeros((0, 3)), []), "0 samples of 3 inputs"),
        (samples(np.zeros((3, 0)), [0, 1, 0]), "3 samples of 0 inputs"),
        (samples([[1], [2]], [0, 1], n_train=0), "no samples to train with"),
        (samples(np.full((9, 9), np.nan), [0, 1] * 4 + [0]), "and 71 more such inputs"),
    ],
)
def test_data_that_cannot_be_learned_is_reported(made, message):
    with pytest.raises(InputError, match=message):
        finish(made)
