"""Films from Python: `nv.record`, `nv.Recorder`, `nv.record_training`. The same jobs as of the command line, with its checks.

No state is kept between calls and nothing of the caller's event loop is touched, so a notebook can call them again after any error.
"""

from __future__ import annotations

import inspect
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from nnviz3d.app.render.notebook import Film, Still
from nnviz3d.app.session.opening import Opened
from nnviz3d.app.training import blas_threads
from nnviz3d.engine.data.targets import one_hot
from nnviz3d.engine.objective import NATURAL
from nnviz3d.spec import toml
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.errors import InputError, Problem
from nnviz3d.spec.scene import Data, Scene

Size = tuple[int, int] | str
Progress = Callable[[int, int], None] | bool | None
WISHES = ("fps", "duration", "step", "ssaa", "motion_blur", "shutter", "transparent", "ui", "burn_in", "preset")
NAMES = {  # of losses, in words
    "mse": "the mean squared error (loss mse)", "half_mse": "half the squared error (loss half_mse)",
    "huber": "the Huber loss (loss huber)", "bce": "binary cross-entropy (loss bce)", "cross_entropy": "cross-entropy (loss cross_entropy)",
}  # fmt: skip
KINDS = {8: "png", 16: "png16", 32: "exr"}  # bits a channel: the codec that asks for such frames


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
    `jobs`: processes of this machine that draw; None: as many as are soonest done. `farm`: "local:N" or "dask://HOST:PORT". `progress`: a
    function of (done, total) frames, or True/False; None shows a line where somebody looks, in a terminal or a notebook. Other options
    are those of `nnviz3d record`.

    Raises InputError with every problem before any work, RunError where it could not finish; what is finished is kept for `resume`.
    """
    with _told():
        wish = _wish(locals())
        return _make(_opened(scene), Path(path), wish, overwrite, resume, jobs, farm, progress, backend)


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

    `model`: a scene, a recording's or shipped scene's name, or a PyTorch `nn.Sequential` of Linear layers and activations together
    with `data` = (x, y): x (n, inputs) or pictures (n, H, W), y (n,) classes or (n, outputs) numbers, arrays or tensors. The film
    begins with the model's own weights; the model itself stays as it is. None: as the scene has it.

    Raises InputError, which names each module that cannot be taken.
    """
    from nnviz3d.formats import modules

    settings = {"learning_rate": learning_rate, "optimizer": optimizer, "batch": batch, "loss": loss, "seed": seed}
    with _told(), tempfile.TemporaryDirectory(prefix="nnviz3d-") as folder:
        init = None
        if modules.is_module(model):
            opened, init = _of_model(model, data, Path(folder), loss)
        elif data is not None:
            raise InputError.of("", "data", "goes with a PyTorch model; a scene names its own")
        else:
            opened = _opened(model, train=True)
        edits = [Edit(f"train.{name}", value) for name, value in settings.items() if value is not None]
        edits += [Edit("record.shot", ())] if opened.scene.record.shot else []
        edits += [Edit("record.steps", steps)] if steps is not None else []
        edits += [Edit("title", title)] if title is not None else []
        opened = replace(opened, scene=toml.apply(opened.scene, edits))
        known = inspect.unwrap(record).__kwdefaults__
        if unknown := sorted(set(options) - set(known)):
            raise TypeError(f"record_training() got unexpected options: {', '.join(unknown)}")
        options = known | options | {"duration": duration}
        working = {name: options.pop(name) for name in ("overwrite", "resume", "jobs", "farm", "progress", "backend")}
        return _make(opened, Path(path), _wish(options), init=init, **working)


