"""Bad and extreme data through the real command and through a running session: reported in words, nothing crashes, nothing half changed."""

from __future__ import annotations

import json
import math
import sys

import numpy as np
import pytest

from nnviz3d.app.cli import main as cli
from nnviz3d.app.cli.commands import common
from nnviz3d.app.session.opening import new_session
from nnviz3d.app.session.session import REMEMBER, Session
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.scene import Data, Layer, Network, Scene

ROWS = [f"{k / 7:.3f},{k % 5},{'ab'[k % 2]}" for k in range(24)]
BAD = {  # the file, further settings: what is said
    "empty": ("", {}, "is empty"),
    "only a header": ("a,b,c\n", {}, "has a header but no rows"),
    "one column": ("1\n2\n3\n", {}, "has one column"),
    "one class": ("1,2,a\n3,4,a\n", {}, 'only one class, "a"; classification needs at least two'),
    "one sample with words": ("1,2,a\n", {"header": "no"}, "only one class"),
    "infinite": ("1,inf,a\n2,3,b\n", {}, "1 values are not finite in float32, for example"),
    "beyond float32": ("1,1e39,a\n2,3,b\n", {}, "1 values are not finite in float32, for example"),
    "ragged": ("1,2,a\n1,2\n1,2,3,b\n", {}, "2 rows have not the 3 cells that the others have (line 2: 2 cells, line 3: 4 cells)"),
    "no such target": ("a,b,c\n1,2,x\n3,4,y\n", {"target": "d"}, 'no column "d"; columns: a, b, c'),
    "a target twice": ("a,b,b\n1,2,x\n3,4,y\n", {"target": "b"}, '"b" names 2 columns'),
    "words are no numbers": ("1,2,a\n3,4,b\n", {"task": "regression"}, "the target is text"),
    "fractions are no classes": ("1,2,0.5\n3,4,1.5\n", {"task": "classification"}, "the target holds fractions"),
    "not text": ("\x00\x01\x02", {}, "contains zero bytes and is not a text table"),
}
SOUND = {
    "gaps": ("1,nan,a\n2,3,b\n", {}),
    "a gap in the last row": ("\n".join([*ROWS, "1,NaN,a"]), {"header": "no"}),
    "words": ("1,red,a\n2,3,b\n", {"header": "no"}),
    "constant inputs": ("\n".join(f"7,7,{'ab'[k % 2]}" for k in range(12)), {}),
    "constant inputs, standardised": ("\n".join(f"7,7.1,{'ab'[k % 2]}" for k in range(12)), {"standardize": True}),
    "constant numbers": ("\n".join(f"{k},1,0.5" for k in range(12)), {"task": "regression"}),
    "one sample": ("1,2,0.5\n", {"header": "no", "task": "regression", "test_fraction": 0.0}),
    "one sample and a test set": ("1,2,0.5\n", {"header": "no", "task": "regression", "test_fraction": 0.9}),
    "two samples": ("1,2,a\n3,4,b\n", {"header": "no", "test_fraction": 0.9}),
    "huge numbers": ("\n".join(f"{k}e37,{k},{'ab'[k % 2]}" for k in range(12)), {}),
    "huge numbers, standardised": ("\n".join(f"{k}e37,{k},{'ab'[k % 2]}" for k in range(12)), {"standardize": True}),
    "every row its own class": ("\n".join(f"{k},1,c{k}" for k in range(40)), {}),
}


def running(folder) -> Session:
    session = new_session(Scene(data=Data(kind="xor"), network=Network(layers=(Layer(units=3),))), folder, "cpu", None, REMEMBER)
    session.run(5)
    return session


def edits(settings: dict) -> list[Edit]:
    return [Edit(f"data.{key}", value) for key, value in {"kind": "csv", "file": "a.csv", "shape": (), **settings}.items()]


def command(monkeypatch, capsys, *arguments) -> tuple[int, str, str]:
    """The real command line, in this process: (exit code, stdout, stderr)."""
    monkeypatch.setattr(sys, "argv", ["nnviz3d", *map(str, arguments)])
    monkeypatch.setattr(common, "emitted", False)
    with pytest.raises(SystemExit) as end:
        cli.main()
    out, err = capsys.readouterr()
    return end.value.code or 0, out, err


