"""Choosing a backend says which and why; what cannot work says so and how to go on."""

from __future__ import annotations

import subprocess
import sys
from importlib import util
from pathlib import Path

import numpy as np
import pytest

from nnviz3d.backend import choose
from nnviz3d.backend.interop import InteropUnavailable, MappedBuffer
from nnviz3d.spec.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
without_cupy = pytest.mark.skipif(util.find_spec("cupy") is not None, reason="cupy is installed here")


def test_cpu():
    ops = choose("cpu")
    assert (ops.name, ops.xp, ops.dtype) == ("cpu", np, np.float32)
    assert "as requested" in ops.why


def test_auto_always_gives_a_backend_and_a_reason():
    ops = choose("auto")
    assert ops.name in ("cpu", "cuda")
    assert ops.why
    assert "\n" not in ops.why


@without_cupy
def test_without_cupy():
    assert "cupy, which is not installed" in choose("auto").why
    with pytest.raises(InputError, match=r"cupy, which is not installed.*choose auto or cpu"):
        choose("cuda")
    with pytest.raises(InteropUnavailable, match="cupy"):
        MappedBuffer(1, 4)


def test_unknown_name_and_float64_on_cuda():
    with pytest.raises(InputError, match="auto, cpu or cuda"):
        choose("metal")
    with pytest.raises(InputError, match="float32"):
        choose("cuda", dtype="float64")
    assert choose("auto", dtype="float64").dtype == np.float64


def test_importing_numpy_backend_and_engine_imports_no_cupy():
    code = "import sys, nnviz3d.backend, nnviz3d.sources.own; assert not {'cupy', 'OpenGL', 'torch'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60)


@without_cupy
def test_gpu_report_without_a_gpu(tmp_path):
    command = [sys.executable, str(ROOT / "tools" / "gpu_report.py"), "--out", str(tmp_path / "r")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 3
    assert "no GPU report" in done.stderr
    assert not (tmp_path / "r").exists()