class Recorder:
    """Frames of a film as arrays: `with nv.Recorder("digits", size=(640, 360)) as film: image = film.frame()`.

    `len(film)` frames, `fps`, `seconds`; iterating gives all of them. (H, W, 3) uint8, or (H, W, 4) where `transparent`. `depth`: 16 gives
    uint16, 32 float32 in linear light. Options as of `nv.record`. Raises InputError here, RunError without OpenGL.
    """

    def __init__(self, scene: Scene | str | Path, *, size: Size | None = None, depth: int = 8, backend: str = "auto", **options):
        from nnviz3d.app.cli.commands.record import edited
        from nnviz3d.app.render.film.frame_renderer import open_session
        from nnviz3d.app.render.film.job import Job

        if unknown := sorted(set(options) - set(WISHES) | ({"step"} & set(options))):
            raise TypeError(f"Recorder() got unexpected options: {', '.join(unknown)}")
        with _told():
            if depth not in KINDS:
                raise InputError.of("", "depth", f"expected 8, 16 or 32 bits a channel, found {depth!r}")
            opened, wish = _opened(scene), _wish(options | {"size": size})
            document, seconds = edited(opened.scene, wish.edits(), wish)
            if document.look.quality == "auto":  # as in a film
                document = toml.apply(document, [Edit("look.quality", "high")])
            count = max(document.record.frames(document.record.seconds if seconds is None else seconds), 1)
            origin = opened.recording and opened.recording.path
            format = "exr" if depth == 32 else "png"
            self._job = Job(document, opened.base, Path("frames"), format, KINDS[depth], 0, 1, count, backend, origin)
            self._session = open_session(self._job)
        self._painter, self._next = None, 0

    def __len__(self) -> int:
        return self._job.count

    @property
    def fps(self) -> int | Fraction:
        rate = self._job.scene.record.rate
        return rate.numerator if rate.denominator == 1 else rate

    @property
    def seconds(self) -> float:
        return float(len(self) / self.fps)

    @property
    def size(self) -> tuple[int, int]:
        return self._job.scene.record.width, self._job.scene.record.height

    @blas_threads.one()
    def frame(self, k: int | None = None) -> Still:
        """Frame `k`, or the next one. Going back begins the training again. Raises IndexError outside the film."""
        k = self._next if k is None else k
        if not 0 <= k < len(self):
            raise IndexError(f"frame {k} is not in the film, which has {len(self)}")
        if self._painter is not None and k < self._next:
            self.close()
        if self._painter is None:
            from nnviz3d.app.render.film.frame_renderer import Painter

            self._painter, self._session = Painter(self._job, self._session), None
        self._painter.host.make_current()  # there may be others in the meantime: a still, another film
        self._next = k + 1
        try:
            return Still(self._painter.frame(k))
        except BaseException:
            self.close()
            raise

    def __iter__(self) -> Iterator[Still]:
        return (self.frame(k) for k in range(len(self)))

    def close(self) -> None:
        """Give back what it holds; a frame that is asked for later begins again."""
        if self._painter is not None:
            painter, self._painter = self._painter, None
            painter.host.make_current()
            painter.close()
        self._next = 0

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *_) -> None:
        self.close()


# ---------------------------------------------------------------- jobs


def _opened(scene: Scene | str | Path, train: bool = False) -> Opened:
    from nnviz3d.app.session import opening

    return opening.Opened(scene, Path.cwd(), None) if isinstance(scene, Scene) else opening.read(scene, train=train)


def _wish(given: dict):
    """The command line's wishes from options of Python. Raises InputError."""
    from nnviz3d.app.cli.commands.record import Wish

    size, frames = given.get("size"), given.get("frames")
    if isinstance(size, (tuple, list)) and len(size) == 2:
        size = f"{size[0]}x{size[1]}"
    elif size is not None and not isinstance(size, str):
        raise InputError.of("", "size", f'expected (width, height) or "1280x720", found {size!r}')
    if isinstance(frames, (tuple, list)) and len(frames) == 2:
        frames = f"{frames[0]}..{frames[1]}"
    elif frames is not None and not isinstance(frames, str):
        raise InputError.of("", "frames", f'expected (first, last) or "A..B", found {frames!r}')
    for name in ("duration", "shutter"):
        if not isinstance(given.get(name), (int, float, type(None))):
            raise InputError.of("", name, f"expected a number, found {given[name]!r}")
    rest = {name: given[name] for name in WISHES if given.get(name) is not None}
    return Wish(size=size, frames=frames or "", format=given.get("format") or "", codec=given.get("codec") or "", **rest)


