"""Scripts of networks of sequences, in numpy and PyTorch: the same outputs as the engine's, for every form of position and mask."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from nnviz3d.formats import script_export
from tests.layers.test_tokens import FORMS, IDS, ROWS, T, V, first, passed, topology_of


def module(tmp_path, form, causal, language):
    """The script as a module, and what the engine says of the same rows."""
    from nnviz3d.backend.numpy_ops import NumpyOps

    topology = topology_of(form=form, causal=causal)
    p = first(topology)
    recipe = script_export.Recipe(topology, "w.npz" if language == "numpy" else "w.safetensors", IDS.astype(float).tolist(), ["?"] * ROWS)
    path = tmp_path / "script.py"
    path.write_text(script_export.write(recipe, language), encoding="utf-8")
    named = {name: np.array(r.view(p), np.float32) for name, r in topology.parameter_ranges.items()}
    if language == "numpy":
        (tmp_path / "w.npz").write_bytes(script_export.npz(named))
    else:
        from safetensors.numpy import save_file

        save_file(named, tmp_path / "w.safetensors")
    for name, r in topology.parameter_ranges.items():
        r.view(p)[...] = named[name]
    names = {"__file__": str(path), "__name__": "script"}
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), names)
    return names, passed(NumpyOps("float64"), topology, p).outputs(), path


@pytest.mark.parametrize(("form", "causal"), FORMS)
def test_numpy_says_what_the_engine_says(tmp_path, form, causal):
    names, expected, path = module(tmp_path, form, causal, "numpy")
    np.testing.assert_allclose(names["predict"](IDS), expected, rtol=1e-9, atol=1e-12)
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, check=True)
    said = [line.split("   (")[0].split() for line in done.stdout.splitlines()]
    assert said == [["abcde"[k] for k in row] for row in expected.reshape(ROWS, T, V).argmax(2)]


@pytest.mark.frameworks
@pytest.mark.parametrize(("form", "causal"), FORMS)
def test_pytorch_says_what_the_engine_says(tmp_path, form, causal):
    torch = pytest.importorskip("torch")
    names, expected, _ = module(tmp_path, form, causal, "torch")
    try:
        np.testing.assert_allclose(names["predict"](IDS.astype(float).tolist()).numpy(), expected, rtol=1e-6, atol=1e-9)
    finally:
        torch.set_default_dtype(torch.float32)  # the script asks for more digits
