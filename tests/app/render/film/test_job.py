"""Where a film's sidecar and its pieces stand, for every way to name numbered pictures."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from nnviz3d.app.render.film.job import sidecar
from nnviz3d.video.codecs import CODECS, Kind


@pytest.mark.parametrize(
    ("target", "beside"),
    [
        ("####.png", "frames.json"),
        ("../####.png", "../frames.json"),
        ("_##.png", "frames.json"),
        ("frames/####.png", "frames.json"),
        ("out/film-%05d.png", "out/film.json"),
        ("out/####.png", "out.json"),
        ("/####.png", "/frames.json"),
        ("frames", "frames.json"),
    ],
)
def test_numbered_pictures_have_a_sidecar(target, beside):
    assert sidecar(Path(target), Kind("png", CODECS["png"])) == Path(beside)


@pytest.mark.gl
def test_pictures_may_lie_in_the_present_folder(tmp_path):
    words = ["record", "xor", "-o", "####.png", "--size", "64x48", "--fps", "10", "--duration", "0.2", "-q"]
    done = subprocess.run([sys.executable, "-m", "nnviz3d", *words], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0000.png", "0001.png", "frames.json"]
    assert json.loads((tmp_path / "frames.json").read_text())["count"] == 2
