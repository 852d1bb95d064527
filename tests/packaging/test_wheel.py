"""The built wheel, unpacked into another folder, finds its shaders, scenes and data there and works."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """Built by the build backend itself, so that no network is needed."""
    folder = tmp_path_factory.mktemp("wheel")
    code = f"from hatchling.build import build_wheel; print(build_wheel({str(folder)!r}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder / done.stdout.split()[-1]


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """Runs Python in another folder, with the wheel's own package in front of the checkout's."""
    home = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(home / "site"), str(wheel)]
    done = subprocess.run(pip, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr

    def run(*arguments: str) -> subprocess.CompletedProcess:
        environment = os.environ | {"PYTHONPATH": str(home / "site")}
        return subprocess.run([sys.executable, *arguments], cwd=home, env=environment, capture_output=True, text=True, timeout=100)

    return run


def test_the_wheel_holds_every_file_of_the_checkout(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder, inside in (("shaders", "nnviz3d/_data/shaders"), ("scenes", "nnviz3d/_data/scenes"), ("nnviz3d", "nnviz3d")):
        files = [
            path for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc"
        ]
        missing = [path for path in files if f"{inside}/{path.relative_to(ROOT / folder).as_posix()}" not in names]
        assert files and missing == []
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert "nnviz3d/py.typed" in names  # type checkers read the types of an installed package only where this stands
    assert not [name for name in names if name.startswith(("tests/", "tools/"))]


def test_it_is_the_wheels_own_package_that_runs(installed):
    code = "from nnviz3d.spec import paths as p; print(p.__file__); print(p.resource('shaders')); print(*p.scene_paths())"
    done = installed("-c", code)
    assert done.returncode == 0, done.stderr
    package, shaders, scenes = done.stdout.splitlines()
    assert str(ROOT) not in package and str(ROOT) not in shaders and Path(shaders).is_dir()
    assert scenes.split() == sorted(path.stem for path in (ROOT / "scenes").glob("*.toml"))


def test_it_trains_from_another_folder(installed):
    done = installed("-m", "nnviz3d", "train", "digits", "--steps", "400", "--json", "-q")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["test_accuracy"] > 0.9


@pytest.mark.gl
def test_it_draws_from_another_folder(installed, tmp_path):
    picture = tmp_path / "a.png"
    done = installed("-m", "nnviz3d", "shot", "iris", "-o", str(picture), "--size", "160x120", "--no-ui")
    assert done.returncode == 0, done.stderr
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_the_entry_point_is_the_command_line(wheel):
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith("entry_points.txt"))
        assert "nnviz3d = nnviz3d.__main__:main" in archive.read(name).decode()
