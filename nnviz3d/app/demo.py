"""The main job without a display: a film of the scene's network learning, and a still of the trained one."""

from __future__ import annotations

from math import pi, radians, sin
from pathlib import Path

from nnviz3d.draw import camera
from nnviz3d.spec import toml
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.readout import Performance
from nnviz3d.spec.scene import Scene

SAMPLES_A_FILM = 5  # how many samples of the test set are shown one after the other
SLOW_FIRST = 2.4  # steps rise with this power of time: most of what there is to see happens in the first steps


def make(scene: Scene, base: Path, folder: Path, *, backend: str = "auto", progress=lambda done, total: None) -> dict:
    """Write `demo.mp4` and `demo.png` into `folder` (made if need be). Returns step, loss, accuracy and the paths.

    `progress(done, total)` is called after every frame. Raises InputError before any work where the folder cannot be written.
    """
    from nnviz3d.app import stills
    from nnviz3d.app.session import Session
    from nnviz3d.gfx.hosts import open_host
    from nnviz3d.record.film import Film

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError.of(str(folder), "", f"cannot be made: {error.strerror}") from None
    session = Session(toml.apply(scene, [Edit("look.quality", "high")]), base, backend)
    record = scene.record
    size = (record.width // 2 * 2, record.height // 2 * 2)
    host = open_host(*size, headless=True)
    try:
        from nnviz3d.app.still import draw_still  # needs OpenGL; the host has said so in words where there is none

        with Film(folder / "demo.mp4", size, record.fps) as film:
            for image in frames(session, host, progress):
                film.add(image)
        session.evaluate(limit=100_000)
        stills.write(draw_still(host, session, ui=False, time=record.duration), folder / "demo.png")
    finally:
        host.close()
    return {
        "step": session.source.step,
        "loss": float(session.source.loss),
        "test_accuracy": session.scores.test_accuracy,
        "film": str(folder / "demo.mp4"),
        "still": str(folder / "demo.png"),
    }


def frames(session, host, progress=lambda done, total: None):
    """The pictures of the film, (H, W, 3) uint8, one by one."""
    from nnviz3d.app import facts
    from nnviz3d.app.stage import Stage
    from nnviz3d.ui.overlay import Overlay

    record = session.scene.record
    total = max(round(record.duration * record.fps), 1)
    stage, overlay = Stage(host, session), Overlay(host.size[1] / 640)
    start = stage.rig.pose
    session.running = True
    try:
        for k in range(total):
            share = k / max(total - 1, 1)
            wanted = round(record.steps * share**SLOW_FIRST)
            session.run_to(wanted)
            if k % max(total // 60, 1) == 0 or k == total - 1:
                session.evaluate(limit=100_000)
            session.point_at(session.scene.view.sample + int(share * 0.999 * SAMPLES_A_FILM))
            pose = _travel(stage, start, share, record.turn)
            stage.draw(1 / record.fps, pose=pose, exact=True)
            readout = facts.readout(session, stage.labels(), stage.edges, Performance(), beside=stage.beside)
            for _ in range(2 if k == 0 else 1):  # imgui needs a frame to learn sizes
                if k == 0:
                    stage.draw(0.0, pose=pose, exact=True)
                host.begin_overlay(1 / record.fps)
                overlay.draw(session.scene, readout, host.display_size, 1 / record.fps, compact=True)
                host.end_overlay()
            host.present()
            yield host.read()
            progress(k + 1, total)
    finally:
        stage.close()


def _travel(stage, start: camera.Pose, share: float, turn: float) -> camera.Pose:
    """A slow sweep around the network that starts and ends at rest, with all of it in the frame at every moment."""
    yaw = start.yaw + radians(turn) * (camera.ease(share) - 0.5)
    return camera.fit(stage.layout, yaw, start.pitch + radians(4) * sin(pi * share), stage.aspect)