def _make(opened: Opened, path: Path, wish, overwrite, resume, jobs, farm, progress, backend, init: Path | None = None) -> Film:
    from nnviz3d.app.cli.commands import common
    from nnviz3d.app.cli.commands.record import check_target, check_ways, job_for
    from nnviz3d.app.render.film import dask_cluster, pipeline
    from nnviz3d.app.render.film import dask_farm as farms
    from nnviz3d.app.render.film import job as film
    from nnviz3d.app.render.film.frame_renderer import open_session
    from nnviz3d.gfx.hosts import alone, check_process

    check_process()
    where, edits, *_ = common.together(
        lambda: farm and dask_cluster.parse(farm),
        wish.edits,
        lambda: check_target(path),
        lambda: check_ways(resume, overwrite, None, farm, jobs),
    )
    job = job_for(opened, edits, path, wish, backend, init)
    film.check_room(job)
    session, how = open_session(job), {"resume": resume, "overwrite": overwrite}
    with alone(), _shown(progress) as advance:
        if where:
            told = farms.record(job, where, **how, progress=advance)
        else:
            told = pipeline.record(job, **how, progress=advance, session=session, jobs=jobs)
    return Film(path, told)


def _of_model(model: Any, data: Any, folder: Path, loss: str | None) -> tuple[Opened, Path]:
    """A scene of the model and its data, in files of `folder`, and the weights that it begins with. Raises InputError."""
    from nnviz3d.engine import data as sets
    from nnviz3d.formats import modules, weights

    problems: list[Problem] = []
    taken = arrays = None
    try:
        taken = modules.take(model)
    except InputError as error:
        problems += error.problems
    try:
        arrays = _arrays(data)
    except InputError as error:
        problems += error.problems
    if problems:
        raise InputError(*problems)
    x, y = arrays
    network = taken.network
    task, loss, y, told = _task(taken, y, loss)
    sys.stderr.write(f"{told}\n")
    np.savez(folder / "data.npz", x=x, t=y)
    kind = Data(kind="npz", file="data.npz", task=task, standardize_target="no")
    found = sets.load(kind, folder)
    if found.x_train.shape[1] != taken.inputs:
        problems.append(Problem("data", "x", f"{found.x_train.shape[1]:,} numbers a sample, the model takes {taken.inputs:,}"))
    if found.n_outputs != taken.outputs:
        what = "classes" if found.task == "classification" else "numbers a sample"
        problems.append(Problem("data", "y", f"{found.n_outputs:,} {what}, the model gives {taken.outputs:,}"))
    if problems:
        raise InputError(*problems)
    scene = Scene(title="A PyTorch model", about=f"{told[:1].upper()}{told[1:]}.", network=network, data=kind)
    scene = toml.apply(scene, [Edit("train.loss", loss)] if loss else [])
    weights.save(folder / "first.safetensors", taken.weights, scene)
    return Opened(scene, folder, None), folder / "first.safetensors"


def _task(taken, y: np.ndarray, loss: str | None) -> tuple[str, str | None, np.ndarray, str]:
    """(task, loss, targets, words): what the shapes of model and targets mean. Raises InputError for a loss that cannot be."""
    bounded = taken.network.output.activation == "sigmoid"
    if taken.outputs == 1 and _rows(y) == 1:
        values = np.unique(y)
        two = len(values) == 2 and (y.dtype.kind in "bU" or values.tolist() == [0, 1])
        if loss == "cross_entropy":
            raise InputError.of("data", "loss", 'cross_entropy compares several outputs, and the model gives one; use loss="bce"')
        if two and taken.network.output.activation in ("auto", "linear", "sigmoid") and loss in (None, "auto", "bce"):
            names = "" if y.dtype.kind != "U" else f" (0 is {values[0]}, 1 is {values[1]})"
            y = (y == values[1]).astype(np.float32)
            return "regression", "bce", y, f"two classes by a single logit{names}, trained with binary cross-entropy (loss bce)"
        if bounded or loss == "bce":
            return "regression", loss or "bce", y, f"one number by a sigmoid, trained with {NAMES[loss or 'bce']}"
    elif taken.outputs > 1 and one_hot(y) and y.shape[1] == taken.outputs:
        y = y.argmax(axis=1)
        many = f"{taken.outputs:,} classes from one-hot targets"
        return "classification", loss, y, f"{many}, trained with {_named(taken, loss, True)}"
    classes = taken.outputs > 1 and _rows(y) == 1
    what = f"{taken.outputs:,} classes" if classes else "one number" if taken.outputs == 1 else f"{taken.outputs:,} numbers"
    return "classification" if classes else "regression", loss, y, f"{what}, trained with {_named(taken, loss, classes)}"


