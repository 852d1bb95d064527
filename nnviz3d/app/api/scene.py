"""What `import nnviz3d as nv` offers: run, shot, recordings. Films are in `api.film`, training is in `api.training`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nnviz3d.app.render.notebook import Still
from nnviz3d.app.training import blas_threads
from nnviz3d.spec import limits
from nnviz3d.spec.errors import InputError, OptionProblem
from nnviz3d.spec.phases import Place
from nnviz3d.spec.scene import Scene
from nnviz3d.spec.topology import Topology

if TYPE_CHECKING:
    from nnviz3d.app.session.opening import Opened
    from nnviz3d.app.session.session import Session
    from nnviz3d.formats.nnrec.reader import Recording


def open_scene(scene: Scene | str | Path, train: bool = False) -> Opened:
    """A scene, or a recording, and the folder that its file paths are relative to."""
    from nnviz3d.app.session import opening

    return opening.Opened(scene, Path.cwd(), None) if isinstance(scene, Scene) else opening.read(scene, train=train)


@blas_threads.one()
def run(scene: Scene | str | Path = "digits", **options) -> int:
    """Open a window on a scene or a recording and return when it is closed. Options as in `nnviz3d.app.window.run.run_window`."""
    from nnviz3d.app.window.run import run_window

    return run_window(open_scene(scene), **options)


@blas_threads.one()
def shot(
    scene: Scene | str | Path,
    size: tuple[int, int] = (1280, 720),
    *,
    step: int = 0,
    phase: str | None = None,
    ui: bool = False,
    camera: str | None = None,
    backend: str = "auto",
    neuron: int | None = None,
    time: float = 1.3,
    ssaa: int = 1,
    transparent: bool = False,
    depth: int = 8,
) -> Still:
    """One still after `step` training steps, or at a place inside the next one (`phase="forward:2@0.5"`): (H, W, 3) uint8.

    Of a recording: at the last kept step that is not after `step`.
    The same scene, step and renderer give the same pixels. `size`: up to 16,384 a side. `ssaa`: samples a side of each pixel: 1, 2 or 4.
    `transparent`: (H, W, 4) with straight alpha and no stage. `depth`: 16 gives uint16; 32 float32, linear light before the tone curve,
    without labels, colours multiplied by alpha.

    `ui`: with the panels; without them only the labels are drawn. `neuron`: the picked one. `time`: seconds on the signals' clock.
    It is an array in all it does; a notebook shows it as a picture. Raises InputError, and RunError where there is no OpenGL.
    """
    more = {"ssaa": ssaa, "transparent": transparent, "depth": depth}
    more |= {"step": step, "phase": phase, "ui": ui, "camera": camera, "backend": backend, "neuron": neuron, "time": time}
    return Still(take(open_scene(scene), size, **more))


def load_recording(path: str | Path) -> Recording:
    """A recording (.nnrec) to read: `.steps` (K,) the kept ones, `.loss` (S,) of every step, `.parameters(step)` (P,) and
    `.activations(step)` (N,) float32. Mapped, not loaded. Raises InputError."""
    from nnviz3d.formats.nnrec.reader import Recording

    return Recording(path)


def check_picture(size, ssaa: int, depth: int) -> None:
    """Raises InputError with everything that a picture cannot be, before anything is allocated."""
    problems = []
    sides = tuple(size) if isinstance(size, (tuple, list)) else ()
    if len(sides) != 2 or not all(isinstance(k, (int, np.integer)) and 16 <= k <= limits.IMAGE_SIDE for k in sides):
        problems.append(OptionProblem("", "size", f"expected (width, height), each 16 to {limits.IMAGE_SIDE:,}, found {size!r}"))
    if ssaa not in (1, 2, 4):
        problems.append(OptionProblem("", "ssaa", f"expected 1, 2 or 4 samples along each side of a pixel, found {ssaa!r}"))
    if depth not in (8, 16, 32):
        problems.append(OptionProblem("", "depth", f"expected 8, 16 or 32 bits per channel, found {depth!r}"))
    if problems:
        raise InputError(*problems)


def take(
    opened: Opened, size, *, step, phase, ui, camera, backend, neuron=None, time=1.3, ssaa=1, transparent=False, depth=8
) -> np.ndarray:
    """`shot` for what was opened already."""
    check_picture(size, ssaa, depth)
    from nnviz3d.gfx.hosts import alone, check_process
    from nnviz3d.spec import toml
    from nnviz3d.spec.edit import Edit
    from nnviz3d.spec.reasons import RECORDED

    document = opened.scene
    if phase is not None and opened.recording is not None:
        raise InputError.option("", "phase", RECORDED.walk)
    edits = [] if camera is None else [Edit("view.camera", camera)]
    if document.look.quality == "auto":  # a still has time
        edits.append(Edit("look.quality", "high"))
    check_process()
    session = replace(opened, scene=toml.apply(document, edits)).session(backend)
    place = None if phase is None else _place(phase, session.source.topology)
    with alone():
        return _taken(session, size, step, place, ui, time, neuron, ssaa, transparent, depth)


def _place(text: str, topology: Topology) -> Place:
    """The place of `phase`. Raises InputError."""
    try:
        return Place.parse(text, topology)
    except InputError as error:
        raise InputError(*(OptionProblem("", "phase", problem.message) for problem in error.problems)) from None


def _taken(session: Session, size, step, place, ui, time, neuron, ssaa, transparent, depth) -> np.ndarray:
    """One at a time: where there is no OpenGL, that is said before any training."""
    from nnviz3d.gfx.hosts import open_host

    host = open_host(16, 16, headless=True)  # the picture is drawn on a canvas
    try:
        from nnviz3d.app.render.still_render import draw_still

        session.run(step)
        session.evaluate()
        if place is not None:
            session.start_walk(place)
        more = {"ssaa": ssaa, "transparent": transparent, "depth": depth}
        return draw_still(host, session, ui, time, -1 if neuron is None else neuron, tuple(size), **more)
    finally:
        host.close()


def shot_file(
    opened: Opened,
    output: Path,
    *,
    backend: str,
    step: int,
    phase: str | None,
    size: tuple[int, int],
    ui: bool,
    camera: str | None,
    ssaa: int = 1,
    transparent: bool = False,
    depth: int = 8,
) -> None:
    """`nnviz3d shot`: take the picture and write it. `F.exr`: linear light in half floats."""
    from nnviz3d.app.render import image_files

    more = {"ssaa": ssaa, "transparent": transparent, "depth": image_files.depth(output, depth, size, transparent)}
    image_files.write(take(opened, size, step=step, phase=phase, ui=ui, camera=camera, backend=backend, **more), output)
