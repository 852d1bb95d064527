"""What `import nnviz3d as nv` offers: the names exist, an editor sees them, and the import itself is light."""

from __future__ import annotations

import ast
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import nnviz3d as nv
from nnviz3d.app.cli.commands.common import Options
from nnviz3d.app.cli.commands.export import export


def test_every_name_is_there_and_is_listed():
    for name in nv.__all__:
        assert getattr(nv, name) is not None and name in dir(nv)
    assert nv.__all__ == sorted(nv.__all__) and set(nv.__all__) == set(nv._HOMES)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        nv.nothing  # noqa: B018


def test_an_editor_sees_the_same_names():
    """The imports under TYPE_CHECKING are the lazy ones."""
    tree = ast.parse(Path(nv.__file__).read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {alias.asname or alias.name: node.module for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert seen == nv._HOMES
    assert (Path(nv.__file__).parent / "py.typed").is_file()


def test_the_import_is_light():
    code = "import sys, nnviz3d; dir(nnviz3d); print([m for m in ('numpy', 'pydantic', 'vispy') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_a_scene_of_the_exported_tables():
    scene = nv.Scene(
        network=nv.Network(layers=(nv.Layer(units=4),)), data=nv.Data(kind="iris"), train=nv.Train(seed=3), look=nv.Look(), view=nv.View(),
        record=nv.Record(shot=(nv.Shot(seconds=1.0, camera=(nv.Key(),)),)),
    )  # fmt: skip
    assert nv.train(scene, 5, backend="cpu").step == 5


def test_export_writes_what_the_command_writes(tmp_path):
    a, b = tmp_path / "a", tmp_path / "b"
    a.mkdir(), b.mkdir()
    for name, language in (("w.safetensors", None), ("s.toml", None), ("n.py", None), ("t.py", "torch")):
        written = nv.export("iris", a / name, step=30, language=language, backend="cpu")
        assert export(Options(backend="cpu", quiet=True), "iris", b / name, weights=None, step=30, language=language, as_json=False) == 0
        assert written[0] == a / name and [path.read_bytes() for path in written] == [(b / path.name).read_bytes() for path in written]
    script = runpy.run_path(str(a / "n.py"))
    assert np.isfinite(script["predict"](script["ROWS"])).all()
    again = nv.export("iris", tmp_path / "x.safetensors", weights=a / "w.safetensors")
    assert again[0].read_bytes() == (a / "w.safetensors").read_bytes()


def test_what_cannot_be_exported_is_said_before_any_work(tmp_path):
    for call, text in [
        (lambda: nv.export("iris", tmp_path / "a.onnx"), "output: expected a name that ends with"),
        (lambda: nv.export("iris", tmp_path / "a.py", language="c"), "language: expected numpy or torch"),
        (lambda: nv.export("iris", tmp_path / "a.toml", language="torch"), "language: is for scripts"),
        (lambda: nv.export("iris", tmp_path / "a.py", weights="w.safetensors", step=3), "weights step: give only one of the two"),
        (lambda: nv.export("iris", tmp_path / "none" / "a.py"), "output: cannot be written: there is no folder"),
    ]:
        with pytest.raises(nv.InputError, match=text):
            call()
    assert not list(tmp_path.iterdir())


@pytest.mark.gl
def test_run_is_the_window_and_needs_none(tmp_path):
    picture = tmp_path / "a.png"
    assert nv.run("xor", headless=True, frames=3, size=(320, 180), backend="cpu", screenshot=picture) == 0
    assert picture.stat().st_size > 1000
    with pytest.raises(nv.InputError, match=r"screenshot: expected a name that ends with"):
        nv.run("xor", headless=True, frames=3, screenshot=tmp_path / "a.svg")
    with pytest.raises(nv.InputError, match=r'^backend: expected auto, cpu or cuda, found "gpu"'):
        nv.run("xor", headless=True, frames=3, backend="gpu")
