"""Each example runs in an empty folder, says what it made, and what it names is there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


def test_there_are_examples():
    assert len(EXAMPLES) >= 10


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
@pytest.mark.gl
def test_an_example_does_what_it_says(path, tmp_path):
    if "torch" in path.stem:
        pytest.importorskip("torch")
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}
    environment |= {"NNVIZ3D": "off"} if "torch" in path.stem else {}  # no window
    done = subprocess.run([sys.executable, str(path)], cwd=tmp_path, capture_output=True, text=True, timeout=110, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    assert not done.stderr.strip(), done.stderr
    for name in re.findall(r"out/[\w.]+", done.stdout):
        assert (tmp_path / name).exists(), name