def _named(taken, loss: str | None, classes: bool) -> str:
    """The loss that is trained with, as `engine.objective.resolve` takes it, in words."""
    output = taken.network.output.activation
    if loss in (None, "auto"):
        loss = NATURAL.get("softmax" if output == "auto" else output, "mse") if classes else "mse"
    return NAMES.get(loss, loss)


def _rows(y: np.ndarray) -> int:
    """Numbers a sample."""
    return 1 if y.ndim == 1 else y.shape[1]


def _arrays(data: Any) -> tuple[np.ndarray, np.ndarray]:
    if not isinstance(data, (tuple, list)) or len(data) != 2:
        raise InputError.of("", "data", "a model needs data=(x, y): its samples and what they should give")
    arrays, problems = [], []
    for name, values in zip("xy", data, strict=True):
        values = values.detach().cpu().numpy() if hasattr(values, "detach") else np.asarray(values)
        arrays.append(values)
        if values.dtype.kind not in ("biuf" if name == "x" else "biufU") or not (
            2 <= values.ndim <= 4 if name == "x" else 1 <= values.ndim <= 2
        ):
            told = f"expected numbers in rows, one a sample, found {values.dtype} of shape {values.shape}"
            problems.append(Problem("data", name, told))
    if not problems and len(arrays[0]) != len(arrays[1]):
        problems.append(Problem("data", "", f"{len(arrays[0]):,} samples in x, {len(arrays[1]):,} in y"))
    if problems:
        raise InputError(*problems)
    return arrays[0], arrays[1]


# ---------------------------------------------------------------- what people see


@contextmanager
def _told() -> Iterator[None]:
    """Problems speak of options of the command line; here they are arguments."""
    try:
        yield
    except InputError as error:
        told = ((p.where.removeprefix("--set"), _argument(p.key), _argument(p.message)) for p in error.problems)
        raise InputError(*(Problem(*each) for each in told)) from None


def _argument(text: str) -> str:
    text = re.sub(r"--(overwrite|resume)\b", r"\1=True", text)
    return re.sub(r"--([a-z]+(?:-[a-z]+)*)", lambda found: found[1].replace("-", "_"), text)


@contextmanager
def _shown(progress: Progress) -> Iterator[Callable[[int, int], None]]:
    """A line with rate and time left, written over itself: terminals and notebooks both can do that."""
    if callable(progress):
        yield progress
        return
    if progress is False or (progress is None and not (sys.stderr.isatty() or "ipykernel" in sys.modules)):
        yield lambda done, total: None
        return
    began, last, first = time.monotonic(), 0.0, None

    def advance(done: int, total: int) -> None:
        nonlocal last, first
        now = time.monotonic()
        first = (now, done) if first is None else first
        if now - last < 0.3 and done < total:
            return
        last = now
        rate = (done - first[1]) / (now - first[0]) if now > first[0] else 0.0
        left = f", {rate:.1f} a second, {(total - done) / rate:,.0f} s left" if rate else ""
        sys.stderr.write(f"\r{done:,} of {total:,} frames{left}".ljust(70))
        sys.stderr.flush()

    try:
        yield advance
    finally:
        if first:
            sys.stderr.write(f"\r{time.monotonic() - began:,.1f} s".ljust(70) + "\n")
