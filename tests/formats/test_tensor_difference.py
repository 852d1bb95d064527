"""How far two files of tensors are apart: against numpy, tensor by tensor."""

from __future__ import annotations

import numpy as np
import pytest
from safetensors.numpy import save_file

from nnviz3d.backend import choose
from nnviz3d.formats.tensors import difference as tensor_difference
from nnviz3d.formats.tensors import files as tensor_files
from nnviz3d.formats.tensors.files import TensorFiles
from nnviz3d.formats.tensors.outline import sheet
from nnviz3d.sources.opened_model import open_difference


@pytest.fixture
def both(tmp_path):
    rng = np.random.default_rng(0)
    a = {
        "h.0.weight": rng.standard_normal((60, 70)).astype(np.float32), "h.0.bias": np.zeros(60, np.float32),
        "h.1.weight": rng.standard_normal((5, 4)).astype(np.float16), "ids": np.arange(3), "gone": np.ones(2, np.float32),
        "shape": np.ones((2, 3), np.float32), "none": np.zeros((0, 4), np.float32), "checkpoint.slot0": np.ones(4, np.float32),
    }  # fmt: skip
    b = {name: value.copy() for name, value in a.items() if name != "gone"} | {"new": np.ones(2, np.float32)}
    b["h.0.weight"][7, 10] += 2.5
    b["h.0.bias"][3] = 0.25
    b["shape"] = np.ones((3, 2), np.float32)
    b["checkpoint.slot0"] += 5
    for name, tensors in (("a", a), ("b", b)):
        save_file(tensors, tmp_path / f"{name}.safetensors")
    return a, b, TensorFiles(tmp_path / "a.safetensors"), TensorFiles(tmp_path / "b.safetensors")


@pytest.mark.parametrize("piece", [1 << 20, 64])
def test_every_number_is_that_of_numpy(both, piece, monkeypatch):
    monkeypatch.setattr(tensor_files, "PIECE", piece)
    a, b, first, second = both
    found = tensor_difference.between(first, second)
    moved = {each.name: each for each in found.moved}
    assert set(moved) == {"h.0.weight", "h.0.bias", "h.1.weight"}
    for name, each in moved.items():
        d = b[name].astype(np.float64) - a[name].astype(np.float64)
        assert each.norm == pytest.approx(np.linalg.norm(a[name].astype(np.float64)), rel=1e-12)
        assert each.moved == pytest.approx(np.linalg.norm(d), rel=1e-12)
        assert each.mean == pytest.approx(np.abs(d).mean(), rel=1e-12)
        assert each.largest == np.abs(d).max() and each.numbers == np.count_nonzero(d)
    assert moved["h.0.weight"].place == (7, 10) and moved["h.0.bias"].place == (3,)
    assert [each.name for each in found.moved][:2] == ["h.0.bias", "h.0.weight"] and found.moved[0].relative == float("inf")
    assert found.only_a == ("gone",) and found.only_b == ("new",) and found.unread == ("ids",)
    assert found.reshaped == (("shape", (2, 3), (3, 2)),)


def test_equal_files_are_not_apart(both):
    found = tensor_difference.between(both[2], both[2])
    assert found.relative == 0 and not any(each.numbers or each.relative for each in found.moved)


def test_what_is_not_finite_is_counted_and_left_out(tmp_path):
    a, b = np.ones((2, 2), np.float32), np.array([[1, np.nan], [np.inf, 3]], np.float32)
    for name, tensor in (("a", a), ("b", b)):
        save_file({"w": tensor}, tmp_path / f"{name}.safetensors")
    (found,) = tensor_difference.between(*(TensorFiles(tmp_path / f"{name}.safetensors") for name in "ab")).moved
    assert (found.not_finite, found.moved, found.largest, found.numbers) == (2, 2.0, 2.0, 1)


def test_sheets_show_the_distance_where_it_is(both):
    _, _, first, second = both
    d = sheet(first, "h.0.weight", second)
    row, column = np.unravel_index(d.argmax(), d.shape)
    assert (d > 0).sum() == 1 and (row, column) == (6, 7), "rows and columns that are sampled: 60 k // 48, 70 k // 48"
    assert not sheet(first, "shape", second).any(), "another shape: nothing to compare"
    source = open_difference(first, second, choose("cpu"), "a -> b", "far")
    assert "checkpoint" not in {node.name for node in source.topology.nodes}
