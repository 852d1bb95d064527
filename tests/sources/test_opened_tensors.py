"""Tensors of which only the names are known: structure by the dots, samples of the numbers, and the sentence that says so."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from safetensors.numpy import save_file

from nnviz3d.app.session import opening
from nnviz3d.backend import choose
from nnviz3d.sources.opened_model import OpenedModel, open_folder, open_tensors
from nnviz3d.spec.parts import NetworkParts
from tests.helpers.hugging_face import GPT2, gpt2_tensors, write


def test_a_file_by_the_names_of_its_tensors(tmp_path):
    tensors = {"net.0.conv.weight": np.random.default_rng(0).normal(size=(8, 3, 3, 3)).astype(np.float32),
               "net.0.conv.bias": np.arange(8, dtype=np.float32), "net.1.lin.weight": np.ones((700, 900), np.float32) * 2,
               "step": np.array(7), "nothing": np.zeros((0, 3), np.float32)}  # fmt: skip
    save_file(tensors, tmp_path / "f.safetensors")
    source = open_tensors(tmp_path / "f.safetensors", choose("cpu"))
    by_name = source.topology.by_name
    assert set(by_name) == {"(file)", "net.0.conv", "net.1.lin", "step", "nothing"} and "net" in NetworkParts(source.topology).by_name
    a = source.tensors("activation")
    conv = by_name["net.0.conv"].neurons.view(a)
    assert np.allclose(conv, tensors["net.0.conv.weight"].reshape(8, 27), atol=1e-6)
    assert by_name["net.1.lin"].shape == (48, 48) and (by_name["net.1.lin"].neurons.view(a) == 2).all()
    told = dict(by_name["net.0.conv"].table.settings)
    assert told["weight"] == "8 x 3 x 3 x 3, F32" and told["bias"] == "8, F32"
    assert "not known how these tensors work together" in source.notice


def test_a_model_that_is_not_run_says_which_and_shows_its_names(tmp_path):
    config = GPT2 | {"model_type": "t5", "architectures": ["T5ForConditionalGeneration"]}
    opened = opening.read(str(write(tmp_path / "m", config, gpt2_tensors())))
    session = opened.session("cpu")
    assert session.banner.startswith("T5ForConditionalGeneration is not run by nnviz3d yet; it runs GPT2LMHeadModel")
    assert "h.1.mlp.c_fc" in session.source.topology.by_name and not session.source.runs


def test_the_way_in_for_a_folder(tmp_path):
    session = opening.read(str(write(tmp_path / "m", GPT2, gpt2_tensors()))).session("cpu")
    assert isinstance(session.source, OpenedModel) and session.prompt.ids.tolist() == [60]
    session.prompt.write("3 7 7")
    session.refresh()
    reading = session.prompt.reading((1.0, 0, 1.0, -1, 1))
    assert reading.ids == (3, 7, 7) and reading.known == 3 and not reading.reason
    wanted = session.source.logits(np.array([3, 7, 7]))[2]
    assert np.allclose(reading.logit_v, wanted, rtol=1e-5)
    session.prompt.add(reading.drawn)
    assert session.prompt.ids.tolist() == [3, 7, 7, reading.drawn]
    session.prompt.write("3 hello")
    assert "does not know 'hello'" in session.prompt.problem
    session.prompt.write("")
    assert session.prompt.ids.tolist() == [60]


@pytest.mark.parametrize(
    "change, told", [({}, "GPT2LMHeadModel, "), ({"model_type": "x", "architectures": ["XModel"]}, "XModel is not run")]
)
def test_inspect_tells_a_folder(tmp_path, capsys, change, told):
    from nnviz3d.app.cli.commands import inspect

    facts = inspect.inspect(inspect.Options(), str(write(tmp_path / "m", GPT2 | change, gpt2_tensors())))
    assert facts["kind"] == "model" and facts["parameters"] == sum(values.size for values in gpt2_tensors().values())
    assert json.loads(json.dumps(facts)) == facts and told in "\n".join(inspect.lines(facts))


SPARSE = """
import sys
from pathlib import Path
from nnviz3d.backend import choose
from nnviz3d.sources.opened_model import open_tensors
source = open_tensors(Path(sys.argv[1]), choose("cpu"))
print(len(source.topology.nodes), Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
"""


def test_a_thousand_million_parameters_open_by_their_header(tmp_path):
    header, at = {}, 0
    for k in range(25):
        for name, shape in {"weight": (10_000, 4_000), "bias": (10_000,)}.items():
            size = 4 * int(np.prod(shape))
            header[f"layers.{k}.{name}"] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + size]}
            at += size
    text = json.dumps(header).encode()
    with (tmp_path / "f.safetensors").open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.truncate(8 + len(text) + at)
    done = subprocess.run([sys.executable, "-c", SPARSE, str(tmp_path / "f.safetensors")], capture_output=True, text=True, check=True)
    nodes, kilobytes = map(int, done.stdout.split())
    assert nodes == 26 and kilobytes < 400_000


def test_a_folder_without_a_configuration(tmp_path):
    folder = write(tmp_path / "m", GPT2, gpt2_tensors())
    (folder / "config.json").unlink()
    source = open_folder(folder, choose("cpu"))
    assert "no config.json" in source.notice and "wte" in source.topology.by_name
