"""Weights of other programs: taken where names' order and shapes leave no doubt, refused with found beside expected where they do."""

from __future__ import annotations

import json
import struct
import subprocess
import sys

import numpy as np
import pytest
from safetensors.numpy import save_file

from nnviz3d.formats import mapping, weights
from nnviz3d.spec.errors import InputError
from tests.helpers.weights import TOPOLOGY, parameters

OURS = parameters()
W = [OURS[f"layers.{k}.weight"] for k in range(3)]
B = [OURS[f"layers.{k}.bias"] for k in range(3)]  # 4-3-2-2: the last weight is square


def named(weight, bias=None, w=W, b=B):
    out = {weight.format(k): array for k, array in enumerate(w)}
    return out | ({bias.format(k): array for k, array in enumerate(b)} if bias else {})


def taken(tmp_path, arrays, topology=TOPOLOGY):
    reported = []
    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, tmp_path / "w.safetensors")
    return weights.load(tmp_path / "w.safetensors", topology, say=reported.append), reported


SAME = {
    "Sequential": {f"{2 * k}.{part}": array for k in range(3) for part, array in (("weight", W[k]), ("bias", B[k]))},
    "model. before": named("model.layers.{}.weight", "model.layers.{}.bias"),
    "module. before": named("module.net.{}.weight", "module.net.{}.bias"),
    "fc1, fc2": {f"fc{k + 1}.{part}": array for k in range(3) for part, array in (("weight", W[k]), ("bias", B[k]))},
    "ten and more": {f"{4 * k + 3}.{part}": array for k in range(3) for part, array in (("weight", W[k]), ("bias", B[k]))},
    "Keras": named("dense_{}/kernel", "dense_{}/bias", [w.T for w in W]),
    "W and b": named("layer{}.W", "layer{}.b"),
}


def test_a_name_with_a_line_end_is_a_name_like_any_other(tmp_path):
    found, _ = taken(tmp_path, named("a\nb{}.weight", "a\nb{}.bias"))
    assert all(np.array_equal(found[name], OURS[name]) for name in OURS)


@pytest.mark.parametrize("kind", SAME)
def test_the_same_network_under_other_names(tmp_path, kind):
    found, reported = taken(tmp_path, SAME[kind])
    assert all((found[name] == array).all() for name, array in OURS.items())
    assert len(reported) == 1 and "w.safetensors: " in reported[0] and "are layers 0 to 2, by order and shape" in reported[0]
    assert ("transposed" in reported[0]) == (kind == "Keras")


def test_our_own_names_are_no_news(tmp_path):
    assert taken(tmp_path, OURS)[1] == []


def test_biases_that_are_not_there_are_zero_and_said(tmp_path):
    found, reported = taken(tmp_path, named("layers.{}.weight"))
    assert (found["layers.1.bias"] == 0).all() and (found["layers.1.weight"] == W[1]).all()
    assert "biases that are not there are 0 (layers.0.bias, layers.1.bias, layers.2.bias)" in reported[0]


def test_a_network_with_parts_that_the_file_cannot_have_is_not_guessed():
    """Such as the scale of a normalisation: nothing but its own name says which array it is."""
    found = {"0.weight": ((4, 3), "F32"), "0.bias": ((4,), "F32")}
    wanted = {"a.weight": (4, 3), "a.bias": (4,)}
    assert mapping.find(found, wanted, {}, True) is not None
    assert mapping.find(found, wanted | {"b.scale": (4,), "b.shift": (4,)}, {}, True) is None


def test_transposed_weights_are_turned_all_or_none(tmp_path):
    found, reported = taken(tmp_path, named("{}.weight", "{}.bias", [w.T for w in W]))
    assert (found["layers.2.weight"] == W[2]).all() and "transposed" in reported[0]
    with pytest.raises(InputError, match="the network needs"):
        taken(tmp_path, named("{}.weight", "{}.bias", [W[0].T, W[1], W[2]]))


@pytest.mark.parametrize(
    "arrays",
    [
        named("{}.weight", "{}.bias") | {"3.weight": np.zeros((2, 2), np.float32)},
        named("{}.weight", "{}.bias") | {"1.running_mean": np.zeros(3, np.float32)},
        named("{}.weight", "{}.bias", W[::-1]),
        {"in.weight": W[0], "middle.weight": W[1], "out.weight": np.zeros((2, 3), np.float32)},
        {"0.weight": np.zeros((5, 4), np.float32)}, {"conv.weight": np.zeros((3, 4, 2, 2), np.float32)}, {"0.bias": B[0]},
        named("{}.weight", "{}.bias", b=[B[0], B[1], B[0]]),
    ],
)  # fmt: skip
def test_doubt_is_refused_with_found_beside_expected(tmp_path, arrays):
    with pytest.raises(InputError) as caught:
        taken(tmp_path, arrays)
    rows = str(caught.value).splitlines()
    assert rows[1].split("  ")[1] == "in the file" and "the network needs" in rows[1]
    assert any(next(iter(arrays)) in row for row in rows) and any("layers.0.weight [3, 4]" in row for row in rows)


def bfloat16(path, arrays):
    header, body = {}, b""
    for name, array in arrays.items():
        raw = (np.ascontiguousarray(array, np.float32).view("<u4") >> 16).astype("<u2").tobytes()
        header[name] = {"dtype": "BF16", "shape": list(array.shape), "data_offsets": [len(body), len(body) + len(raw)]}
        body += raw
    head = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(head)) + head + body)


def test_bfloat16_is_read_exactly(tmp_path):
    bfloat16(tmp_path / "b.safetensors", OURS)
    found = weights.load(tmp_path / "b.safetensors", TOPOLOGY)
    for name, array in OURS.items():
        cut = (np.ascontiguousarray(array).view("<u4") >> 16 << 16).view("<f4")
        assert (found[name] == cut).all() and np.allclose(found[name], array, rtol=0.01)


def test_commands(tmp_path):
    def run(*words):
        return subprocess.run(
            [sys.executable, "-m", "nnviz3d", *words], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
        )

    assert run("train", "xor", "--steps", "30", "--save", "own.safetensors", "-q").returncode == 0
    from safetensors.numpy import load_file

    own = load_file(tmp_path / "own.safetensors")
    save_file({name.replace("layers.", "net."): array for name, array in own.items()}, tmp_path / "w.safetensors")
    done = run("inspect", "w.safetensors")
    assert "a dense network of 2, " in done.stdout and "--init w.safetensors" in done.stdout
    for init, noted in (("own", False), ("w", True)):
        done = run("train", "xor", "--init", f"{init}.safetensors", "--steps", "0", "--save", f"{init}-2.safetensors")
        assert done.returncode == 0 and ("by order and shape" in done.stderr) == noted
    a, b = (load_file(tmp_path / f"{name}-2.safetensors") for name in ("own", "w"))
    assert all((a[name] == b[name]).all() for name in a)
    done = run("train", "iris", "--init", "w.safetensors", "--json")
    assert done.returncode == 2 and "in the file" in done.stderr and json.loads(done.stdout)["ok"] is False
