"""Every command on the shipped scene with two branches and a residual sum: what it writes is read again, and a step of it is filmed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nnviz3d.backend import choose
from nnviz3d.formats import weights
from nnviz3d.sources.own import OwnTraining
from nnviz3d.spec import toml
from nnviz3d.spec.phases import phases

COMMAND = str(Path(sys.executable).parent / "nnviz3d")


@pytest.fixture(scope="module")
def nnviz3d(tmp_path_factory):
    """Runs the console script in one folder; returns what it printed."""
    folder = tmp_path_factory.mktemp("residual")

    def run(*arguments, code: int = 0) -> str:
        words = [COMMAND, *map(str, arguments), "--backend", "cpu"]
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=200)
        assert done.returncode == code, done.stderr
        return done.stdout if code == 0 else done.stderr

    run.folder = folder
    run("train", "residual", "--steps", 60, "--save", "w.safetensors", "--record", "r.nnrec", "--every", 10)
    return run


def test_inspect_tells_what_each_layer_reads(nnviz3d):
    facts = json.loads(nnviz3d("inspect", "residual", "--json"))
    reported = {layer["name"]: (layer["kind"], layer["inputs"], layer["shape"]) for layer in facts["network"]}
    assert reported["both"] == ("concat", ["wide", "narrow"], [24]) and reported["sum"] == ("add", ["both", "stem"], [24])
    assert "add of both, stem" in nnviz3d("inspect", "residual")
    tensors = {tensor["name"] for tensor in json.loads(nnviz3d("inspect", "w.safetensors", "--json"))["tensors"]}
    assert {"stem.weight", "narrow.bias", "dense6.weight"} <= tensors
    assert "start from it" in nnviz3d("inspect", "w.safetensors")
    recorded = json.loads(nnviz3d("inspect", "r.nnrec", "--json"))
    assert recorded["kept"] == 7 and recorded["scene"]["network"]["layers"][3]["from"] == ["wide", "narrow"]


def test_weights_scenes_and_scripts_are_written_and_read(nnviz3d):
    own = OwnTraining(toml.load("residual"), Path(), choose("cpu"))
    own.trainer.load_parameters(weights.load(nnviz3d.folder / "w.safetensors", own.topology))
    nnviz3d("export", "residual", "--weights", "w.safetensors", "--as", "numpy", "-o", "net.py")
    nnviz3d("export", "residual", "--weights", "w.safetensors", "-o", "again.safetensors")
    nnviz3d("export", "residual", "-o", "again.toml")
    assert toml.load(nnviz3d.folder / "again.toml").network == own.scene.network
    again = weights.load(nnviz3d.folder / "again.safetensors", own.topology)
    assert all(np.array_equal(array, again[name]) for name, array in own.parameters().items())
    code = "import runpy, json; s = runpy.run_path('net.py'); print(json.dumps(s['predict'](s['ROWS']).tolist()))"
    said = json.loads(subprocess.run([sys.executable, "-c", code], cwd=nnviz3d.folder, capture_output=True, text=True, check=True).stdout)
    for row, x, target in zip(said, own.data.x_test, own.data.t_test, strict=False):
        own.trainer.show(x, target)
        np.testing.assert_allclose(row, own.tensors("activation")[own.topology.output.neurons.slice], rtol=1e-5, atol=1e-6)


def test_new_writes_every_key_and_train_takes_it(nnviz3d):
    nnviz3d("new", "mine", "--set", 'network.layers=[{units=8},{kind="dropout"},{kind="add",from=["dropout2","dense1"]}]')
    text = (nnviz3d.folder / "mine.toml").read_text(encoding="utf-8")
    assert 'kind = "add"' in text and 'from = ["dropout2", "dense1"]' in text and '# name = ""' in text
    assert [layer.kind for layer in toml.load(nnviz3d.folder / "mine.toml").network.layers] == ["dense", "dropout", "add"]
    nnviz3d("train", "mine.toml", "--steps", 3)
    said = nnviz3d("train", "residual", "--set", "network.layers.2.units=7", code=2)
    assert "network.layers.4.from" in said and "add needs inputs of one shape; found 23 and 24" in said


@pytest.mark.gl
def test_a_step_of_it_is_filmed_and_a_recording_is_drawn(nnviz3d):
    pytest.importorskip("av", reason="films need the extra `video`")
    shots = 'record.shot=[{does="iterate",seconds=1.0,start="forward:narrow@0.5",end="update:stem"}]'
    small = ("--size", "320x180", "--fps", "10", "--set", "look.quality=low")
    reported = json.loads(nnviz3d("record", "residual", "-o", "f.mp4", *small, "--set", shots, "--jobs", 1, "--json"))
    assert len(reported["frames"]) == 10 and (nnviz3d.folder / "f.mp4").stat().st_size > 2000
    said = nnviz3d("record", "residual", "-o", "g.mp4", *small, "--set", shots.replace("update:stem", "update:both"), code=2)
    assert '"update" needs a layer that has weights: stem, wide, narrow, dense6' in said and not (nnviz3d.folder / "g.mp4").exists()
    nnviz3d("shot", "r.nnrec", "-o", "shot.png", "--size", "320x180")
    nnviz3d("shot", "residual", "-o", "walk.png", "--size", "320x180", "--phase", "backward:4@0.75")
    assert all((nnviz3d.folder / name).stat().st_size > 1000 for name in ("shot.png", "walk.png"))


def test_it_has_phases_for_every_layer():
    own = OwnTraining(toml.load("residual"), Path(), choose("cpu"))
    assert len(phases(own.topology)) == 1 + 6 + 1 + 6 + 4 + 1, "two of its layers have nothing to update"
