"""CSV, .npz/.npy and IDX files: what is meant is read, and what is wrong is reported with its place."""

from __future__ import annotations

import gzip
import struct

import numpy as np
import pytest

from nnviz3d.engine import data
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.scene import Data


def csv_of(tmp_path, text: str, **options):
    (tmp_path / "a.csv").write_bytes(text.encode() if isinstance(text, str) else text)
    return data.load(Data(kind="csv", file="a.csv", **{"test_fraction": 0.0} | options), tmp_path)


@pytest.mark.parametrize(
    ("text", "options", "x", "t", "classes", "features"),
    [
        ("a,b,kind\n1,2,cat\n3,4,dog\n", {}, [[1, 2], [3, 4]], [0, 1], ("cat", "dog"), ("a", "b")),
        ("1,2,dog\n3,4,cat\n", {}, [[1, 2], [3, 4]], [1, 0], ("cat", "dog"), ("x1", "x2")),
        ("kind,a\ncat,1\ndog,2\n", {"target": "kind"}, [[1], [2]], [0, 1], ("cat", "dog"), ("a",)),
        ("cat,1\ndog,2\n", {"target": "0"}, [[1], [2]], [0, 1], ("cat", "dog"), ("x1",)),
        ("1;2;0\n3;4;1\n5;6;0\n7;8;1\n", {}, [[1, 2], [3, 4], [5, 6], [7, 8]], [0, 1, 0, 1], ("0", "1"), ("x1", "x2")),
        ("\ufeffa,b\r\n1,x\r\n\r\n2,y\r\n", {}, [[1], [2]], [0, 1], ("x", "y"), ("a",)),
        ('"a ","b"\n" 1 ","x, y"\n"2","z"\n', {}, [[1], [2]], [0, 1], ("x, y", "z"), ("a",)),
        ("1,2\n3,4\n", {"header": "yes", "task": "regression"}, [[3]], [[4]], ("2",), ("1",)),
    ],
)
def test_csv_is_read_as_meant(tmp_path, text, options, x, t, classes, features):
    found = csv_of(tmp_path, text, **options)
    assert found.x_train.tolist() == x and found.t_train.tolist() == t
    assert found.class_names == classes and found.feature_names == features


def test_csv_numbers_with_fractions_are_regression(tmp_path):
    found = csv_of(tmp_path, "a,price\n1,2.5\n2,3.5\n")
    assert found.task == "regression" and found.class_names == ("price",) and found.t_train.tolist() == [[2.5], [3.5]]
    many = "".join(f"{n},{n}\n" for n in range(40))
    assert csv_of(tmp_path, many).task == "regression", "40 different whole numbers are no class ids"
    assert csv_of(tmp_path, many, task="classification").n_outputs == 40


@pytest.mark.parametrize(
    ("text", "options", "messages"),
    [
        ("a,b\n1,x\n2,y,z\n3\n", {}, ["2 rows have not the 2 cells", "line 3: 3 cells, line 4: 1 cell)"]),
        ("a,b\ninf,x\n1e50,y\n", {"header": "yes"}, ["column 'a': 2 values are not finite in float32, for example inf in line 2"]),
        ("a,c\n,x\nNA,y\n?,x\n", {}, ['no input is left ("a": holds no values)']),
        ("", {}, ["is empty"]),
        ("a,b\n", {}, ["has a header but no rows"]),
        ("1\n2\n", {}, ["one column"]),
        ("a,b\n1,x\n2,y\n", {"target": "c"}, ["data.target", 'no column "c"', "a, b"]),
        ("a,a\n1,2\n2,2\n", {"target": "a"}, ['"a" names 2 columns']),
        ("a,b\n1,x\n2,x\n", {}, ['only one class, "x"']),
        ("a,b\n1,x\n2,y\n", {"task": "regression"}, ["the target is text"]),
        ("a,b\n1,1.5\n2,2\n", {"task": "classification"}, ["the target holds fractions"]),
        (b"a,b\n1,\xff\n", {}, ["not UTF-8 text (the byte 0xff)", 'data.encoding = "cp1252"']),
        ('a,b\n1,"x\n', {}, ["not a readable CSV file"]),
        ("a,b\n" + "1," + "x" * 200_000, {}, ["field larger than field limit"]),
        ("a,b\n" + "?,x\n" * 1000, {"header": "yes"}, ['"a": holds no values']),
    ],
)
def test_csv_problems_are_reported_with_their_column_and_an_example(tmp_path, text, options, messages):
    with pytest.raises(InputError) as caught:
        csv_of(tmp_path, text, **options)
    assert [message for message in messages if message not in str(caught.value)] == []


def two_parts(train: tuple[int, int], test: tuple[int, int]) -> dict[str, np.ndarray]:
    parts = {"train": train, "test": test}
    targets = {f"t_{part}": np.arange(shape[0]) + 0.5 for part, shape in parts.items()}
    return {f"x_{part}": np.ones(shape) for part, shape in parts.items()} | targets


def npz_of(tmp_path, name="a.npz", **arrays):
    np.savez(tmp_path / name, **arrays)
    return data.load(Data(kind="npz", file=name, test_fraction=0.0), tmp_path)


