"""`run --headless` and `shot` through the console script: files of the right kind and size, statistics, exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

COMMAND = str(Path(sys.executable).parent / "nnviz3d")
pytestmark = pytest.mark.gl


def nnviz3d(folder: Path, *arguments) -> subprocess.CompletedProcess:
    return subprocess.run([COMMAND, *map(str, arguments)], cwd=folder, capture_output=True, text=True, timeout=100)


def picture(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def test_a_shot_has_its_size_and_something_on_it(tmp_path):
    done = nnviz3d(tmp_path, "shot", "iris", "-o", "a.png", "--size", "320x180", "--step", 50, "--no-ui", "-q")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    drawn = picture(tmp_path / "a.png")
    assert drawn.shape == (180, 320, 3) and drawn.max() > 150 and np.median(drawn) < 60


def test_two_shots_of_one_moment_are_the_same_picture(tmp_path):
    for name in ("a.png", "b.png"):
        nnviz3d(tmp_path, "shot", "xor", "-o", name, "--size", "160x120", "--step", 20, "--no-ui")
    np.testing.assert_array_equal(picture(tmp_path / "a.png"), picture(tmp_path / "b.png"))


def test_the_overlay_and_the_camera_change_the_picture(tmp_path):
    for name, more in (("plain", ["--no-ui"]), ("ui", ["--ui"]), ("top", ["--no-ui", "--camera", "top"])):
        assert nnviz3d(tmp_path, "shot", "iris", "-o", f"{name}.png", "--size", "640x360", *more).returncode == 0
    plain = picture(tmp_path / "plain.png").astype(int)
    for name in ("ui", "top"):
        assert np.abs(picture(tmp_path / f"{name}.png") - plain).mean() > 1, name


def test_run_without_a_window_leaves_a_picture_and_statistics(tmp_path):
    words = ("--headless", "--frames", 5, "--size", "320x180", "--screenshot", "a.png", "--stats", "s.json")
    done = nnviz3d(tmp_path, "run", "iris", *words)
    assert done.returncode == 0, done.stderr
    assert picture(tmp_path / "a.png").shape == (180, 320, 3)
    assert "p50" in json.dumps(json.loads((tmp_path / "s.json").read_text()))


def test_the_picture_of_a_run_has_the_panels(tmp_path):
    words = ("--headless", "--frames", 5, "--size", "900x600")
    assert nnviz3d(tmp_path, "run", "iris", *words, "--screenshot", "a.png").returncode == 0
    panel = picture(tmp_path / "a.png")[:, 640:].astype(int)
    assert (panel.max(2) > 200).mean() > 0.003, "letters on the dock"
