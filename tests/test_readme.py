"""The README is true: its commands run, its pictures exist, its scenes are those that ship."""

import re
import shlex
import subprocess
import sys

import pytest

from nnviz3d.spec import paths

ROOT = paths.CHECKOUT
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^\| `(nnviz3d[^`]*)` \|", TEXT, re.M)
SLOW = {"nnviz3d bench --json": "measured by tests/app/bench/test_bench.py, a section at a time"}


@pytest.mark.parametrize("command", [command for command in COMMANDS if command not in SLOW])
def test_a_command_of_the_table_runs(command, tmp_path):
    for one in command.split(" && "):
        words = shlex.split(one)[1:]
        if not words:
            words = ["run", "--headless", "--frames", "3"]  # the window itself is tested under Xvfb
        done = subprocess.run([sys.executable, "-m", "nnviz3d", *words], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    for name in re.findall(r"\S+\.(?:png|jsonl?|safetensors|mp4|gif)\b(?!\.parts)", command):
        assert (tmp_path / name).stat().st_size > 0


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
