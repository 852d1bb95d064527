"""The README is true: its table has every command, its pictures exist, its scenes are those that ship.

Its commands are run by tests/test_documents.py.
"""

import re
import shlex
import subprocess
import sys

from nnviz3d.spec import paths

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