def scene_file(folder, settings: dict):
    lines = [f"{key} = {json.dumps(value)}" for key, value in {"kind": "csv", "file": "a.csv", **settings}.items()]
    (folder / "s.toml").write_text("[data]\n" + "\n".join(lines) + "\n[[network.layers]]\nunits = 3\n")
    return folder / "s.toml"


@pytest.mark.parametrize("name", BAD)
def test_a_session_goes_on_as_it_was(tmp_path, name):
    text, settings, message = BAD[name]
    (tmp_path / "a.csv").write_text(text)
    session = running(tmp_path)
    scene, source, data, parameters = session.scene, session.source, session.source.data, session.source.parameters()
    session.apply(edits(settings))
    assert message in session.banner
    assert session.scene is scene and session.source is source and source.data is data and not session.history.can_undo
    assert all((parameters[key] == now).all() for key, now in source.parameters().items())
    session.single_step()
    assert source.step == 6 and math.isfinite(source.loss)
    session.apply([Edit("train.learning_rate", 0.5)])
    assert session.banner == "" and session.scene.train.learning_rate == 0.5


@pytest.mark.parametrize("name", BAD)
def test_the_command_ends_with_2_and_writes_nothing(tmp_path, monkeypatch, capsys, name):
    text, settings, message = BAD[name]
    (tmp_path / "a.csv").write_text(text)
    path = scene_file(tmp_path, settings)
    for words in (("train", path, "--save", tmp_path / "w.safetensors"), ("export", path, "-o", tmp_path / "w.py")):
        code, out, err = command(monkeypatch, capsys, *words)
        assert (code, out) == (2, "") and message in err and "Traceback" not in err
    assert {file.name for file in tmp_path.iterdir()} == {"a.csv", "s.toml"}


@pytest.mark.parametrize("name", SOUND)
def test_extreme_data_are_learned_from_and_undone(tmp_path, monkeypatch, capsys, name):
    text, settings = SOUND[name]
    (tmp_path / "a.csv").write_text(text)
    session = running(tmp_path)
    session.apply(edits(settings))
    assert session.banner == "" and session.scene.data.kind == "csv"
    for _ in range(5):
        session.single_step()
    session.evaluate()
    assert all(np.isfinite(array).all() for array in session.source.parameters().values())
    assert session.source.diverged is not None or math.isfinite(session.source.loss)
    assert session.source.diverged is None or "diverged" in session.banner
    session.undo()
    assert session.scene.data.kind == "xor" and session.source.topology.input.size == 2
    session.single_step()
    code, out, err = command(monkeypatch, capsys, "train", scene_file(tmp_path, settings), "--steps", 5, "--json", "-q")
    assert code in (0, 3) and "Traceback" not in err and json.loads(out)["steps"] <= 5


def test_nan_in_arrays_is_reported(tmp_path, monkeypatch, capsys):
    np.savez(tmp_path / "a.npz", x=np.array([[1, np.nan], [2, 3], [4, np.inf]]), t=np.array([0, 1, 0]))
    session = running(tmp_path)
    session.apply([Edit("data.kind", "npz"), Edit("data.file", "a.npz")])
    assert "input 1 of sample 0 is nan" in session.banner and "input 1 of sample 2 is inf" in session.banner
    assert session.scene.data.kind == "xor"


@pytest.mark.parametrize("batch", [0, 1, 65_536])
def test_a_batch_larger_than_the_data_is_the_data(tmp_path, batch):
    session = running(tmp_path)
    session.apply([Edit("data.samples", 3), Edit("train.batch", batch)])
    session.run(10)
    assert session.banner == "" and session.source.batch_size == min(batch or 3, len(session.source.data.x_train)) <= 3
    assert math.isfinite(session.source.loss)


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw"])
def test_a_learning_rate_of_a_billion_ends_in_words_and_finite_weights(tmp_path, optimizer):
    session = running(tmp_path)
    session.apply([Edit("train.optimizer", optimizer), Edit("train.learning_rate", 1e9), Edit("train.weight_decay", 1.0)])
    session.running = True
    for _ in range(200):
        session.advance(1 / 60, lambda: False)
    assert all(np.isfinite(array).all() for array in session.source.parameters().values())
    assert session.source.diverged is None or (not session.running and "diverged" in session.banner)
    session.apply([Edit("train.learning_rate", 0.01)])
    session.reset()
    session.run(20)
    assert session.source.diverged is None and math.isfinite(session.source.loss)