def test_npz_keeps_the_axes_of_a_sample_and_scales_pixels(tmp_path):
    x = np.arange(4 * 2 * 3, dtype=np.uint8).reshape(4, 2, 3) * 10
    found = npz_of(tmp_path, x=x, t=np.array([5, 7, 5, 7]))
    assert found.shape == (2, 3) and found.class_names == ("5", "7") and found.t_train.tolist() == [0, 1, 0, 1]
    np.testing.assert_allclose(found.x_train, x.reshape(4, 6) / 255, rtol=1e-6)


def test_npz_keeps_a_given_split_and_takes_y_for_t(tmp_path):
    found = npz_of(tmp_path, x_train=np.ones((4, 2)), y_train=np.array([0, 1, 0, 1]), x_test=np.zeros((3, 2)), y_test=np.array([1, 0, 1]))
    assert (len(found.x_train), len(found.x_test)) == (4, 3) and found.t_test.tolist() == [1, 0, 1] and found.x_test.max() == 0


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["<f4", ">f8", "<i2", "?"])
def test_npz_of_any_order_and_byte_order(tmp_path, dtype, order):
    x = np.asarray([[1, 0, 1], [0, 1, 1]], dtype=dtype, order=order)
    found = npz_of(tmp_path, x=x, t=np.array([0.5, 1.5]))
    assert found.x_train.tolist() == [[1, 0, 1], [0, 1, 1]] and found.t_train.tolist() == [[0.5], [1.5]] and found.task == "regression"


def test_npy_has_its_target_in_the_last_column(tmp_path):
    np.save(tmp_path / "a.npy", np.array([[1, 2, 0], [3, 4, 1], [5, 6, 0], [7, 8, 1.0]]))
    found = data.load(Data(kind="npz", file="a.npy", test_fraction=0.0), tmp_path)
    assert found.x_train.tolist() == [[1, 2], [3, 4], [5, 6], [7, 8]] and found.t_train.tolist() == [0, 1, 0, 1]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"a": np.ones(3)}, "no array x and t"),
        ({"x": np.ones((3, 2))}, "no array t"),
        ({"x": np.ones((3, 2)), "t": np.ones(2)}, r"t: shape \(2,\); expected 3 targets"),
        ({"x": np.ones(3), "t": np.ones(3)}, r"x: shape \(3,\)"),
        ({"x": np.array([["a"], ["b"]]), "t": np.ones(2)}, "x: shape .* expected numbers"),
        ({"x": np.ones((2, 1)) * np.nan, "t": np.arange(2) + 0.5}, "input 0 of sample 0 is nan"),
        ({"x": np.ones((0, 4)), "t": np.ones(0)}, "targets have the shape"),
        ({"x": np.ones((2, 2)) * 1j, "t": np.ones(2)}, "complex128; expected numbers"),
        (two_parts((2, 2), (2, 3)), "x_test: .*expected x_train's"),
        (two_parts((0, 2), (2, 2)), "no samples to train with"),
    ],
)  # fmt: skip
def test_npz_problems_are_reported(tmp_path, arrays, message):
    with pytest.raises(InputError, match=message):
        npz_of(tmp_path, **arrays)


def idx_bytes(array: np.ndarray) -> bytes:
    codes = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}
    code = codes[array.dtype.str[1:]]
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, code, array.ndim, *array.shape) + array.astype(array.dtype.newbyteorder(">")).tobytes()


def idx_of(tmp_path, x: bytes, t: bytes):
    (tmp_path / "x").write_bytes(x)
    (tmp_path / "t").write_bytes(t)
    return data.load(Data(kind="idx", file="x", labels_file="t", test_fraction=0.0), tmp_path)


@pytest.mark.parametrize("packed", [False, True])
def test_idx_pictures_and_labels(tmp_path, packed):
    x, t = np.arange(48, dtype=np.uint8).reshape(4, 3, 4), np.array([9, 3, 9, 3], np.uint8)
    pack = gzip.compress if packed else bytes
    found = idx_of(tmp_path, pack(idx_bytes(x)), pack(idx_bytes(t)))
    assert found.shape == (3, 4) and found.class_names == ("3", "9") and found.t_train.tolist() == [1, 0, 1, 0]
    np.testing.assert_allclose(found.x_train, x.reshape(4, 12) / 255, rtol=1e-6)


@pytest.mark.parametrize("dtype", ["i1", "i2", "i4", "f4", "f8"])
def test_idx_of_other_types_keeps_its_values(tmp_path, dtype):
    x = np.array([[-3, 2], [1, 100]], dtype)
    found = idx_of(tmp_path, idx_bytes(x), idx_bytes(np.array([0.5, 2.5], "f4")))
    assert found.x_train.tolist() == [[-3, 2], [1, 100]] and found.task == "regression"


def test_idx_problems_of_both_files_are_reported_at_once(tmp_path):
    with pytest.raises(InputError) as caught:
        idx_of(tmp_path, b"PNG", idx_bytes(np.ones(3, np.uint8))[:-1])
    assert len(caught.value.problems) == 2


def test_idx_files_that_do_not_belong_together(tmp_path):
    x, t = idx_bytes(np.ones((4, 2), np.uint8)), idx_bytes(np.array([1, 2, 1], np.uint8))
    with pytest.raises(InputError, match="expected 4 labels"):
        idx_of(tmp_path, x, t)
    with pytest.raises(InputError, match="Is it the labels' file"):
        idx_of(tmp_path, t, x)
