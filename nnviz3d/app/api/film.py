"""Films from Python: `nv.record` and `nv.record_training`. The same requests and jobs as of the command line.

No state is kept between calls and nothing of the caller's event loop is touched, so a notebook can call them again after any error.
"""

from __future__ import annotations

import tempfile
from dataclasses import fields, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from nnviz3d.app.api import module_scene
from nnviz3d.app.api.progress_line import Progress, shown
from nnviz3d.app.api.scene import open_scene
from nnviz3d.app.render.film import pipeline
from nnviz3d.app.render.film.frame_renderer import open_session
from nnviz3d.app.render.film.job import check_room, make
from nnviz3d.app.render.film.request import FilmRequest, Size, check_target
from nnviz3d.app.render.notebook import Film
from nnviz3d.app.session.opening import Opened
from nnviz3d.app.training import blas_threads
from nnviz3d.formats.torch import modules
from nnviz3d.gfx.hosts import alone, check_process
from nnviz3d.spec import toml
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.errors import InputError, together
from nnviz3d.spec.scene import Scene


@blas_threads.one()
def record(
    scene: Scene | str | Path,
    path: str | Path,
    *,
    size: Size | None = None,
    fps: float | str | Fraction | None = None,
    duration: float | None = None,
    frames: str | tuple[int, int] | None = None,
    step: int = 1,
    format: str | None = None,
    codec: str | None = None,
    ssaa: int | None = None,
    motion_blur: int | None = None,
    shutter: float | None = None,
    transparent: bool | None = None,
    ui: bool | None = None,
    burn_in: bool | None = None,
    preset: str | None = None,
    overwrite: bool = False,
    resume: bool = False,
    jobs: int | None = None,
    farm: str | None = None,
    progress: Progress = None,
    backend: str = "auto",
) -> Film:
    """Make a film of a scene, a recording (`.nnrec`) or a shipped scene by name; None: as the scene has it.

    `path`: film.mp4, .mkv, .webm, .mov, .gif, .apng, or numbered pictures "film/####.png". `frames`: "A..B" or (A, B), both counted.
    `jobs`: processes of this machine that draw; None: chosen automatically. `farm`: "local:N" or "dask://HOST:PORT". `progress`: a
    function of (done, total) frames, or True/False; None shows a line where somebody looks, in a terminal or a notebook. Other options
    are those of `nnviz3d record`.

    Raises InputError with every problem before any work, RunError where it could not finish; what is finished is kept for `resume`.
    """
    given = locals()
    request = FilmRequest(**{field.name: given[field.name] for field in fields(FilmRequest) if field.name in given})
    opened, *_ = together(lambda: open_scene(scene), request.check, lambda: check_target(Path(path)))
    return _make(opened, Path(path), request, progress, backend)


@blas_threads.one()
def record_training(
    model: Any,
    path: str | Path,
    *,
    data: tuple[Any, Any] | None = None,
    steps: int | None = None,
    learning_rate: float | None = None,
    optimizer: str | None = None,
    batch: int | None = None,
    loss: str | None = None,
    seed: int | None = None,
    duration: float | None = None,
    title: str | None = None,
    **options,
) -> Film:
    """A film of a network that learns, in one call. `options`: as of `record`; `steps` training steps spread over the film, slow first.

    `model`: a scene, a recording's or shipped scene's name, or a PyTorch module (a Sequential, or what `torch.fx` traces) together
    with `data` = (x, y): x (n, inputs), maps (n, C, H, W) or numbers of tokens (n, T), y (n,) classes, (n, outputs) numbers or, of
    tokens, (n, T), arrays or tensors. The film begins with the model's own weights; the model itself stays as it is. None: as the
    scene has it.

    Raises InputError, which names each module that cannot be taken.
    """
    known = {field.name for field in fields(FilmRequest)} - {"shard", "duration"} | {"progress", "backend"}
    if unknown := sorted(set(options) - known):
        raise TypeError(f"record_training() got unexpected options: {', '.join(unknown)}")
    progress, backend = options.pop("progress", None), options.pop("backend", "auto")
    request, target = FilmRequest(duration=duration, **options), Path(path)
    settings = {"learning_rate": learning_rate, "optimizer": optimizer, "batch": batch, "loss": loss, "seed": seed}
    edits = [Edit(f"train.{name}", value) for name, value in settings.items() if value is not None]
    edits += [Edit("record.steps", steps)] if steps is not None else []
    edits += [Edit("title", title)] if title is not None else []
    with tempfile.TemporaryDirectory(prefix="nnviz3d-") as folder:
        (opened, init), *_ = together(lambda: _learner(model, data, Path(folder), loss), request.check, lambda: check_target(target))
        whole = [Edit("record.shot", ())] if opened.scene.record.shot else []
        opened = replace(opened, scene=toml.apply(opened.scene, [*edits, *whole], ""))
        return _make(opened, target, request, progress, backend, init)


def _learner(model: Any, data: Any, folder: Path, loss: str | None) -> tuple[Opened, Path | None]:
    """The scene that learns, and the weights that it begins with; files go into `folder`. Raises InputError."""
    if modules.is_module(model):
        return module_scene.of_model(model, data, folder, loss)
    if data is not None:
        raise InputError.option("", "data", "is only for PyTorch models; a scene has its own")
    return open_scene(model, train=True), None


def _make(opened: Opened, path: Path, request: FilmRequest, progress: Progress, backend: str, init: Path | None = None) -> Film:
    check_process()
    job = make(opened, path, request, backend=backend, init=init)
    check_room(job)
    session = open_session(job)
    with alone(), shown(progress) as advance:
        return Film(path, pipeline.render(job, request, progress=advance, session=session))
