"""The commands through the installed console script: outputs, exit codes, one JSON document, nothing written on bad input."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from nnviz3d.formats import weights
from nnviz3d.spec.scene import Scene
from nnviz3d.spec.topology_builder import build_topology

COMMAND = str(Path(sys.executable).parent / "nnviz3d")
NAMES = ["run", "tour", "train", "export", "shot", "record", "encode", "demo", "inspect", "scenes", "new", "doctor", "bench"]

SCENES = [
    "attention", "autoencoder", "circle", "compare", "conv-toy", "convnet", "convolution", "dead-relu", "deep", "digits", "exploding",
    "forward-pass", "gauss", "iris", "learning", "modular", "one-iteration", "overfit", "reg-plane", "residual", "resnet-tiny", "saturated",
    "sort-gpt", "sorting", "sparse", "spiral", "story-gpt", "too-fast", "unscaled", "vit-digits", "wide", "xor", "zero-init",
]  # fmt: skip


@pytest.fixture
def nnviz3d(tmp_path):
    """Runs the console script in an empty folder."""

    def run(*arguments, **environment) -> subprocess.CompletedProcess:
        words = [COMMAND, *map(str, arguments)]
        return subprocess.run(words, cwd=tmp_path, env=os.environ | environment, capture_output=True, text=True, timeout=100)

    return run


def test_version_and_help_answer(nnviz3d):
    from nnviz3d import __version__

    assert nnviz3d("--version").stdout == f"nnviz3d {__version__}\n"
    done = nnviz3d("--help")
    assert done.returncode == 0 and all(re.search(rf"^  {name} ", done.stdout, re.M) for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_command_takes_the_common_options(nnviz3d, name):
    text = nnviz3d(name, "--help").stdout
    assert [option for option in ("--backend", "--seed", "--set", "--verbose", "--quiet") if option not in text] == []


def test_scenes_lists_the_shipped_scenes(nnviz3d):
    assert [line.split()[0] for line in nnviz3d("scenes").stdout.splitlines()] == SCENES
    assert {scene["name"]: scene["title"] for scene in json.loads(nnviz3d("scenes", "--json").stdout)}["xor"] == "XOR"


def test_new_writes_a_scene_that_loads_and_knows_every_key(nnviz3d, tmp_path):
    assert nnviz3d("new", "mine", "--set", "train.batch=7").returncode == 0
    path = tmp_path / "mine.toml"
    assert Scene.load(path).train.batch == 7
    text = path.read_text()
    assert "1 to 65,536" in text and "blue_orange | safe" in text and "above 0 to 1" in text
    path.write_text(re.sub(r"^# (?=[a-z0-9_]+ = |\[\[)", "", text, flags=re.M))
    assert Scene.load(path) == Scene.load(path).model_validate(Scene.load(path).model_dump()), "every line that is commented out is valid"
    for table in Scene.model_fields.values():
        for key in getattr(table.annotation, "model_fields", {}):
            assert re.search(rf"^(\[\w+\.|\[\[\w+\.|){key}\b", path.read_text(), re.M), key


def test_new_does_not_overwrite(nnviz3d, tmp_path):
    (tmp_path / "mine.toml").write_text("title = 'precious'")
    done = nnviz3d("new", "mine")
    assert done.returncode == 2 and "exists already" in done.stderr
    assert (tmp_path / "mine.toml").read_text() == "title = 'precious'"


@pytest.mark.parametrize("name", SCENES)
def test_shipped_scenes_keep_the_promise_of_their_test_table(nnviz3d, name):
    scene = Scene.load(name)
    done = nnviz3d("train", name, "--steps", scene.test.steps, "--json", "-q")
    facts = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert facts["steps"] == scene.test.steps and (facts["test_accuracy"] or 0) >= scene.test.min_accuracy
    assert facts["test_loss"] <= scene.test.max_loss


def test_train_logs_every_step_and_saves_what_continues(nnviz3d, tmp_path):
    done = nnviz3d("train", "iris", "--steps", 30, "--log", "l.jsonl", "--save", "w.safetensors", "--json", "-q")
    facts, lines = json.loads(done.stdout), [json.loads(line) for line in (tmp_path / "l.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == list(range(1, 31)) and all(set(line) == {"step", "loss", "accuracy"} for line in lines)
    assert lines[-1]["loss"] == facts["loss"] and facts["saved"] == "w.safetensors"
    again = json.loads(nnviz3d("train", "iris", "--steps", 0, "--init", "w.safetensors", "--json", "-q").stdout)
    assert (again["test_loss"], again["test_accuracy"]) == (facts["test_loss"], facts["test_accuracy"])


def test_train_gives_the_same_bytes_twice_and_others_with_another_seed(nnviz3d, tmp_path):
    for file, seed in (("a", 0), ("b", 0), ("c", 1)):
        nnviz3d("train", "xor", "--steps", 50, "--seed", seed, "--save", f"{file}.safetensors", "-q")
    a, b, c = ((tmp_path / f"{file}.safetensors").read_bytes() for file in "abc")
    assert a == b and a != c


def test_a_log_does_not_change_what_is_learned(nnviz3d, tmp_path):
    nnviz3d("train", "iris", "--steps", 25, "--save", "a.safetensors", "-q")
    nnviz3d("train", "iris", "--steps", 25, "--save", "b.safetensors", "--log", "l.jsonl", "-q")
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()


def test_divergence_keeps_the_last_finite_state_and_ends_with_3(nnviz3d, tmp_path):
    words = ("--set", "train.optimizer=sgd", "--set", "train.learning_rate=1e9", "--save", "w.safetensors", "--log", "l.jsonl", "--json")
    done = nnviz3d("train", "digits", "--steps", 50, *words)
    facts = json.loads(done.stdout)
    assert done.returncode == 3 and facts["diverged"] >= 1 and f"diverged at step {facts['diverged']}" in done.stderr
    assert "Traceback" not in done.stderr
    assert facts["steps"] == len((tmp_path / "l.jsonl").read_text().splitlines()) < 50
    from safetensors.numpy import load_file

    assert all(np.isfinite(array).all() for array in load_file(tmp_path / "w.safetensors").values())


def test_a_full_disk_ends_with_3_and_keeps_the_weights(nnviz3d, tmp_path):
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    done = nnviz3d("train", "iris", "--steps", 5, "--log", "/dev/full", "--save", "w.safetensors", "--json")
    assert done.returncode == 3 and "No space left" in done.stderr
    assert json.loads(done.stdout)["saved"] == "w.safetensors" and (tmp_path / "w.safetensors").exists()


def test_ctrl_c_keeps_what_was_finished(tmp_path):
    words = [COMMAND, "train", "spiral", "--steps", "1000000000", "--save", "w.safetensors", "--log", "l.jsonl"]
    process = subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and not ((tmp_path / "l.jsonl").exists() and (tmp_path / "l.jsonl").stat().st_size):
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130 and "Traceback" not in err and "steps in" in out
    assert weights.describe(tmp_path / "w.safetensors")["parameters"] == 506


BAD = {  # arguments: what stderr must say
    "unknown command": (["tran"], "Did you mean 'train'"),
    "unknown option": (["train", "iris", "--stepz", "3"], "No such option"),
    "no scene": (["train"], "Missing argument"),
    "steps not a number": (["train", "iris", "--steps", "ten"], "--steps"),
    "negative steps": (["train", "iris", "--steps", "-3"], "--steps"),
    "unknown scene": (["train", "irish"], 'did you mean "iris"'),
    "unknown backend": (["train", "iris", "--backend", "gpu"], "--backend: expected auto, cpu, cuda"),
    "set without =": (["train", "iris", "--set", "train.batch"], "expected path=value"),
    "set of an unknown key": (["train", "iris", "--set", "train.bach=3"], 'did you mean "batch"'),
    "set of a bad value": (["train", "iris", "--set", "train.batch=-3"], "train.batch: expected"),
    "negative seed": (["train", "iris", "--seed", "-1"], "train.seed: expected"),
    "no folder to save in": (["train", "iris", "--save", "none/w.safetensors"], "--save: cannot be written: there is no folder none"),
    "a folder to save to": (["train", "iris", "--save", "/"], "--save: cannot be written: it is a folder"),
    "one file for two": (["train", "iris", "--save", "a", "--log", "./a"], "two outputs have the same file name"),
    "no weights": (["train", "iris", "--init", "none.safetensors"], "no such file"),
    "weights of another network": (["train", "iris", "--init", "other.safetensors"], "layers.0.weight: shape"),
    "phase": (["shot", "iris", "-o", "a.png", "--phase", "forward:9"], '"forward" needs a layer from 1 to 2'),
    "no output": (["shot", "iris"], "Missing option"),
    "odd size": (["shot", "iris", "-o", "a.png", "--size", "10"], "--size: expected WIDTHxHEIGHT"),
    "size of nothing": (["shot", "iris", "-o", "a.png", "--size", "0x0"], "--size: expected"),
    "size of a wall": (["shot", "iris", "-o", "a.png", "--size", "99999x9"], "--size: expected"),
    "unknown camera": (["shot", "iris", "-o", "a.png", "--camera", "drone"], "view.camera: expected"),
    "headless for ever": (["run", "iris", "--headless"], "--frames"),
    "no folder for the picture": (["run", "iris", "--headless", "--frames", "1", "--screenshot", "none/a.png"], "there is no folder none"),
    "a film into a file": (["demo", "iris", "-o", "other.safetensors"], "cannot be made"),
    "inspect nothing": (["inspect", "none.toml"], "no such file"),
    "inspect a stranger": (["inspect", "a.docx"], "no such file"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_ends_with_2_and_writes_nothing(nnviz3d, tmp_path, name):
    arguments, message = BAD[name]
    wanted = weights.names(build_topology(Scene().network, (3,), 2, "softmax"))
    weights.save(tmp_path / "other.safetensors", {key: np.zeros(shape) for key, shape in wanted.items()}, Scene())
    done = nnviz3d(*arguments)
    assert done.returncode == 2, done.stderr
    assert message in done.stderr and "Traceback" not in done.stderr and done.stdout == ""
    assert [path.name for path in tmp_path.iterdir()] == ["other.safetensors"]


def test_all_problems_are_reported_at_once(nnviz3d):
    done = nnviz3d("train", "iris", "--set", "train.batch=-1", "--set", "look.glow=99", "--save", "none/a", "--log", "none/b")
    assert [word for word in ("train.batch", "look.glow", "--save", "--log") if word not in done.stderr] == []


@pytest.mark.parametrize(
    "arguments", [["train", "nonsense"], ["train", "iris", "--bogus"], ["inspect", "none.toml"], ["train", "iris", "--save", "/"]]
)
def test_json_is_one_document_also_where_nothing_could_be_done(nnviz3d, arguments):
    done = nnviz3d(*arguments, "--json")
    document = json.loads(done.stdout)
    assert done.returncode == 2 and document["ok"] is False and document["problems"] and done.stderr


def test_data_files_typed_on_the_command_line_may_lie_anywhere(nnviz3d, tmp_path):
    elsewhere = tmp_path / "else where"
    elsewhere.mkdir()
    (elsewhere / "a.csv").write_text("".join(f"{n},{n % 3},{'odd' if n % 2 else 'even'}\n" for n in range(20)))
    (tmp_path / "link.csv").symlink_to(elsewhere / "a.csv")
    for typed in (elsewhere / "a.csv", "else where/a.csv", "link.csv"):
        done = nnviz3d("train", "iris", "--set", "data.kind=csv", "--set", f"data.file={typed}", "--steps", 3, "--json", "-q")
        assert json.loads(done.stdout)["data"] == "a.csv", done.stderr
    (tmp_path / "own.toml").write_text('[data]\nkind = "csv"\nfile = "../else where/a.csv"\n')
    assert nnviz3d("train", "own.toml").returncode == 2


def test_inspect_tells_what_a_scene_holds(nnviz3d):
    facts = json.loads(nnviz3d("inspect", "digits", "--json").stdout)
    assert facts["kind"] == "scene" and (facts["neurons"], facts["edges"]) == (64 + 48 + 32 + 10, 64 * 48 + 48 * 32 + 32 * 10)
    assert facts["data"]["summary"] == "1,438 to train, 359 to test; 8x8 inputs, 10 classes"
    assert facts["network"][-1] == {
        "name": "dense3", "kind": "dense", "shape": [10], "activation": "softmax",
    }  # fmt: skip
    assert "154 neurons" in nnviz3d("inspect", "digits").stdout


@pytest.mark.parametrize(
    ("name", "sets"),
    [
        ("xor", ("train.loss=bce",)),
        ("xor", ("train.loss=mse",)),
        ("iris", ("network.output.activation=sigmoid",)),
        ("reg-plane", ()),
        ("reg-plane", ("train.loss=bce", "data.standardize_target=no")),
    ],
)
def test_inspect_names_the_output_that_is_trained(name, sets):
    from nnviz3d.app.cli.commands.common import Options
    from nnviz3d.app.cli.commands.inspect import inspect
    from nnviz3d.engine import data, objective
    from nnviz3d.spec import toml

    options = Options(sets=sets, quiet=True)
    scene, base = options.scene(name)
    try:
        wanted = objective.resolve(scene, data.load(scene.data, base)).output
    except toml.InputError as error:  # what cannot be trained is refused in the same words
        with pytest.raises(toml.InputError, match=re.escape(str(error))):
            inspect(options, name)
        return
    assert inspect(options, name)["network"][-1]["activation"] == wanted


def test_inspect_tells_what_weights_and_data_hold(nnviz3d, tmp_path):
    nnviz3d("train", "iris", "--steps", 1, "--save", "w.safetensors", "-q")
    facts = json.loads(nnviz3d("inspect", "w.safetensors", "--json").stdout)
    assert facts["kind"] == "weights" and facts["parameters"] == 4 * 6 + 6 + 6 * 3 + 3 and 'kind = "iris"' in facts["scene"]
    (tmp_path / "a.csv").write_text("size,colour\n1,red\n2,blue\n3,red\n")
    facts = json.loads(nnviz3d("inspect", "a.csv", "--json").stdout)
    assert facts["kind"] == "data" and facts["outputs"] == ["blue", "red"] and facts["features"] == ["size"]
    (tmp_path / "l-idx1-ubyte").write_bytes(b"\0\0\x08\x01\0\0\0\x02\x07\x08")
    assert json.loads(nnviz3d("inspect", "l-idx1-ubyte", "--json").stdout)["shape"] == [2]


@pytest.mark.gl
def test_doctor_tells_what_is_there_and_what_to_do(nnviz3d):
    done = nnviz3d("doctor", "--json")
    document = json.loads(done.stdout)
    checks = {check["name"]: check for check in document["checks"]}
    assert done.returncode == 0 and document["ok"]
    assert set(checks) == {
        "python",
        "files",
        "variables",
        "OpenGL",
        "window",
        "backend",
        "interop",
        "codecs",
        "farm",
        "fonts",
        "locale",
        "home",
    }
    assert all(check["advice"] for check in checks.values() if check["state"] == "fail")
    table = nnviz3d("doctor", COLUMNS="120").stdout
    assert all(name in table for name in checks)


@pytest.mark.gl
def test_doctor_ends_with_3_where_nothing_can_be_drawn(nnviz3d):
    """Mesa is made to offer an OpenGL that is too old."""
    done = nnviz3d("doctor", "--json", LIBGL_ALWAYS_SOFTWARE="1", MESA_GL_VERSION_OVERRIDE="3.3")
    opengl = next(check for check in json.loads(done.stdout)["checks"] if check["name"] == "OpenGL")
    assert done.returncode == 3 and opengl["state"] == "fail" and "apt-get install" in opengl["advice"]


@pytest.mark.parametrize("home", ["/proc/none", "/dev/null"])
def test_a_home_that_cannot_be_written_is_no_obstacle(nnviz3d, home):
    assert nnviz3d("train", "xor", "--steps", 2, "-q", HOME=home, XDG_DATA_HOME=f"{home}/x").returncode == 0
