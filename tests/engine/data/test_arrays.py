"""numpy's files: which array is what, by the usual names, by shape or as the scene says; one-hot targets; what is refused, in words."""

from __future__ import annotations

import numpy as np
import pytest

from nnviz3d.engine import data
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.scene import Data

RNG = np.random.default_rng(5)
X, IDS, NUMBERS = RNG.random((40, 6)), np.arange(40) % 3, RNG.random(40)
PICTURES = RNG.random((40, 5, 7))


def load(folder, arrays=None, positional=(), name="a.npz", **options):
    if arrays is not None:
        np.savez(folder / name, *positional, **arrays)
    return data.load(Data(kind="npz", file=name, **{"test_fraction": 0.0} | options), folder)


@pytest.mark.parametrize(
    ("x", "t"),
    [
        ("x", "y"), ("X", "Y"), ("x", "t"), ("data", "target"), ("images", "labels"), ("features", "targets"), ("inputs", "outputs"),
        ("Input", "Output"), ("samples", "label"), ("arr_0", "arr_1"),
    ],
)  # fmt: skip
def test_the_usual_names(tmp_path, x, t):
    found = load(tmp_path, {x: X, t: IDS})
    np.testing.assert_array_equal(found.x_train, X.astype(np.float32))
    assert found.t_train.tolist() == IDS.tolist() and found.notes == ()


@pytest.mark.parametrize(
    ("x", "t"),
    [
        ("x_{}", "y_{}"), ("X_{}", "Y_{}"), ("{}_images", "{}_labels"), ("{}_x", "{}_y"), ("{}X", "{}Y"), ("{}_data", "{}_target"),
        ("x-{}", "y-{}"), ("{}_inputs", "{}_outputs"),
    ],
)  # fmt: skip
def test_a_given_split_by_the_usual_names(tmp_path, x, t):
    arrays = {x.format("train"): X[:30], t.format("train"): IDS[:30], x.format("test"): X[30:], t.format("test"): IDS[30:]}
    found = load(tmp_path, arrays)
    assert (len(found.x_train), len(found.x_test)) == (30, 10) and found.t_test.tolist() == IDS[30:].tolist()
    beside = {x.format("val"): X[:5], t.format("val"): IDS[:5]}
    found = load(tmp_path, arrays | beside)
    assert len(found.x_test) == 10 and found.notes == (f"not used: {x.format('val')}, {t.format('val')}",)
    del arrays[x.format("test")], arrays[t.format("test")]
    found = load(tmp_path, arrays | beside)
    assert len(found.x_test) == 5 and "are used as the test set" in found.notes[0]


def test_two_unnamed_arrays_in_their_order(tmp_path):
    found = load(tmp_path, {}, (X, RNG.random((40, 2))))
    assert found.x_train.shape == (40, 6) and found.class_names == ("target 0", "target 1")


def test_by_shape_where_only_one_reading_is_possible(tmp_path):
    found = load(tmp_path, {"scans": PICTURES, "kinds": IDS, "about": np.array("made by hand"), "version": np.array([1, 2])})
    assert found.shape == (5, 7) and found.class_names == ("0", "1", "2")
    assert found.notes == ("judging by their shapes, scans holds the inputs and kinds the targets", "not used: about, version")
    assert load(tmp_path, {"x": X, "kinds": IDS}).t_train.tolist() == IDS.tolist()  # one name is known
    for arrays in ({"a": X, "b": X}, {"a": X, "b": IDS, "c": NUMBERS}, {"a": X, "b": PICTURES, "c": IDS}, {"a": X, "b": IDS[:7]}, {"a": X}):
        with pytest.raises(InputError) as caught:
            load(tmp_path, arrays)
        reported = str(caught.value)
        assert (
            "data.inputs_array" in reported
            and "data.target_array" in reported
            and all(f"{key} {a.shape} " in reported for key, a in arrays.items())
        )


