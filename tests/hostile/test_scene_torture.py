"""Broken scenes: every problem with its path, exit code 2, in under a second and under 300 MB, and nothing hangs."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nnviz3d.engine import data
from nnviz3d.spec import toml
from nnviz3d.spec.errors import InputError

LAYERS = "[[network.layers]]\nunits = 65536\n" * 3


def layer(text: str) -> str:
    return f"[[network.layers]]\n{text}\n"


def chain_of_sums(layers: int, width: int) -> str:
    """Sums of 64 times the layer above: 256 of them take 135 kB."""
    sums = (layer(f'name = "n{k}"\nkind = "add"\nfrom = {[f"n{k - 1}"] * 64}') for k in range(1, layers))
    return layer(f'name = "n0"\nunits = {width}') + "".join(sums)


GRAPHS = {  # the same, of layers as a graph
    "loop of two": (
        layer('name = "a"\nkind = "add"\nfrom = ["input", "b"]') + layer('name = "b"\nfrom = ["a"]'),
        ['network.layers.0.from: "b" is not above this layer'],
    ),
    "layer that reads itself": (layer('name = "a"\nfrom = ["a"]'), ['network.layers.0.from: "a" is not above this layer']),
    "layer that reads the output": (layer('from = ["dense2"]'), ['network.layers.0.from: there is no layer "dense2"']),
    "edge bomb": (
        chain_of_sums(256, 65_536),
        ["16,321 connections between layers; at most 4,096", "1,069,547,520 edges; at most 250,000,000", "network.layers: "],
    ),
    "64-fold concat": (
        layer('name = "a"\nunits = 65536') + layer(f'kind = "concat"\nfrom = {["a"] * 64}'),
        ["network.layers.1.from: 4,194,304 neurons; at most 65,536"],
    ),
    "concat of concats": (
        layer('name = "a"\nunits = 1024')
        + layer(f'name = "b"\nkind = "concat"\nfrom = {["a"] * 64}')
        + layer(f'name = "c"\nkind = "concat"\nfrom = {["b"] * 64}'),
        ["network.layers.2.from: 4,194,304 neurons; at most 65,536"],
    ),
    "65 inputs": (layer(f'kind = "add"\nfrom = {["input"] * 65}'), ["network.layers.0.from: expected at most 64 entries, found 65"]),
    "huge reshape": (layer('kind = "reshape"\nshape = [65536, 65536, 65536]'), ["281,474,976,710,656 neurons; at most 120,000,000"]),
    "dense after a huge reshape": (layer('kind = "reshape"\nshape = [65536, 65536, 65536]') + layer("units = 9"), ["weights; at most"]),
    "negative shape": (layer('kind = "reshape"\nshape = [-1, 4]'), ["network.layers.0.shape.0: expected", "found -1"]),
    "shape beyond 64 bits": (layer(f'kind = "reshape"\nshape = [{"9" * 40}]'), ["network.layers.0.shape.0: expected"]),
    "no shape": (layer('kind = "reshape"\nshape = []'), ["network.layers.0.shape: expected at least 1 entry, found 0"]),
    "four new axes": (layer('kind = "reshape"\nshape = [1, 1, 1, 1]'), ["network.layers.0.shape: expected at most 3 entries, found 4"]),
    "shape as text": (layer('kind = "reshape"\nshape = "8x8"'), ["network.layers.0.shape: expected a list, found '8x8'"]),
    "negative axis": (layer('kind = "concat"\naxis = -1\nfrom = ["input", "input"]'), ["network.layers.0.axis: expected", "0 to 7"]),
    "huge axis": (layer(f'kind = "concat"\naxis = {10**30}\nfrom = ["input", "input"]'), ["network.layers.0.axis: expected", "0 to 7"]),
    "axis that is not there": (
        layer('name = "a"') + layer('kind = "concat"\naxis = 7\nfrom = ["a", "a"]'),
        ["network.layers.1.axis: there is no axis 7"],
    ),
    "name of the input": (layer('name = "input"'), ['network.layers.0.name: "input" is the name of the input']),
    "name of the output": (layer('name = "dense2"'), ['network.layers.0.name: "dense2" is the name of the output']),
    "name of another": (layer('name = "a"') * 2, ["network.layers.1.name:", "layer 1 of the list (network.layers.0)"]),
    "name of another without one": (layer("") + layer('name = "dense1"'), ["network.layers.0.name: without a name it is"]),
    "checkpoint": (layer('name = "checkpoint"'), ['network.layers.0.name: "checkpoint" cannot be', "state of training"]),
    "checkpoint of a part": (layer('name = "checkpoint.slots.0"'), ["network.layers.0.name:", "state of training"]),
    "path as a name": (layer('name = "../a"'), ["network.layers.0.name: expected a name of letters"]),
    "name of a line": (layer('name = "a\\nb"'), ["network.layers.0.name: expected a name of letters"]),
    "name of 1 MB": (layer(f'name = "{"x" * 1_000_000}"'), ["network.layers.0.name: expected at most 60 characters, found 1,000,000"]),
    "text for a from": (layer('from = "input"'), ["network.layers.0.from: expected a list, found 'input'"]),
    "number in a from": (layer("from = [0]"), ["network.layers.0.from.0: expected text, found 0"]),
    "list in a from": (layer('from = [["input"]]'), ["network.layers.0.from.0: expected text"]),
    "table for a from": (layer('from = {a = "input"}'), ["network.layers.0.from: expected a list"]),
    "from of 1 MB": (layer(f'from = ["{"x" * 1_000_000}"]'), ["network.layers.0.from.0: expected at most 60 characters"]),
    "nothing to read": (layer('from = [""]'), ['network.layers.0.from: there is no layer ""']),
    "product of three": (layer(f'kind = "multiply"\nfrom = {["input"] * 3}'), ["multiply reads exactly 2 layers"]),
    "kind as a list": (layer('kind = ["add"]'), ["network.layers.0.kind: expected one of"]),
    "kind of 900 kB": (layer(f'kind = "{"x" * 900_000}"'), ["network.layers.0.kind: expected one of"]),
    "key of 900 kB": (layer(f"{'x' * 900_000} = 1"), ["network.layers.0.xxx", "unknown key"]),
}
CASES = {  # name: (text of the file, what each problem must say, in order)
    "unknown table": ("[netwrok]", ["netwrok: unknown key", 'did you mean "network"']),
    "unknown key": ("[train]\nlearning_rat = 1", ['train.learning_rat: unknown key; did you mean "learning_rate"']),
    "unknown key of a layer": ("[[network.layers]]\nunit = 3", ['network.layers.0.unit: unknown key; did you mean "units"']),
    "text for a number": ('[train]\nbatch = "32"', ["train.batch: expected", "found '32'"]),
    "number for text": ("title = 3", ["title: expected"]),
    "float for a whole number": ("[train]\nbatch = 3.5", ["train.batch: expected"]),
    "bool for a number": ("[train]\nbatch = true", ["train.batch: expected"]),
    "number for a bool": ("[data]\nstandardize = 1", ["data.standardize: expected"]),
    "date for a number": ("[train]\nbatch = 2026-01-01", ["train.batch: expected"]),
    "list for a number": ("[train]\nbatch = [1]", ["train.batch: expected"]),
    "table for a number": ("[train.batch]\nx = 1", ["train.batch: expected"]),
    "number for a table": ("train = 3", ["train: expected"]),
    "list for a table": ("train = []", ["train: expected"]),
    "text for a list": ('[data]\nfeatures = "x1"', ["data.features: expected"]),
    "one layer for a list": ("[network.layers]\nunits = 3", ["network.layers: expected"]),
    "number for a layer": ("[network]\nlayers = [3]", ["network.layers.0: expected"]),
    "nan": ("[train]\nlearning_rate = nan", ["train.learning_rate: expected"]),
    "infinity": ("[train]\nlearning_rate = inf", ["train.learning_rate: expected"]),
    "minus infinity": ("[train]\nl2 = -inf", ["train.l2: expected"]),
    "number beyond float": ("[train]\nlearning_rate = 1e999", ["train.learning_rate: expected"]),
    "negative learning rate": ("[train]\nlearning_rate = -0.1", ["train.learning_rate: expected", "accepted: 0 to"]),
    "negative units": ("[[network.layers]]\nunits = -1", ["network.layers.0.units: expected", "1 to 65,536"]),
    "no units": ("[[network.layers]]\nunits = 0", ["network.layers.0.units: expected"]),
    "a billion units": ("[[network.layers]]\nunits = 1000000000", ["network.layers.0.units: expected", "1 to 65,536"]),
    "a number of 300 digits": (f"[train]\nbatch = {'9' * 300}", ["train.batch: expected"]),
    "a number of 20,000 digits": (f"[train]\nbatch = {'9' * 20_000}", ["not valid TOML"]),
    "too many weights": (LAYERS, ["network: ", "weights; at most 100,000,000"]),
    "300 layers": ("[[network.layers]]\nunits = 1\n" * 300, ["network.layers: expected"]),
    "negative batch": ("[train]\nbatch = -1", ["train.batch: expected"]),
    "dropout of 1": ("[[network.layers]]\ndropout = 1.0", ["network.layers.0.dropout: expected"]),
    "unknown activation": ('[[network.layers]]\nactivation = "rleu"', ["network.layers.0.activation: expected", "relu"]),
    "softmax in the middle": ('[[network.layers]]\nactivation = "softmax"', ["network.layers.0.activation: expected"]),
    "unknown optimizer": ('[train]\noptimizer = "sgdd"', ["train.optimizer: expected", "sgd"]),
    "unknown loss": ('[train]\nloss = "l7"', ["train.loss: expected"]),
    "unknown data": ('[data]\nkind = "mnits"', ["data.kind: expected", "digits"]),
    "unknown feature": ('[data]\nfeatures = ["x3"]', ["data.features.0: expected"]),
    "no feature": ("[data]\nfeatures = []", ["data: features: at least one"]),
    "file without a name": ('[data]\nkind = "csv"', ["data: ", "needs `file`"]),
    "pictures without a folder": ('[data]\nkind = "images"', ["needs `file`"]),
    "size of a picture": ('[data]\nkind = "images"\nfile = "a"\nsize = [1, 5000]', ["data.size.0: expected", "data.size.1: expected"]),
    "three sides": ("[data]\nsize = [4, 4, 4]", ["data.size: expected"]),
    "shift by half a pixel": ("[data.augment]\nshift = 0.5", ["data.augment.shift: expected a whole number"]),
    "shift beyond the picture": ("[data.augment]\nshift = 1000", ["data.augment.shift: expected", "0 to 256"]),
    "rotation without end": ("[data.augment]\nrotate = inf", ["data.augment.rotate: expected"]),
    "noise that is none": ("[data.augment]\nnoise = nan\nflip = 1", ["data.augment.noise: expected", "data.augment.flip: expected"]),
    "unknown augmentation": ("[data.augment]\nrotat = 3", ['data.augment.rotat: unknown key; did you mean "rotate"']),
    "2,049 nodes": (layer('kind = "transformer_block"\nrepeat = 256'), ["network.layers.0.repeat: 256 blocks of 13 layers; a network has"]),
    "a part's name": (
        layer('name = "b.add1"') + layer('kind = "transformer_block"\nname = "b"\nfrom = ["input"]'),
        ['network.layers.1.name: there is a layer "b.add1"'],
    ),
    "idx without labels": ('[data]\nkind = "idx"\nfile = "a"', ["needs `labels_file`"]),
    "all data for testing": ("[data]\ntest_fraction = 1.0", ["data.test_fraction: expected", "0 to 0.9"]),
    "noise over a half": ("[data]\nnoise = 0.7", ["data.noise: expected"]),
    "four axes": ("[data]\nshape = [1, 1, 1, 1]", ["data.shape: expected"]),
    "shape of nothing": ("[data]\nshape = [0, 3]", ["data.shape.0: expected"]),
    "seed of 2^32": ("[train]\nseed = 4294967296", ["train.seed: expected"]),
    "negative seed": ("[data]\nseed = -1", ["data.seed: expected"]),
    "beta of 1": ("[train]\nbeta1 = 1.0", ["train.beta1: expected"]),
    "epsilon of 0": ("[train]\nepsilon = 0.0", ["train.epsilon: expected"]),
    "film of a million pixels": ("[record]\nwidth = 1000000", ["record.width: expected"]),
    "film of no time": ("[record]\nduration = 0.0", ["record.duration: expected"]),
    "accuracy of 2": ("[test]\nmin_accuracy = 2.0", ["test.min_accuracy: expected"]),
    "long title": (f'title = "{"x" * 201}"', ["title: expected"]),
    "many problems at once": (
        'titel = "a"\n[train]\nbatch = -1\nl1 = nan\n[[network.layers]]\nunits = 0\n[data]\nkind = "x"',
        ["network.layers.0.units", "data.kind", "train.batch", "train.l1", "titel: unknown key"],
    ),
    "duplicate key": ("[train]\nbatch = 1\nbatch = 2", ["not valid TOML"]),
    "duplicate table": ("[train]\nbatch = 1\n[train]\nl1 = 0.0", ["not valid TOML"]),
    "half a table": ("[train", ["not valid TOML"]),
    "half a text": ('title = "abc', ["not valid TOML"]),
    "a value without a key": ("= 3", ["not valid TOML"]),
    "not TOML": ("<html><body>404</body></html>", ["not valid TOML"]),
    "JSON": ('{"network": {"layers": []}}', ["not valid TOML"]),
    "NUL": ("title = \x00", ["not valid TOML"]),
    "NUL in a text": ('title = "a\x00b"', ["not valid TOML"]),
    "deep list": ("a = " + "[" * 50_000 + "]" * 50_000, ["too deep"]),
    "deep table": ("a = " + "{b = " * 20_000 + "1" + "}" * 20_000, ["too deep"]),
    "deep key": (".".join(["a"] * 20_000) + " = 1", ["line 1: nested too deeply"]),
    "deep key in a table": ("a = {" + ".".join(["a"] * 5_000) + " = 1}", ["line 1: nested too deeply"]),
    "60,000 unknown keys": ("\n".join(f"k{n} = 1" for n in range(60_000)), ["k0: unknown key", "and 59,900 more problems"]),
}
DATA = {  # scenes that are sound and ask for files which they may not have
    "absolute path": ('file = "/etc/passwd"', "is absolute"),
    "path upwards": ('file = "../secret.csv"', "leads out of the scene's folder"),
    "path up and down": ('file = "a/../../secret.csv"', "leads out of the scene's folder"),
    "home": ('file = "~/secret.csv"', "no such file"),
    "Windows drive": (r'file = "C:\\secret.csv"', "is absolute"),
    "link out": ('file = "link.csv"', "leads out of the scene's folder"),
    "NUL in a path": (r'file = "a\u0000.csv"', "not a usable path"),
    "missing file": ('file = "none.csv"', "no such file"),
    "the folder itself": ('file = "."', "is a folder"),
    "a pipe": ('file = "pipe.csv"', "is a device or a pipe"),
}


@pytest.mark.parametrize("name", [*CASES, *GRAPHS])
def test_every_problem_is_reported_with_its_path(name, tmp_path):
    text, expected = {**CASES, **GRAPHS}[name]
    path = tmp_path / "scene.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        toml.load(path)
    reported = str(caught.value)
    assert [part for part in expected if part not in reported] == []
    assert all(line.startswith(str(path)) for line in reported.splitlines() if line.strip())


@pytest.mark.parametrize("name", GRAPHS)
def test_a_graph_that_cannot_be_is_reported_quickly_in_few_words(name):
    begin = time.process_time()
    with pytest.raises(InputError) as caught:
        toml.validate(toml.parse(GRAPHS[name][0].encode(), "text"), "text")
    assert time.process_time() - begin < 2  # 0.1 s on an idle machine
    assert max(len(str(problem)) for problem in caught.value.problems) < 500


def test_problems_are_counted_one_by_one(tmp_path):
    path = tmp_path / "scene.toml"
    path.write_text(CASES["many problems at once"][0])
    with pytest.raises(InputError) as caught:
        toml.load(path)
    assert len(caught.value.problems) == 5


@pytest.mark.parametrize("name", DATA)
def test_a_scene_cannot_reach_files_outside_its_folder(name, tmp_path):
    (tmp_path / "secret.csv").write_text("1,2\n3,4\n")
    home = tmp_path / "home"
    home.mkdir()
    (home / "link.csv").symlink_to(tmp_path / "secret.csv")
    os.mkfifo(home / "pipe.csv")
    entry, message = DATA[name]
    (home / "scene.toml").write_text(f'[data]\nkind = "csv"\n{entry}\n')
    scene = toml.load(home / "scene.toml")
    with pytest.raises(InputError, match=message):
        data.load(scene.data, home)


def odd_files(folder: Path) -> dict[str, tuple[str, str]]:
    """Things that are not a scene file, as (argument, message)."""
    big, binary, pipe = folder / "big.toml", folder / "binary.toml", folder / "pipe.toml"
    with big.open("wb") as file:
        file.write(b"# " + b"x" * 1000)
        file.truncate(50 << 20)
    binary.write_bytes(b"\x00\x01\xff\xfe")
    os.mkfifo(pipe)
    (folder / "loop.toml").symlink_to(folder / "loop.toml")
    (folder / "deep.toml").write_text(CASES["deep list"][0])
    (folder / "keys.toml").write_text(CASES["60,000 unknown keys"][0])
    return {
        "50 MB": (str(big), "52,428,800 bytes; a scene file holds at most"),
        "not UTF-8": (str(binary), "is of an unknown type; expected a scene file"),
        "pipe": (str(pipe), "is a device or a pipe"),
        "endless device": ("/dev/zero", "is a device or a pipe"),
        "folder": (str(folder), "is a folder"),
        "missing": (str(folder / "none.toml"), "no such file"),
        "loop of links": (str(folder / "loop.toml"), "no such file"),
        "name too long": ("x" * 5000 + ".toml", "no such file"),
        "unknown name": ("nonsense", "no such scene"),
        "empty name": ("", ""),
        "deep nesting": (str(folder / "deep.toml"), "too deep"),
        "60,000 problems": (str(folder / "keys.toml"), "k0: unknown key"),
    }


MEASURE = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], capture_output=True, text=True, errors="replace")
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(done.returncode, used.ru_maxrss, used.ru_utime + used.ru_stime)
print(done.stdout + done.stderr)
"""  # a small process in between: a child counts the memory of whoever started it as its own


@pytest.mark.parametrize("name", ["50 MB", "not UTF-8", "pipe", "endless device", "folder", "missing", "loop of links", "name too long",
                                  "unknown name", "empty name", "deep nesting", "60,000 problems"])  # fmt: skip
def test_the_command_ends_with_2_quickly_and_small(name, tmp_path):
    argument, message = odd_files(tmp_path)[name]
    save = tmp_path / "out.safetensors"
    command = [str(Path(sys.executable).parent / "nnviz3d"), "train", argument, "--steps", "1", "--save", str(save)]
    reported = subprocess.run([sys.executable, "-c", MEASURE, *command], capture_output=True, text=True, timeout=60).stdout
    code, kilobytes, seconds = (float(word) for word in reported.splitlines()[0].split())
    assert code == 2, reported
    assert message in reported and "Traceback" not in reported
    assert not save.exists()
    assert kilobytes < 300 * 1024
    assert seconds < 2  # of processor time: 0.2 s on an idle machine
