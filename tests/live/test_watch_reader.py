"""The example in C is compiled and reads what a loop sends."""

from __future__ import annotations

import json
import shutil
import subprocess

import numpy as np
import pytest

import nnviz3d as nv
from nnviz3d.spec.paths import CHECKOUT

COMPILER = shutil.which("cc") or shutil.which("gcc")


@pytest.mark.skipif(COMPILER is None, reason="needs a C compiler")
def test_frames_are_read_in_c(alone, tmp_path):
    source, program = CHECKOUT / "examples" / "watch_reader.c", tmp_path / "watch_reader"
    assert len(source.read_text().splitlines()) < 70
    subprocess.run([COMPILER, "-Wall", "-Wextra", "-Werror", "-O1", "-o", program, source], check=True)
    params = {"w": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.full(3, 0.5)}
    with nv.watch(every=0, name="c") as view:
        reader = subprocess.Popen([program, view.sink.address.path], stdout=subprocess.PIPE, text=True)
        with view.sink.changed:
            assert view.sink.changed.wait_for(lambda: view.sink.joined, 10)
        for k in range(5):
            view.step(params=params, grads={"w": np.ones((2, 3))}, loss=0.25 * k)
    lines = reader.communicate(timeout=20)[0].splitlines()
    assert reader.returncode == 0
    messages = [(float(line.partition(" ")[0]), json.loads(line.partition(" ")[2])) for line in lines]
    assert [header["kind"] for _, header in messages[:3]] == ["hello", "structure", "frame"] and messages[-1][1]["kind"] == "end"
    frames = [(total, header) for total, header in messages if header["kind"] == "frame"]
    assert max(header["step"] for _, header in frames) == 5 and all(total == 15 + 1.5 + 6 for total, _ in frames)
