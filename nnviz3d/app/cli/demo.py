"""The main job without a display: a film of the scene's network learning, and a still of the trained one."""

from __future__ import annotations

from pathlib import Path

from nnviz3d.spec import toml
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.scene import Scene


def make(scene: Scene, base: Path, folder: Path, *, backend: str = "auto", progress=lambda done, total: None) -> dict:
    """Write `demo.mp4`, its sidecar and `demo.png` into `folder` (made if need be). Returns step, loss, accuracy and the paths.

    `progress(done, total)` is called after every frame. Raises InputError before any work where the folder cannot be written.
    """
    from nnviz3d.app.render import image_files
    from nnviz3d.app.render.film import job, pipeline
    from nnviz3d.app.render.film.frame_renderer import open_session
    from nnviz3d.app.render.film.request import FilmRequest
    from nnviz3d.app.render.still_render import draw_still
    from nnviz3d.app.session.opening import Opened
    from nnviz3d.gfx.hosts import open_host

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError.of(str(folder), "", f"cannot be made: {error.strerror}") from None
    record = scene.record
    size = record.width // 2 * 2, record.height // 2 * 2  # H.264 wants even sides
    scene = toml.apply(scene, [Edit("record.width", size[0]), Edit("record.height", size[1])])
    film = job.make(Opened(scene, base, None), folder / "demo.mp4", FilmRequest(), backend=backend)
    session = open_session(film)
    pipeline.record(film, overwrite=True, progress=progress, session=session)
    session.leave_walk()
    session.running = False
    if not record.shot:  # the last frame begins a little before the end
        session.run_to(record.begin + record.steps)
    session.evaluate()
    host = open_host(*size, headless=True)
    try:
        image_files.write(draw_still(host, session, ui=False, time=record.seconds), folder / "demo.png")
    finally:
        host.close()
    return {
        "step": session.source.step,
        "loss": float(session.source.loss),
        "test_accuracy": session.scores.test_accuracy,
        "test_rows": session.scores.test.rows if session.scores.test else 0,
        "film": str(folder / "demo.mp4"),
        "still": str(folder / "demo.png"),
    }
