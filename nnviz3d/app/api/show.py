"""`nv.show`: a model of somebody's own, or a file, as a picture or in a window."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from nnviz3d.app.api.scene import open_scene, take
from nnviz3d.app.render.notebook import Still
from nnviz3d.app.session.opening import GIVEN, FileReader, Opened
from nnviz3d.app.training import blas_threads
from nnviz3d.formats.torch import modules
from nnviz3d.sources.shown_module import ShownModule
from nnviz3d.spec import file_kinds
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.scene import Scene

OFF = "NNVIZ3D"  # the variable that switches off all that is called from somebody's own program


@blas_threads.one()
def show(
    model: Any,
    x: Any = None,
    *,
    headless: bool = False,
    size: tuple[int, int] = (1280, 720),
    title: str | None = None,
    batched: bool = True,
    ui: bool = True,
    camera: str | None = None,
    neuron: int | None = None,
    backend: str = "auto",
) -> Still | int:
    """Show a PyTorch model, run once with `x`, or what is in a file; the window is open until it is closed, then its exit code is returned.

    `x`: a tensor, a tuple of arguments, or a dict of named ones; the first of its samples is shown. `batched`: whether its first axis
    counts samples. Of an ONNX file: an array, a list of arrays, a dict by the names of its inputs, or the path of a picture, of arrays or
    of a table; without it, random numbers. A model whose layers nnviz3d knows is shown with its equations; any other one with the values of
    every operation. The model, its random numbers and its buffers are left as they are; where it raises an error, it is shown up to there.

    `headless`: returns a picture instead, (H, W, 3) uint8, drawn as `shot` does. With the environment variable NNVIZ3D=off it does
    nothing and returns 0. Raises InputError.
    """
    if os.environ.get(OFF, "").lower() == "off":
        return 0
    opened = _opened(model, x, title, batched)
    if headless:
        return Still(take(opened, size, step=0, phase=None, ui=ui, camera=camera, backend=backend, neuron=neuron))
    from nnviz3d.app.window.run import run_window

    return run_window(opened, size=size, backend=backend)


def _opened(model: Any, x: Any, title: str | None, batched: bool) -> Opened:
    if isinstance(model, (str, os.PathLike)):
        opened = open_scene(Path(model) if isinstance(model, os.PathLike) else model)
        if x is None:
            return opened
        if not isinstance(opened.model, FileReader) or file_kinds.of(model).name not in GIVEN:
            raise InputError.option("", "x", "is only for models; a file has its own data")
        return replace(opened, model=replace(opened.model, x=x))
    if not modules.is_module(model):
        raise InputError.option("", "model", f"expected a PyTorch module or a file, found {type(model).__name__}")
    if x is None:
        raise InputError.option("", "x", "a model needs x: a tensor, a tuple of arguments, or a dict of named ones")
    args, kwargs = ((), dict(x)) if isinstance(x, Mapping) else (tuple(x) if isinstance(x, (tuple, list)) else (x,), {})
    name = title or type(model).__name__
    return Opened(Scene(title=name[:200]), Path.cwd(), None, model=ShownModule(model, args, kwargs, batched, name))
