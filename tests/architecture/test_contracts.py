"""Nothing heavy is imported before it is used, and tools/check.py sees an import outside its folder and what is too long.

The floors and the restricted imports of the package itself are checked by tools/check.py; they are not checked twice.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("OpenGL", "imgui_bundle", "cupy", "vispy", "glfw", "av", "PIL", "safetensors", "numpy")


def check_module():
    found = importlib.util.spec_from_file_location("check", ROOT / "tools" / "check.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def test_an_import_outside_its_folder_is_seen(tmp_path):
    for room, text in {
        "ui": "import cupy",
        "draw": "def f():\n    from OpenGL import GL",
        "gfx": "import vispy.gloo",
        "spec": "import numpy",
    }.items():
        (tmp_path / room).mkdir()
        (tmp_path / room / "a.py").write_text(text)
    found = [line.rpartition(": ")[2] for line in check_module().restricted_imports(tmp_path)]
    assert found == ["imports OpenGL; only gfx may", "imports cupy; only backend may"]


def test_what_is_too_long_is_found(tmp_path):
    check = check_module()
    (tmp_path / "a.py").write_text("def short():\n    pass\n\n\ndef long():\n" + "    pass\n" * check.BODY)
    (tmp_path / "b.py").write_text("x = 1\n" * (check.LINES + 1))
    assert check.too_long([tmp_path]) == [
        f"{tmp_path / 'a.py'}:5: long has {check.BODY + 1} lines; at most {check.BODY}",
        f"{tmp_path / 'b.py'}: {check.LINES + 1} lines; at most {check.LINES}",
    ]


def loaded_after(code: str) -> set[str]:
    """Which heavy packages are imported once this code has run in a new process."""
    report = f"\nimport sys; print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code + report], capture_output=True, text=True, check=True)
    return set(eval(done.stderr.splitlines()[-1]))


def test_importing_the_package_imports_nothing_heavy():
    assert loaded_after("import nnviz3d; nnviz3d.__version__") == set()
    assert loaded_after("import nnviz3d; nnviz3d.Scene(); nnviz3d.Scene.load('digits')") == set()


def command(*arguments: str) -> str:
    """Code that runs the command line in its own process and does not end it."""
    return f"""
import sys
sys.argv = ["nnviz3d", *{arguments}]
from nnviz3d.app.cli.main import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
"""


@pytest.mark.parametrize(
    "name", ["", "run", "train", "export", "shot", "record", "encode", "demo", "inspect", "scenes", "new", "doctor", "bench"]
)
def test_help_imports_nothing_heavy(name):
    """Numbers, pictures and panels cost 0.1 to 0.5 s to import; help has 0.3 s in all."""
    assert loaded_after(command(*filter(None, (name, "--help")))) == set()


def test_listing_scenes_imports_nothing_heavy():
    assert loaded_after(command("scenes")) == set()


def test_training_needs_no_picture():
    assert loaded_after(command("train", "xor", "--steps", "2", "-q")) <= {"numpy", "safetensors"}
