"""tools/run.py and tools/test.py: what they decide, without making an environment."""

from __future__ import annotations

import ast
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def bootstrap(tmp_path, monkeypatch):
    """The module, with its environment in a folder of this test."""
    found = importlib.util.spec_from_file_location("bootstrap", ROOT / "tools" / "bootstrap.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.touch()
    for name, value in {"VENV": tmp_path, "PYTHON": python, "STAMP": tmp_path / "nnviz3d.json"}.items():
        monkeypatch.setattr(module, name, value)
    return module


@pytest.mark.parametrize("name", ["bootstrap", "run", "test", "check"])
def test_tools_need_the_standard_library_only(name):
    tree = ast.parse((ROOT / "tools" / f"{name}.py").read_text())
    modules = {alias.name.partition(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    modules |= {node.module.partition(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert modules - {"bootstrap"} <= set(sys.stdlib_module_names)


def test_a_stamp_says_what_is_installed(bootstrap):
    assert not bootstrap.ready({"video"})
    bootstrap.STAMP.write_text(json.dumps(bootstrap.wanted({"video", "dev"})))
    assert bootstrap.ready({"video"}) and bootstrap.ready({"video", "dev"}), "the tests' environment is good enough to run"
    assert not bootstrap.ready({"cuda13"})


def test_packages_beside_the_extras_are_part_of_the_stamp(bootstrap):
    bootstrap.STAMP.write_text(json.dumps(bootstrap.wanted({"dev"}, bootstrap.FRAMEWORKS)))
    assert bootstrap.ready({"dev"}, bootstrap.FRAMEWORKS) and not bootstrap.ready({"dev"}, ("torch>=99",)) and not bootstrap.ready({"dev"})


def test_another_environment_has_its_own_python_and_stamp(bootstrap):
    bootstrap.use(".venv.frameworks")
    assert {bootstrap.VENV, bootstrap.STAMP.parent} == {ROOT / ".venv.frameworks"} and bootstrap.VENV in bootstrap.PYTHON.parents


@pytest.mark.parametrize(
    ("arguments", "codes", "expected"),
    [
        (["--all", "tests/ui"], {"check": 0, "usual": 0, "frameworks": 5}, 0),  # there are none of them in that folder
        (["--all"], {"check": 0, "usual": 0, "frameworks": 5}, 5),
        (["--all"], {"check": 1, "usual": 0, "frameworks": 0}, 1),
        (["--all"], {"check": 0, "usual": 0, "frameworks": 1}, 1),
        (["--frameworks"], {"frameworks": 0}, 0),
        ([], {"check": 0, "usual": 0}, 0),
    ],
)
def test_which_tests_are_run_and_how_they_end(monkeypatch, arguments, codes, expected):
    monkeypatch.syspath_prepend(ROOT / "tools")
    found = importlib.util.spec_from_file_location("tools_test", ROOT / "tools" / "test.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    run = []

    def call(command, **options):
        run.append("check" if "pytest" not in command else "frameworks" if "frameworks" in command else "usual")
        return codes[run[-1]]

    for name in ("check_python", "system_packages", "prepare", "use"):
        monkeypatch.setattr(module.bootstrap, name, lambda *given, **options: None)
    monkeypatch.setattr(module.subprocess, "call", call)
    monkeypatch.setattr(module.sys, "argv", ["test.py", *arguments])
    assert module.main() == expected and set(run) == set(codes)


@pytest.mark.parametrize("stamp", ["", "{", "[]", "3", '{"extras": ["video"]}'])
def test_a_broken_stamp_is_no_stamp(bootstrap, stamp):
    bootstrap.STAMP.write_text(stamp)
    assert not bootstrap.ready({"video"})


def test_another_pyproject_or_python_is_installed_again(bootstrap, monkeypatch):
    bootstrap.STAMP.write_text(json.dumps(bootstrap.wanted({"video"})))
    monkeypatch.setattr(bootstrap.sys, "version_info", (3, 99, 0))
    assert not bootstrap.ready({"video"})


def test_without_root_the_packages_are_named(bootstrap, monkeypatch, capsys):
    monkeypatch.setattr(bootstrap.os, "geteuid", lambda: 1000)
    assert not bootstrap.system_packages(["libegl1", "libgl1"], "OpenGL libraries are missing")
    assert "sudo apt-get install libegl1 libgl1" in capsys.readouterr().err


def test_libraries_that_cannot_be_loaded_are_found(bootstrap, monkeypatch):
    monkeypatch.setattr(bootstrap, "_loads", lambda library: False)
    monkeypatch.setattr(bootstrap, "_has_drivers", lambda: False)
    if sys.platform.startswith("linux"):
        assert bootstrap.missing_libraries() == ["libegl1", "libgl1", "libglx-mesa0", "libfontconfig1", "libgl1-mesa-dri"]
    monkeypatch.setattr(bootstrap, "_loads", lambda library: True)
    monkeypatch.setattr(bootstrap, "_has_drivers", lambda: True)
    assert bootstrap.missing_libraries() == []


def test_an_old_python_goes_on_with_a_newer_one_or_says_so(bootstrap, monkeypatch, capsys):
    monkeypatch.setattr(bootstrap.sys, "version_info", (3, 10, 1))
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: None)
    with pytest.raises(SystemExit) as end:
        bootstrap.check_python()
    assert end.value.code == 3 and "3.11 or newer" in capsys.readouterr().err
    called = []
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: f"/bin/{name}" if name == "python3.12" else None)
    monkeypatch.setattr(bootstrap.subprocess, "call", lambda command: called.append(command) or 7)
    with pytest.raises(SystemExit) as end:
        bootstrap.check_python()
    assert end.value.code == 7 and called[0][0] == "/bin/python3.12"


def test_ci_runs_the_one_command():
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111 and "tools/test.py" in script.read_text()
    assert subprocess.run(["bash", "-n", str(script)]).returncode == 0
