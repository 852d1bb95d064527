"""Weights files: what is saved is what is loaded, what does not fit is reported tensor by tensor, and broken files are refused."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from nnviz3d.formats import weights
from nnviz3d.spec import toml
from nnviz3d.spec.errors import InputError
from tests.helpers.weights import SCENE, TOPOLOGY, parameters


@pytest.fixture
def file(tmp_path):
    weights.save(tmp_path / "w.safetensors", parameters(), SCENE)
    return tmp_path / "w.safetensors"


def test_names_and_shapes_are_the_contract():
    assert weights.names(TOPOLOGY) == {
        "layers.0.weight": (3, 4), "layers.0.bias": (3,), "layers.1.weight": (2, 3), "layers.1.bias": (2,),
        "layers.2.weight": (2, 2), "layers.2.bias": (2,),
    }  # fmt: skip


def test_what_is_saved_is_what_is_loaded(file):
    found = weights.load(file, TOPOLOGY)
    for name, array in parameters().items():
        assert found[name].tobytes() == array.tobytes() and found[name].dtype == np.float32
    assert [path.name for path in file.parent.iterdir()] == ["w.safetensors"]


def test_the_scene_travels_with_the_weights(file):
    facts = weights.describe(file)
    assert toml.validate(toml.parse(facts["scene"].encode(), "w")) == SCENE
    assert facts["parameters"] == TOPOLOGY.n_parameters
    assert {"name": "layers.0.weight", "shape": [3, 4], "dtype": "F32"} in facts["tensors"]


def test_saving_twice_gives_the_same_bytes(file):
    before = file.read_bytes()
    weights.save(file, parameters(), SCENE)
    assert file.read_bytes() == before


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_other_floats_are_converted(tmp_path, dtype):
    save_file({name: array.astype(dtype) for name, array in parameters().items()}, tmp_path / "w")
    for name, array in weights.load(tmp_path / "w", TOPOLOGY).items():
        np.testing.assert_allclose(array, parameters()[name], rtol=1e-3, atol=1e-3)


def test_every_tensor_that_does_not_fit_is_reported(tmp_path):
    changed = parameters()
    del changed["layers.1.bias"]
    changed |= {"layers.0.weight": np.zeros((4, 3), np.float32), "extra": np.zeros(1, np.float32), "layers.2.bias": np.zeros(2, np.int32)}
    save_file(changed, tmp_path / "w")
    with pytest.raises(InputError) as caught:
        weights.load(tmp_path / "w", TOPOLOGY)
    assert {(problem.key, problem.message) for problem in caught.value.problems} == {
        ("layers.1.bias", "missing; the network needs [2]"),
        ("layers.0.weight", "shape [4, 3]; the network needs [3, 4]"),
        ("extra", "is not part of this network, which has 6 tensors"),
        ("layers.2.bias", "values of type I32; expected F32"),
    }


@pytest.mark.parametrize(("value", "dtype"), [(np.nan, np.float32), (np.inf, np.float32), (1e300, np.float64)])
def test_numbers_that_are_not_finite_are_refused(tmp_path, value, dtype):
    changed = {name: array.astype(dtype) for name, array in parameters().items()}
    changed["layers.1.weight"][0, 1] = value
    save_file(changed, tmp_path / "w")
    with pytest.raises(InputError, match=r"layers\.1\.weight: 1 values are not finite"):
        weights.load(tmp_path / "w", TOPOLOGY)


def with_header(header: bytes, body: bytes = b"", length: int | None = None) -> bytes:
    return struct.pack("<Q", len(header) if length is None else length) + header + body


def tensor(shape, start: int, stop: int, dtype: str = "F32", name: str = "layers.0.bias") -> bytes:
    return json.dumps({name: {"dtype": dtype, "shape": shape, "data_offsets": [start, stop]}}).encode()


BROKEN = {
    "empty": b"",
    "seven bytes": bytes(7),
    "no header": bytes(8),
    "header of 2^63 bytes": struct.pack("<Q", 2**63) + bytes(50),
    "header of 17 MB": struct.pack("<Q", 17 << 20) + bytes(18 << 20),
    "header longer than the file": with_header(b"{}", length=3),
    "header is no JSON": with_header(b"pickle!!"),
    "header is a list": with_header(b"[]"),
    "header is not UTF-8": with_header(b'{"\xff": 1}'),
    "deep JSON": with_header(b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "shape of 2^80": with_header(tensor([2**40, 2**40], 0, 12), bytes(12)),
    "negative shape": with_header(tensor([-3], 0, 12), bytes(12)),
    "offsets beyond the end": with_header(tensor([3], 0, 12), bytes(4)),
    "offsets backwards": with_header(tensor([3], 12, 0), bytes(12)),
    "bytes left over": with_header(tensor([3], 0, 12), bytes(16)),
    "shape and offsets disagree": with_header(tensor([4], 0, 12), bytes(12)),
    "unknown type": with_header(tensor([3], 0, 12, "F31"), bytes(12)),
    "overlap": with_header(b"{" + tensor([3], 0, 12)[1:-1] + b"," + tensor([3], 4, 16, name="b")[1:-1] + b"}", bytes(16)),
    "nine axes": with_header(tensor([1] * 8 + [3], 0, 12), bytes(12)),
    "a pickle": b"\x80\x04\x95" + bytes(60),
    "a zip": b"PK\3\4" + bytes(60),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_files_are_refused(name, tmp_path):
    path = tmp_path / "w.safetensors"
    path.write_bytes(BROKEN[name])
    for read in (lambda: weights.load(path, TOPOLOGY), lambda: weights.describe(path)):
        try:
            read()
        except InputError as error:
            assert str(path) in str(error)
        else:
            pytest.fail("was taken for a weights file")


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 10_000), mask=st.integers(1, 255), cut=st.sampled_from([None, -1, -9]))
def test_a_flipped_byte_gives_finite_weights_or_an_input_error(place, mask, cut, file, tmp_path):
    raw = bytearray(file.read_bytes())
    raw[place % len(raw)] ^= mask
    path = tmp_path / "flipped"
    path.write_bytes(raw[:cut])
    try:
        found = weights.load(path, TOPOLOGY)
    except InputError:
        return
    assert all(np.isfinite(array).all() and array.shape == weights.names(TOPOLOGY)[name] for name, array in found.items())


@pytest.mark.parametrize(("path", "message"), [("/dev/zero", "is a device"), ("/", "is a folder"), ("/none/w", "no such file")])
def test_what_is_not_a_file_is_refused(path, message):
    with pytest.raises(InputError, match=message):
        weights.load(path, TOPOLOGY)


def test_saving_where_one_cannot_is_reported(tmp_path):
    with pytest.raises(InputError, match="cannot be written"):
        weights.save(tmp_path / "none" / "w.safetensors", parameters(), SCENE)
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match="cannot be written"):
        weights.save(tmp_path / "folder", parameters(), SCENE)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder"]
