"""Series: the last rows as the test set, and earlier rows as inputs; nothing of the future is ever an input."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnviz3d.engine import data
from nnviz3d.engine.data import series
from nnviz3d.engine.data.dataset import Samples
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.scene import Data
from nnviz3d.spec.toml import validate

N = 50
MONTHS, GUESTS = np.arange(N) % 12 + 1, 100 + 3 * np.arange(N) + 7 * (np.arange(N) % 5)


def csv_of(folder, **options):
    (folder / "a.csv").write_text("month,guests\n" + "".join(f"{m},{g}\n" for m, g in zip(MONTHS, GUESTS, strict=True)))
    return data.load(validate({"data": {"kind": "csv", "file": "a.csv", "task": "regression", **options}}).data, folder)


def test_the_last_rows_are_the_test_part(tmp_path):
    found = csv_of(tmp_path, split="last", test_fraction=0.3)
    assert found.t_train[:, 0].tolist() == GUESTS[:35].tolist() and found.t_test[:, 0].tolist() == GUESTS[35:].tolist()
    assert "the last 15 rows are the test set" in found.description
    assert found.units[0].mean == GUESTS[:35].mean()  # nothing of the test set
    assert csv_of(tmp_path, split="last", standardize=True).mean_i[0] == MONTHS[:40].mean()
    drawn = csv_of(tmp_path, test_fraction=0.3)
    assert not np.array_equal(drawn.t_test[:, 0], GUESTS[35:]) and drawn.notes == ()
    assert len(csv_of(tmp_path, split="last", test_fraction=0.0).x_test) == 0


def test_of_classes_and_arrays_too(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.arange(20.0)[:, None] * [1, 2], y=np.arange(20) % 2)
    found = data.load(Data(kind="npz", file="a.npz", split="last", test_fraction=0.25), tmp_path)
    assert found.x_test[:, 0].tolist() == [15, 16, 17, 18, 19] and found.t_test.tolist() == [1, 0, 1, 0, 1]
    iris = data.load(Data(kind="iris", split="last"), tmp_path)
    assert len(iris.x_test) == 30 and set(iris.t_test.tolist()) == {2}  # as it is asked for


def test_earlier_values_of_the_target_are_the_inputs(tmp_path):
    found = csv_of(tmp_path, lags=[1, 2, 12], test_fraction=0.2)
    assert found.feature_names == ("guests 1 row earlier", "guests 2 rows earlier", "guests 12 rows earlier")
    assert (len(found.x_train), len(found.x_test)) == (30, 8)
    t = np.concatenate([found.t_train, found.t_test])[:, 0]
    assert t.tolist() == GUESTS[12:].tolist()
    for k, lag in enumerate((1, 2, 12)):
        assert np.concatenate([found.x_train, found.x_test])[:, k].tolist() == GUESTS[12 - lag : N - lag].tolist()
    assert "left out: the first 12 rows" in found.description and "reach back into the training set" in found.description
    assert csv_of(tmp_path, lags=3).feature_names == csv_of(tmp_path, lags=[1, 2, 3]).feature_names


def test_earlier_values_of_the_inputs_too(tmp_path):
    found = csv_of(tmp_path, lags=[0, 1], lags_of="all")
    assert found.feature_names == ("month", "guests 1 row earlier", "month 1 row earlier")
    assert found.x_train[0].tolist() == [MONTHS[1], GUESTS[0], MONTHS[0]]
    assert csv_of(tmp_path, lags=[2], lags_of="inputs").feature_names == ("month 2 rows earlier",)
    assert csv_of(tmp_path, lags=[0, 2]).feature_names == ("month", "guests 2 rows earlier")


def test_a_series_alone(tmp_path):
    np.save(tmp_path / "a.npy", GUESTS.astype(float))
    found = data.load(Data(kind="npz", file="a.npy", lags=2), tmp_path)
    assert found.feature_names == ("target 1 row earlier", "target 2 rows earlier") and found.x_train[0].tolist() == [GUESTS[1], GUESTS[0]]
    np.savez(tmp_path / "a.npz", guests=GUESTS)
    assert data.load(Data(kind="npz", file="a.npz", lags=2, task="regression"), tmp_path).x_train[0].tolist() == [GUESTS[1], GUESTS[0]]
    with pytest.raises(InputError, match=r"shape \(50,\)"):
        data.load(Data(kind="npz", file="a.npy"), tmp_path)
    with pytest.raises(InputError, match="there are no inputs besides the target"):
        data.load(Data(kind="npz", file="a.npy", lags=(1,), lags_of="inputs"), tmp_path)


def test_a_given_split_stays_and_no_part_looks_into_the_other(tmp_path):
    x = np.arange(30.0)[:, None]
    np.savez(tmp_path / "a.npz", x_train=x[:20], y_train=x[:20, 0] + 0.5, x_test=x[20:], y_test=x[20:, 0] + 0.5)
    found = data.load(Data(kind="npz", file="a.npz", lags=(2,), lags_of="inputs"), tmp_path)
    assert found.x_train[:, 0].tolist() == list(range(18)) and found.x_test[:, 0].tolist() == list(range(20, 28))
    assert "2 rows of each part" in found.description


@settings(deadline=None, max_examples=100)
@given(st.integers(5, 40), st.sets(st.integers(0, 12), min_size=1, max_size=5), st.sampled_from(["target", "inputs", "all"]), st.data())
def test_no_input_is_of_the_present_target_or_of_the_future(n, lags, of, draw):
    """Every value carries the number of its row: inputs come from exactly `lag` rows earlier."""
    rows = np.arange(n, dtype=float)
    samples = Samples("s", "regression", (2,), np.c_[rows, rows + 1000], (rows + 2000)[:, None], ("t",), ("a", "b"))
    setting = Data(kind="csv", file="s", lags=tuple(lags), lags_of=of)
    if max(lags) > n - 2 or lags == {0}:
        with pytest.raises(InputError):
            series.lagged(samples, setting)
        return
    found = series.lagged(samples, setting)
    now = found.t[:, 0] - 2000
    assert now.tolist() == list(range(max(lags), n)) and found.x.shape[1] == len(found.feature_names)
    for k, name in enumerate(found.feature_names):
        lag = 0 if "earlier" not in name else int(name.split()[1])
        assert np.array_equal(found.x[:, k] % 1000, now - lag)
        assert name[0] != "t" or lag > 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lags": [49]}, r"data\.lags: 49 rows earlier, but only 50 follow one another; expected 0 to 48"),
        ({"lags": 1000}, "expected 0 to 48"),
        ({"lags": [0]}, "0 alone"),
        ({"lags": [3, 3]}, "twice"),
        ({"lags": [1], "split": "random"}, r"data\.split: .*use \"last\""),
        ({"lags": [1], "task": "classification"}, r"data\.lags_of: .*classes"),
        ({"lags": [-1]}, "lags"),
        ({"lags": [1.5]}, "lags"),
        ({"lags": 1001}, "lags"),
        ({"split": "first"}, "split"),
    ],
)
def test_what_cannot_be_is_reported(tmp_path, options, message):
    with pytest.raises(InputError, match=message):
        csv_of(tmp_path, **options)


def test_only_what_follows_one_another_is_a_series():
    with pytest.raises(InputError, match=r'data\.lags: a series is a file of kind "csv" or "npz"'):
        data.load(Data(kind="iris", lags=(1,), lags_of="inputs"), None)


def test_lags_are_kept_by_a_scene_file(tmp_path):
    from nnviz3d.spec import toml

    scene = validate({"data": {"kind": "csv", "file": "a.csv", "lags": 4, "split": "last"}})
    toml.save(scene, tmp_path / "s.toml")
    assert toml.load(tmp_path / "s.toml").data.lags == (1, 2, 3, 4) and toml.load(tmp_path / "s.toml") == scene
