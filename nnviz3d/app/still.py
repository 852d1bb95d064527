"""One finished picture of a session: every edge choice made anew, no sway, no governor."""

from __future__ import annotations

import numpy as np

from nnviz3d.app import facts
from nnviz3d.app.session import Session
from nnviz3d.app.stage import Stage
from nnviz3d.gfx.hosts import Host
from nnviz3d.spec.readout import Performance
from nnviz3d.ui.overlay import Overlay

OVERLAY_FRAMES = 3  # imgui lays out in the first, knows sizes in the second, and formulas are uploaded by the third


def draw_still(host: Host, session: Session, ui: bool, time: float, picked: int = -1) -> np.ndarray:
    """(H, W, 3) uint8."""
    stage = Stage(host, session)
    overlay = Overlay(host.pixel_ratio * (max(host.size[1] / 1080, 1.0)))
    overlay.memory.hint = False
    try:
        stage.time, stage.text = time, overlay.scale
        stage.pick(picked)
        for _ in range(OVERLAY_FRAMES):
            stage.draw(0.0, pose=stage.rig.pose, exact=True)
            plane, moment = stage.responses.reading(session.source), stage.moment()
            shown = {"plane": plane, "moment": moment, "beside": stage.beside}
            readout = facts.readout(session, stage.labels(), stage.edges, Performance(), picked, **shown)
            host.begin_overlay(1 / 60)
            overlay.draw(session.scene, readout, host.display_size, 1 / 60, compact=not ui)
            if overlay.panel_width:
                stage.set_panels(overlay.panel_width / host.display_size[0])
                stage.rig.jump(stage.rig.goal)
            host.end_overlay()
            host.present()
        return host.read()
    finally:
        stage.close()