def test_the_scene_says_which(tmp_path):
    arrays = {"a": X, "b": NUMBERS, "c": IDS, "x": PICTURES, "y": 1 - IDS}
    found = load(tmp_path, arrays, inputs_array="a", target_array="b")
    assert found.task == "regression" and found.t_train[:, 0].tolist() == NUMBERS.tolist() and found.shape == (6,)
    assert load(tmp_path, arrays, inputs_array="a").t_train.tolist() == load(tmp_path, {"x": X, "y": 1 - IDS}).t_train.tolist()
    with pytest.raises(InputError, match=r'data\.inputs_array: no array "A"'):
        load(tmp_path, arrays, inputs_array="A", target_array="b")


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "uint8", "int64", "bool"])
def test_one_hot_targets_are_classes(tmp_path, dtype):
    hot = np.eye(4, dtype=dtype)[np.arange(40) % 3]  # nobody is of the last class, and it is one all the same
    found = load(tmp_path, {"x": X, "y": hot})
    assert found.task == "classification" and found.class_names == ("0", "1", "2", "3") and found.t_train.tolist() == IDS.tolist()
    assert "one-hot targets are read as 4 classes" in found.description and "data.task" in found.description
    again = load(tmp_path, {"x": X, "y": hot}, task="regression")
    assert again.task == "regression" and again.n_outputs == 4 and again.t_train.tolist() == hot.astype(float).tolist()
    parts = {"x_train": X[:30], "y_train": hot[:30], "x_test": X[30:], "y_test": hot[30:]}
    assert load(tmp_path, parts).t_test.tolist() == IDS[30:].tolist()


def test_what_is_not_one_hot_is_not_taken_for_classes(tmp_path):
    scores = RNG.dirichlet(np.ones(3), 40)
    several = np.eye(3)[IDS]
    several[7, :] = 1
    nothing = np.eye(3)[IDS]
    nothing[7, :] = 0
    for t in (scores, several, nothing, 2 * np.eye(3)[IDS], np.eye(3)[IDS] * 2 - 1):
        assert load(tmp_path, {"x": X, "y": t}).task == "regression"
        with pytest.raises(InputError, match=r'data\.task: .*argmax.*data\.task = "regression"'):
            load(tmp_path, {"x": X, "y": t}, task="classification")


@pytest.mark.parametrize(
    ("t", "names"),
    [
        (IDS + 1, ("1", "2", "3")), ((IDS == 1), ("False", "True")), (IDS[:, None].astype("f4"), ("0", "1", "2")),
        (np.array(["cat", "dog", "owl"])[IDS], ("cat", "dog", "owl")),
        (np.array([b"cat", "dög".encode(), b"owl"])[IDS], ("cat", "dög", "owl")),
        (np.where(IDS == 0, -1, 1), ("-1", "1")), ((IDS == 1)[:, None].astype(float), ("0", "1")),
    ],
)  # fmt: skip
def test_classes_in_other_clothes(tmp_path, t, names):
    found = load(tmp_path, {"x": X, "y": t})
    assert found.task == "classification" and found.class_names == names


@pytest.mark.parametrize(
    ("shape", "kept", "noted"),
    [
        ((5, 7, 3), (3, 5, 7), True), ((5, 7, 1), (5, 7), True), ((3, 5, 7), (3, 5, 7), False), ((1, 5, 7), (5, 7), False),
        ((4, 5, 3), (4, 5, 3), False),
    ],
)  # fmt: skip
def test_colour_channels_come_first(tmp_path, shape, kept, noted):
    x = RNG.integers(0, 256, (40, *shape), np.uint8)
    found = load(tmp_path, {"x": x, "y": IDS})
    assert found.shape == kept and ("colour channel" in found.description) is noted
    expected = x.transpose(0, 3, 1, 2) if noted else x
    np.testing.assert_allclose(found.x_train, expected.reshape(40, -1) / 255, rtol=1e-6)


def npy(folder, array, name, **options):
    np.save(folder / name, array)
    return load(folder, name=name, **options)


def test_a_lone_npy_is_a_table_and_no_picture(tmp_path):
    table = np.c_[X, IDS]
    assert npy(tmp_path, table, "a.npy").notes == ("column 6 of 7 (from 0) is the target",)
    found = npy(tmp_path, table, "a.npy", target="0")
    assert found.x_train.shape == (40, 6) and found.t_train[:, 0].tolist() == X[:, 0].tolist()
    for array, name, message in (
        (PICTURES, "a.npy", r"shape \(40, 5, 7\).*labels_file"),
        (PICTURES, "x.npy", "labels_file"),
        (X, "x.npy", r'by its name.*data\.target = "5"'),
        (X, "X_train.npy", "by its name"),
        (RNG.integers(0, 255, (40, 64), np.uint8), "a.npy", "by its bytes"),
        (NUMBERS, "a.npy", r"shape \(40,\)"),
    ):
        with pytest.raises(InputError, match=message):
            npy(tmp_path, array, name)
    assert npy(tmp_path, X, "x.npy", target="5").x_train.shape == (40, 5)
    for target in ("7", "price", "-1"):
        with pytest.raises(InputError, match=r"data\.target: no column .* from 0 to 6"):
            npy(tmp_path, table, "a.npy", target=target)


