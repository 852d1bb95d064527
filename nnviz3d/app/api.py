"""What `import nnviz3d as nv` offers: run, shot, train. The command line calls the same functions."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nnviz3d.spec import limits
from nnviz3d.spec.errors import InputError, Problem
from nnviz3d.spec.scene import Scene


def _scene(scene: Scene | str | Path) -> tuple[Scene, Path]:
    """A scene and the folder that its file paths are relative to."""
    if isinstance(scene, Scene):
        return scene, Path.cwd()
    from nnviz3d.spec import toml

    path = toml.find(scene)
    return toml.load(path), path.parent


def run(scene: Scene | str | Path = "digits", **options) -> int:
    """Open a window on a scene and return when it is closed. Options as in `nnviz3d.app.run.run_window`."""
    from nnviz3d.app.run import run_window

    return run_window(*_scene(scene), **options)


def train(scene: Scene | str | Path, steps: int | None = None, backend: str = "auto"):
    """Train without a picture and return the finished source: `.loss`, `.evaluate("test")`, `.parameters()`. Raises InputError.

    Up to `steps` (else the scene's, else 1000) steps; the scene's stop conditions may end it earlier.
    """
    from nnviz3d.app import stops
    from nnviz3d.app.session import Session

    document, base = _scene(scene)
    session = Session(document, base, backend)
    wanted = document.train.steps or 1000 if steps is None else steps
    stops.run(session.source, session.source.trainer, document.train, wanted, session.stops)
    return session.source


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
) -> np.ndarray:
    """One still after `step` training steps, or at a place inside the next one (`phase="forward:2@0.5"`): (H, W, 3) uint8.

    The same scene, step and renderer give the same pixels. `size`: up to 16,384 a side. `ssaa`: samples a side of each pixel: 1, 2 or 4.
    `transparent`: (H, W, 4) with straight alpha and no stage. `depth`: 16 gives uint16; 32 float32, linear light before the tone curve,
    without labels, colours multiplied by alpha.

    `ui`: with the panels; without them only the labels are drawn. `neuron`: the picked one. `time`: seconds on the signals' clock.
    Raises InputError, and RunError where there is no OpenGL.
    """
    document, base = _scene(scene)
    more = {"ssaa": ssaa, "transparent": transparent, "depth": depth}
    return take(document, base, size, step=step, phase=phase, ui=ui, camera=camera, backend=backend, neuron=neuron, time=time, **more)


def check_picture(size, ssaa: int, depth: int) -> None:
    """Raises InputError with everything that a picture cannot be, before anything is allocated."""
    problems = []
    sides = tuple(size) if isinstance(size, (tuple, list)) else ()
    if len(sides) != 2 or not all(isinstance(k, (int, np.integer)) and 16 <= k <= limits.IMAGE_SIDE for k in sides):
        problems.append(Problem("", "size", f"expected (width, height), each 16 to {limits.IMAGE_SIDE:,}, found {size!r}"))
    if ssaa not in (1, 2, 4):
        problems.append(Problem("", "ssaa", f"expected 1, 2 or 4 samples a side of each pixel, found {ssaa!r}"))
    if depth not in (8, 16, 32):
        problems.append(Problem("", "depth", f"expected 8, 16 or 32 bits a channel, found {depth!r}"))
    if problems:
        raise InputError(*problems)


def take(
    document: Scene, base: Path, size, *, step, phase, ui, camera, backend, neuron=None, time=1.3, ssaa=1, transparent=False, depth=8
) -> np.ndarray:
    """`shot` for a scene and the folder of its files."""
    check_picture(size, ssaa, depth)
    from nnviz3d.app.session import Session
    from nnviz3d.gfx.hosts import open_host
    from nnviz3d.spec import toml
    from nnviz3d.spec.edit import Edit
    from nnviz3d.spec.phases import Place

    edits = [] if camera is None else [Edit("view.camera", camera)]
    if document.look.quality == "auto":  # a still has time
        edits.append(Edit("look.quality", "high"))
    session = Session(toml.apply(document, edits), base, backend)
    place = None if phase is None else Place.parse(phase, session.source.topology, "--phase")
    host = open_host(16, 16, headless=True)  # the picture is drawn on a canvas
    try:
        from nnviz3d.app.still import draw_still

        session.run(step)
        session.evaluate()
        if place is not None:
            session.start_walk(place)
        more = {"ssaa": ssaa, "transparent": transparent, "depth": depth}
        return draw_still(host, session, ui, time, -1 if neuron is None else neuron, tuple(size), **more)
    finally:
        host.close()


def shot_file(
    scene: Scene,
    base: Path,
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
    from nnviz3d.app import stills

    more = {"ssaa": ssaa, "transparent": transparent, "depth": stills.depth(output, depth)}
    stills.write(take(scene, base, size, step=step, phase=phase, ui=ui, camera=camera, backend=backend, **more), output)
