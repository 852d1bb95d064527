"""The README is true: its table has every command, its pictures exist, its scenes are those that ship.

Its commands are run by tests/test_documents.py.
"""

import re
import shlex
import subprocess
import sys

import nnviz3d
from nnviz3d.spec import paths, toml
from nnviz3d.spec.edit import Edit

ROOT = paths.CHECKOUT
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^\| `(nnviz3d[^`]*)` \|", TEXT, re.M)


def test_the_table_names_every_command():
    done = subprocess.run([sys.executable, "-m", "nnviz3d", "--help"], capture_output=True, text=True, check=True)
    listed = set(re.findall(r"^  ([a-z]+)  ", done.stdout, re.M)) or set(re.findall(r"^\W*([a-z]+)\s{2,}[A-Z]", done.stdout, re.M))
    assert listed, done.stdout
    assert listed <= {[*shlex.split(one), "run"][1] for command in COMMANDS for one in command.split(" && ")} | {"run"}


def test_pictures_and_scenes_exist():
    for picture in re.findall(r"!\[[^]]*\]\(([^)]+)\)", TEXT):
        assert (ROOT / picture).is_file(), picture
    named = set(re.search(r"the shipped scenes: (.*?) \|", TEXT).group(1).replace("`", "").split()) & set(paths.scene_paths())
    assert named == set(paths.scene_paths())


def test_the_demo_reaches_what_it_promises():
    """`tools/run.py` without a display: "from untrained to more than 95 % test accuracy"."""
    scene = nnviz3d.Scene.load("digits")
    assert "95 %" in TEXT and not scene.record.shot
    steps = scene.record.begin + scene.record.steps
    (_, before), (_, after) = (nnviz3d.train(scene, n, backend="cpu").evaluate("test") for n in (0, steps))
    assert before < 0.2 and after > 0.95


def test_deep_learns_with_tanh_and_a_smaller_rate():
    """The recipe of the fourth thing to try, and the failure that it mends."""
    assert re.search(r"open \*Deep\*.*?twelve\s+sigmoid layers.*?`tanh` and (set )?the\s+learning rate to 0\.05", TEXT, re.S)
    deep = nnviz3d.Scene.load("deep")
    layers = tuple(layer.model_copy(update={"activation": "tanh"}) for layer in deep.network.layers)
    assert len(layers) == 12 and {layer.activation for layer in deep.network.layers} == {"sigmoid"}
    mended = toml.apply(deep, [Edit("network.layers", layers), Edit("train.learning_rate", 0.05)])
    (_, fails), (_, learns) = (nnviz3d.train(scene, 2000, backend="cpu").evaluate("test") for scene in (deep, mended))
    assert fails < 0.2 and learns > 0.9
