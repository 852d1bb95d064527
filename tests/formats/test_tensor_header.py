"""Safetensors files that are damaged or made to do harm: refused in words, before memory is taken."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from nnviz3d.formats.tensors import header as tensor_header
from nnviz3d.formats.tensors.files import TensorFiles, inside
from nnviz3d.spec.errors import InputError
from tests.helpers.hugging_face import GPT2, gpt2_tensors, write

ENTRY = {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}


def made(path: Path, header: dict | bytes, room: int = 24, length: int | None = None) -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes((len(text) if length is None else length).to_bytes(8, "little") + text + bytes(room))
    return path


def test_what_the_library_writes_is_read(tmp_path):
    tensors = {"a.b": np.arange(6, dtype=np.float32).reshape(2, 3), "c": np.zeros((0, 4), np.float16), "d": np.array(3, np.float32)}
    save_file(tensors, tmp_path / "f.safetensors", {"said": "so"})
    files = TensorFiles(tmp_path / "f.safetensors")
    assert files.headers[0].metadata == {"said": "so"} and files.parameters == 7
    for name, values in tensors.items():
        assert np.array_equal(files.array(name), values)
    assert np.array_equal(np.concatenate(list(files.pieces("a.b"))), np.arange(6))


BAD = {
    "empty": (b"", 0, None, "not a safetensors file"),
    "a header of 2^63 bytes": (b"{}", 0, 1 << 63, "claims a header of"),
    "a header longer than the file": (b"{}", 3, 6, "claims a header of"),
    "no JSON": (b"{'a': 1}", 0, None, "not valid JSON"),
    "deep JSON": (b"[" * 100_000, 0, None, "not valid JSON"),
    "a list": (b"[1, 2]", 0, None, "not a JSON object"),
    "no UTF-8": (b'{"\xff": 1}', 0, None, "not valid JSON"),
    "truncated": ({"a": ENTRY}, 20, None, "has 20 of 24 bytes"),
    "extra bytes": ({"a": ENTRY}, 30, None, "holds 30 bytes of numbers; its tensors have 24"),
    "a shape of 2^80": ({"a": ENTRY | {"shape": [1 << 40, 1 << 40]}}, 24, None, "24 bytes; a tensor"),
    "a number of 2^200": ({"a": ENTRY | {"shape": [1 << 200]}}, 24, None, "expected at most 8 whole numbers"),
    "a negative shape": ({"a": ENTRY | {"shape": [-2, -3]}}, 24, None, "expected at most 8 whole numbers"),
    "a true shape": ({"a": ENTRY | {"shape": [True, 6]}}, 24, None, "expected at most 8 whole numbers"),
    "nine axes": ({"a": ENTRY | {"shape": [1] * 8 + [6]}}, 24, None, "expected at most 8 whole numbers"),
    "an unknown type": ({"a": ENTRY | {"dtype": "F33"}}, 24, None, "values of type F33"),
    "a type that is a list": ({"a": ENTRY | {"dtype": ["F32"]}}, 24, None, "values of type"),
    "an offset outside": ({"a": ENTRY | {"data_offsets": [24, 48]}}, 24, None, "has 24 of 48 bytes"),
    "an offset backwards": ({"a": ENTRY | {"data_offsets": [24, 0]}}, 24, None, "-24 bytes"),
    "overlapping": ({"a": ENTRY, "b": ENTRY | {"data_offsets": [12, 36]}}, 36, None, "lies on the bytes of a"),
    "a gap": ({"a": ENTRY, "b": ENTRY | {"data_offsets": [28, 52]}}, 52, None, "begins at byte 28"),
    "a key more": ({"a": ENTRY | {"file": "/etc/passwd"}}, 24, None, "expected dtype, shape and data_offsets"),
    "metadata of numbers": ({"__metadata__": {"a": 1}, "a": ENTRY}, 24, None, "expected texts by name"),
    "two of one name": (b'{"a": {"dtype":"F32","shape":[6],"data_offsets":[0,24]}, "a": {"dtype":"F32","shape":[6],"data_offsets":[0,24]}}',
                        24, None, "is there twice"),
    "a name with a line break": ({"a\nb": ENTRY}, 24, None, "printable characters"),
}  # fmt: skip


@pytest.mark.parametrize("header, room, length, told", BAD.values(), ids=BAD)
def test_bad_files_are_refused_in_words(tmp_path, header, room, length, told):
    with pytest.raises(InputError, match=told):
        tensor_header.read(made(tmp_path / "f.safetensors", header, room, length))


def test_too_many_tensors(tmp_path, monkeypatch):
    monkeypatch.setattr(tensor_header, "TENSORS", 3)
    header = {str(k): {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for k in range(4)}
    with pytest.raises(InputError, match="4 tensors; at most 3"):
        tensor_header.read(made(tmp_path / "f.safetensors", header, 0))


@pytest.fixture(scope="module")
def sound(tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("sound") / "f.safetensors"
    save_file({"a.weight": np.ones((3, 4), np.float32), "a.bias": np.zeros(3, np.float16), "n": np.arange(5)}, path, {"k": "v"})
    return path.read_bytes()


@settings(max_examples=1000, deadline=None)
@given(data=st.data())
def test_a_flipped_bit_is_refused_or_harmless(sound, tmp_path_factory, data):
    length = 8 + int.from_bytes(sound[:8], "little")
    at = data.draw(st.one_of(st.integers(0, length * 8 - 1), st.integers(0, len(sound) * 8 - 1)))
    flipped = bytearray(sound)
    flipped[at // 8] ^= 1 << at % 8
    path = tmp_path_factory.getbasetemp() / "flipped.safetensors"
    path.write_bytes(flipped)
    try:
        files = TensorFiles(path)
        for name in files.stored:
            sum(piece.size for piece in files.pieces(name))
    except InputError as error:
        assert str(path) in str(error)


def test_names_in_an_index_do_not_leave_the_folder(tmp_path):
    canary = tmp_path / "canary.safetensors"
    save_file({"a": np.ones(3, np.float32)}, canary)
    folder = tmp_path / "m"
    folder.mkdir()
    for name in ("../canary.safetensors", str(canary), "..", ".", "", "a/../../canary.safetensors", "a\\b", "c\0d"):
        (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": name}}))
        with pytest.raises(InputError, match="no plain name"):
            TensorFiles(folder)
    (folder / "link.safetensors").symlink_to(canary)
    with pytest.raises(InputError, match="leads out of its folder"):
        inside(folder, "link.safetensors")
    (folder / "model.safetensors.index.json").unlink()
    with pytest.raises(InputError, match="leads out of its folder"):
        TensorFiles(folder)


def test_the_cache_of_hugging_face_is_made_of_links(tmp_path):
    model = tmp_path / "models--me--tiny"
    (model / "blobs").mkdir(parents=True)
    folder = write(model / "snapshots" / "0123abcd", GPT2, gpt2_tensors())
    for name in ("config.json", "model.safetensors"):
        blob = model / "blobs" / f"of-{name}"
        (folder / name).rename(blob)
        (folder / name).symlink_to(blob)
    assert "wte.weight" in TensorFiles(folder).stored and inside(folder, "config.json").exists()


@pytest.mark.parametrize("weight_map, told", [
    ({"wte.weight": "model-00002-of-00002.safetensors"}, "is not in model-00002"),
    ({"wte.weight": 3}, "expected the file of each tensor"),
    ([], "expected the file of each tensor"),
    ({"wte.weight": "gone.safetensors"}, "cannot be read"),
])  # fmt: skip
def test_an_index_that_does_not_fit_its_files(tmp_path, weight_map, told):
    folder = write(tmp_path / "m", GPT2, gpt2_tensors(), shards=2)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))
    with pytest.raises(InputError, match=told):
        TensorFiles(folder)


def test_one_tensor_in_two_shards(tmp_path):
    folder = write(tmp_path / "m", GPT2, gpt2_tensors(), shards=2)
    save_file(gpt2_tensors(), folder / "model-00001-of-00002.safetensors")
    with pytest.raises(InputError, match=r"is in model-00001-of-00002\.safetensors too"):
        TensorFiles(folder)


def test_a_header_costs_no_memory_of_its_tensors(tmp_path):
    """4 GB of zeros, which take no room on a disk that knows holes."""
    size = 1 << 32
    header = json.dumps({"w": {"dtype": "F32", "shape": [size // 4096, 1024], "data_offsets": [0, size]}}).encode()
    with (tmp_path / "f.safetensors").open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        file.truncate(8 + len(header) + size)
    tracemalloc.start()
    files = TensorFiles(tmp_path / "f.safetensors")
    assert files.parameters == 1 << 30 and files.array("w")[-1, -1] == 0
    assert tracemalloc.get_traced_memory()[1] < 4 << 20
    tracemalloc.stop()
