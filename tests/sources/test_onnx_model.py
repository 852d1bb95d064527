"""An ONNX file as what a session shows: structure first, numbers from a thread, inputs that a person chooses."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from nnviz3d.app.api.scene import open_scene
from nnviz3d.app.api.show import _opened
from nnviz3d.app.cli.commands.common import Options
from nnviz3d.app.cli.commands.inspect import inspect, lines
from nnviz3d.backend import choose
from nnviz3d.sources.onnx_model import OnnxModel
from nnviz3d.spec import paths
from nnviz3d.spec.edit import Rebuild
from nnviz3d.spec.errors import InputError
from tests.helpers import onnx_models as models


def shown(source, name):
    node = source.topology.by_name[name]
    return np.array(source.tensors("activation")[node.neurons.slice])


def opened(made, folder, x=None):
    return OnnxModel(models.save(made, folder), choose("cpu"), x)


def test_structure_comes_first_and_numbers_from_a_thread(tmp_path, monkeypatch):
    from nnviz3d.sources import onnx_model

    waiting = []
    monkeypatch.setattr(onnx_model.Computation, "start", lambda self: waiting.append(self))
    monkeypatch.setattr(onnx_model.Computation, "join", lambda self: None)
    source = opened(models.conv_net(), tmp_path)
    assert source.pending and len(source.topology.nodes) == 7 and not shown(source, "head.Softmax").any()
    source.advance(None)
    assert source.pending
    waiting[0].run()
    source.advance(None)
    assert not source.pending and abs(shown(source, "head.Softmax").sum() - 1) < 1e-5
    assert np.array_equal(source.parameters()["head.fc.bias"], models.numbers(10, seed=3)) and not source.message()


def test_pictures_arrays_and_rows_are_inputs(tmp_path):
    source = opened(models.conv_net(), tmp_path)
    source.settle()
    Image.fromarray(np.arange(0, 240, 5, np.uint8).repeat(48).reshape(48, 48)).save(tmp_path / "a.png")
    source.give_file(tmp_path / "a.png")
    source.settle()
    x = shown(source, "x").reshape(12, 12)
    assert 0 <= x.min() < 0.1 and 0.85 < x.max() <= 1 and (np.diff(x[:, 0]) > 0).all() and source.sample.label == "a.png"
    np.save(tmp_path / "a.npy", models.numbers(12, 12))
    np.savez(tmp_path / "b.npz", x=models.numbers(1, 1, 12, 12, seed=9))
    (tmp_path / "c.csv").write_text("p,q\n" + ",".join(map(str, range(144))) + "\n")
    for name, wanted in (("a.npy", models.numbers(12, 12)), ("b.npz", models.numbers(12, 12, seed=9)), ("c.csv", np.arange(144.0))):
        source.give_file(tmp_path / name)
        source.settle()
        assert np.array_equal(shown(source, "x"), wanted.reshape(-1).astype(np.float32)), name
    np.save(tmp_path / "d.npy", np.zeros((3, 3)))
    with pytest.raises(InputError, match="the model expects N x 1 x 12 x 12"):
        source.give_file(tmp_path / "d.npy")


def test_a_shape_that_only_the_run_knows_makes_another_picture(tmp_path):
    nodes = [
        models.onnx.helper.make_node("NonZero", ["x"], ["where"], name="where"),
        models.onnx.helper.make_node("Cast", ["where"], ["y"], to=1, name="cast"),
    ]
    path = models.save(models.model(nodes, [models.value("x", [6])], [models.value("y", None)]), tmp_path)
    session = open_scene(path).session("cpu")
    session.take_rebuild()
    session.source.give(np.array([0, 3, 0, 4, 5, 0], np.float32), "six")
    session.mode.finish()
    assert session.source.topology.by_name["where"].size == 3 and session.take_rebuild() is Rebuild.NET
    assert np.array_equal(shown(session.source, "cast"), [1, 3, 4])


def test_what_cannot_be_run_is_said_and_its_structure_stays(tmp_path):
    node = models.onnx.helper.make_node("Secret", ["x"], ["y"], domain="my.own", name="secret")
    made = models.model(
        [node], [models.value("x", [1, 3])], [models.value("y", [1, 3])], opsets=[models.onnx.helper.make_opsetid("my.own", 1)]
    )
    session = open_scene(models.save(made, tmp_path)).session("cpu")
    session.mode.finish()
    assert "onnxruntime does not run it" in session.banner and len(session.source.topology.nodes) == 2


def test_show_takes_an_input_and_only_of_models(tmp_path):
    path = models.save(models.conv_net(), tmp_path)
    x = models.numbers(12, 12)
    source = _opened(path, x, None, True).session("cpu").source
    source.settle()
    assert np.array_equal(shown(source, "x"), x.reshape(-1)) and source.sample.label == "the given input"
    with pytest.raises(InputError, match="only for models"):
        _opened("xor", x, None, True)


def test_it_is_no_scene_to_train(tmp_path):
    with pytest.raises(InputError, match="is an ONNX model; expected a scene, which can be trained"):
        open_scene(models.save(models.conv_net(), tmp_path), train=True)


def test_inspect_tells_what_is_in_it(tmp_path):
    facts = inspect(Options(), str(models.save(models.conv_net(), tmp_path)))
    assert facts["parameters"] == 4 * 9 + 4 + 1440 + 10 and facts["operations"]["Conv"] == 1 and facts["outputs"] == ["y"]
    assert facts["inputs"] == [{"name": "x", "shape": [None, 1, 12, 12], "dtype": "float32"}]
    assert lines(facts)[0].endswith("an ONNX model of 6 operations, 1,490 parameters, written by pytorch")


def test_a_new_input_stops_the_one_before(tmp_path):
    source = opened(models.long_chain(2000), tmp_path)
    first = source._thread
    source.advance(None)  # now it begins
    source.give(np.ones(8, np.float32), "ones")
    source.settle()
    assert first is not None and source.sample.label == "ones" and np.array_equal(shown(source, "x"), np.ones(8))
    first.join(20)
    assert not first.is_alive()


def test_opening_ten_thousand_nodes_takes_seconds(tmp_path):
    path = models.save(models.long_chain(), tmp_path)
    start = time.process_time()
    source = OnnxModel(path, choose("cpu"))
    source.close()
    assert len(source.topology.nodes) == 10_001 and time.process_time() - start < 15


@pytest.mark.gl
def test_the_program_ends_while_values_are_computed(tmp_path):
    """onnxruntime aborts a program whose end kills a thread that works in it: six of eight such runs, before threads were waited for."""
    models.save(models.conv_net(1), tmp_path)
    words = [sys.executable, "-m", "nnviz3d", "run", "model.onnx", "--headless", "--frames", "3", "--size", "160x90"]
    for _ in range(4):
        done = subprocess.run(words, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(paths.CHECKOUT)}, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
