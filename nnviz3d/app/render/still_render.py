"""Finished pictures: of a session (every edge choice made again, no sway, no governor), and of what a window shows, at any size."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nnviz3d.app.readout import build
from nnviz3d.app.session.session import Session
from nnviz3d.app.view.stage import Stage
from nnviz3d.draw.offscreen import ROUNDS, Canvas
from nnviz3d.draw.quality import NAMED
from nnviz3d.gfx.hosts import Host
from nnviz3d.gfx.overlay import ImguiFrame
from nnviz3d.ui.overlay import Overlay


def draw_still(
    host: Host, session: Session, ui: bool, time: float, picked: int = -1, size: tuple[int, int] | None = None, **options
) -> np.ndarray:
    """(H, W, 3), or (H, W, 4) where `transparent`. `size`: the host's, or any other; `options` as of `Canvas`."""
    canvas = Canvas(host, size or host.size, **options)
    stage = Stage(canvas, session)
    lines = canvas.size[1]
    # without panels a small picture has small letters, or the names of ten outputs find no room
    overlay = Overlay(lines / 1080 if lines > 1080 else 1.0 if ui else min(max(lines / 640, 0.7), 1.0))
    overlay.memory.hint = False
    transparent = canvas.transparent
    try:
        stage.time, stage.viewport.text = time, overlay.scale
        stage.pointer.pick(picked)

        def draw_overlay() -> None:
            readout = build.readout(session, stage.reading())
            overlay.draw(session.scene, readout, canvas.display_size, 1 / 60, compact=not ui)

        session.refresh()
        for _ in range(ROUNDS - 1):  # how wide the panels are is known when they have been laid out
            stage.prepare(0.0, stage.camera.rig.pose, exact=True, transparent=transparent)
            canvas.rehearse(draw_overlay)
            if overlay.free.right:
                stage.camera.make_way(overlay.free)
                stage.camera.rig.jump(stage.camera.rig.goal)
        stage.prepare(0.0, stage.camera.rig.pose, exact=True, transparent=transparent)
        canvas.begin()
        canvas.add(stage)
        return canvas.finish(draw_overlay, rounds=1)
    finally:
        stage.close()
        canvas.close()


def draw_enlarged(host: Host, stage: Stage, scale: float, size: tuple[int, int]) -> np.ndarray:
    """What a window shows, as (H, W, 3) uint8 of another size: the same camera, labels and no panels. `scale`: of the window's overlay.

    Panels push the picture aside; without them it stands in the middle. An automatic quality is high here: a still has time.
    """
    session, (_subject, frame) = stage.session, stage.shown()[0]
    imgui = ImguiFrame()  # of its own: what the window's knows of sizes, places and the mouse stays as it is
    canvas = Canvas(host, size, imgui=imgui)
    try:
        overlay = Overlay(scale * size[0] / max(host.display_size[0], 1))
        overlay.memory.hint, canvas.pixel_ratio = False, overlay.scale
        level = NAMED["high"] if session.scene.look.quality == "auto" else None
        with stage.on(canvas, overlay.scale):
            session.refresh()
            stage.prepare(0.0, replace(frame.pose, shift=(0.0, frame.pose.shift[1])), exact=True, level=level)
            readout = build.readout(session, stage.reading())
            canvas.begin()
            canvas.add(stage)
            return canvas.finish(lambda: overlay.draw(session.shown_scene, readout, size, 1 / 60, compact=True))
    finally:
        canvas.close()
        imgui.close()
        host.make_current()