def test_every_setting_of_data_at_both_ends(tmp_path):
    """Each end is learned from or refused in words; nothing in between."""
    session = running(tmp_path)
    ends = {
        "samples": (1, 2, 10_000_000), "noise": (0.0, 0.5), "test_fraction": (0.0, 0.9), "seed": (0, 2**32 - 1),
        "features": ([], ["sin(x1)"], ["x1", "x1"]), "kind": ("csv", "npz", "idx", "reg-gauss", "iris"), "inputs": (0, 65_537),
        "file": ("../../etc/passwd", "a\0b", "x" * 5000), "target": ("nothing",), "classes": (1, 10_000),
    }  # fmt: skip
    for key, values in ends.items():
        for value in values:
            before = session.scene
            if key == "samples" and value > 1000:
                continue  # a minute of points
            session.apply([Edit(f"data.{key}", value)])
            assert bool(session.banner) == (session.scene == before and getattr(before.data, key) != value), (key, value)
            session.banner = ""
            session.single_step()
            assert math.isfinite(session.source.loss), (key, value)
    session.apply([Edit("data.kind", "blobs"), Edit("data.samples", 50), Edit("data.inputs", 9), Edit("data.shape", (2, 2))])
    assert "data.shape" in session.banner


def test_a_run_ends_with_the_same_words_in_export(tmp_path, monkeypatch, capsys):
    words = ("--set", "train.optimizer=sgd", "--set", "train.learning_rate=1e9", "--set", "train.loss=mse", "--step", 50)
    more = ("--set", "network.output.activation=linear", "-o", tmp_path / "a.safetensors", "--json")
    code, out, err = command(monkeypatch, capsys, "export", "digits", *words, *more)
    assert code == 3 and "diverged at step" in err and json.loads(out)["diverged"] >= 1
    assert (tmp_path / "a.safetensors").exists()


EXPORT = {
    "no ending": (["-o", "a"], "expected a name that ends with"),
    "unknown ending": (["-o", "a.onnx"], "expected a name that ends with .safetensors, .toml or .py"),
    "unknown language": (["-o", "a.py", "--as", "jax"], 'expected numpy or torch, found "jax"'),
    "a language for weights": (["-o", "a.safetensors", "--as", "numpy"], "--as: is for scripts"),
    "weights and steps": (["-o", "a.py", "--weights", "w", "--step", "3"], "--weights --step: give only one of the two"),
    "no such weights": (["-o", "a.py", "--weights", "w.safetensors"], "no such file"),
    "no folder": (["-o", "none/a.py"], "there is no folder none"),
    "a folder beside": (["-o", "b.py"], "cannot be written: it is a folder"),
    "all at once": (["-o", "none/a.py", "--as", "jax", "--weights", "w", "--step", "1"], "found \"jax\""),
}  # fmt: skip


@pytest.mark.parametrize("name", EXPORT)
def test_export_refuses_in_words(tmp_path, monkeypatch, capsys, name):
    arguments, message = EXPORT[name]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "b.weights.npz").mkdir()
    code, out, err = command(monkeypatch, capsys, "export", "iris", *arguments)
    assert (code, out) == (2, "") and message in err and "Traceback" not in err
    assert name != "all at once" or ("none" in err and "--step" in err)
    assert [file.name for file in tmp_path.iterdir()] == ["b.weights.npz"]


def test_export_with_weights_of_a_file(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert command(monkeypatch, capsys, "export", "iris", "-o", "w.safetensors", "--step", 20, "-q")[0] == 0
    code, out, _ = command(monkeypatch, capsys, "export", "iris", "-o", "a.py", "--weights", "w.safetensors", "--json", "-q")
    facts = json.loads(out)
    assert code == 0 and facts["written"] == ["a.py", "a.weights.npz"] and facts["kind"] == "numpy"
    from safetensors.numpy import load_file

    with np.load("a.weights.npz") as found:
        assert all((found[name] == array).all() for name, array in load_file("w.safetensors").items())