def test_targets_in_a_file_of_their_own(tmp_path):
    np.save(tmp_path / "y.npy", IDS)
    found = npy(tmp_path, PICTURES, "x.npy", labels_file="y.npy")
    assert found.shape == (5, 7) and found.t_train.tolist() == IDS.tolist()
    with pytest.raises(InputError, match=r"such as y\.npy beside it"):
        npy(tmp_path, PICTURES, "x.npy")
    with pytest.raises(InputError, match="leads out of the scene's folder"):
        npy(tmp_path, PICTURES, "x.npy", labels_file="../y.npy")
    np.save(tmp_path / "y.npy", IDS[:5])
    with pytest.raises(InputError, match="expected 40 targets"):
        npy(tmp_path, PICTURES, "x.npy", labels_file="y.npy")


def test_named_fields_and_objects_are_refused_in_words(tmp_path):
    with pytest.raises(InputError, match=r"table of named fields \(a, b\).*CSV"):
        npy(tmp_path, np.array([(1.0, 2), (3.0, 4)], [("a", "f8"), ("b", "i4")]), "a.npy")
    with pytest.raises(InputError, match="Objects need pickle"):
        load(tmp_path, {"x": X, "y": np.array(["a", 1] * 20, object)})
    with pytest.raises(InputError, match="complex128"):
        load(tmp_path, {"x": X + 1j, "y": IDS})
    found = load(tmp_path, {"x": X, "y": IDS, "extra": np.array([{}, {}], object)})  # what is not asked for is not read
    assert found.notes == ("not used: extra",)


def test_axes_say_what_a_sample_is(tmp_path):
    """A last axis of three is then no colour."""
    x = RNG.random((40, 5, 4, 3))
    assert load(tmp_path, {"x": x, "y": IDS}).shape == (3, 5, 4)
    found = load(tmp_path, {"x": x, "y": IDS}, axes=("channel", "row", "column"))
    assert found.shape == (5, 4, 3) and found.axes == ("channel", "row", "column")
    np.testing.assert_array_equal(found.x_train, x.reshape(40, -1).astype(np.float32))
    with pytest.raises(InputError, match=r"data\.axes: 2 names for samples of shape \[5, 4, 3\]"):
        load(tmp_path, {"x": x, "y": IDS}, axes=("channel", "column"))


def test_numbers_of_tokens(tmp_path):
    ids = RNG.integers(5, size=(40, 6))
    ids[0, 0], targets = 6, np.where(RNG.random((40, 6)) < 0.3, -1, ids)
    found = load(tmp_path, {"x": ids, "y": targets}, axes=("token",))
    assert found.tokens and found.shape == (6,) and found.vocabulary == tuple("0123456") and found.task == "classification"
    assert found.t_train.dtype == np.int32 and found.t_train.tolist() == targets.tolist() and found.x_train.tolist() == ids.tolist()


@pytest.mark.parametrize(
    ("x", "t", "words"),
    [
        (np.zeros((4, 3)), np.zeros(4), r"targets: shape \[4\]; expected \(samples, tokens\)"),
        (np.zeros((4, 3)), np.zeros((4, 2)), r"targets: shape \[4, 2\]"),
        (np.zeros((4, 3)) - 1, np.zeros((4, 3)), "inputs: expected whole numbers of tokens, from 0"),
        (np.zeros((4, 3)) + 0.5, np.zeros((4, 3)), "inputs: expected whole numbers"),
        (np.zeros((4, 3)) + np.nan, np.zeros((4, 3)), "inputs: expected whole numbers"),
        (np.zeros((4, 3)), np.zeros((4, 3)) - 2, "targets: expected whole numbers of tokens, from -1"),
        (np.zeros((4, 3)), np.full((4, 3), 1e9), "targets: expected whole numbers of tokens"),
    ],
)
def test_what_are_no_tokens_is_refused(tmp_path, x, t, words):
    with pytest.raises(InputError, match=words):
        load(tmp_path, {"x": x, "y": t}, axes=("token",))
