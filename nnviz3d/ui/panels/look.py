"""Look: which number the edges show, and how the stage is drawn. Nothing here touches the network."""

from __future__ import annotations

from imgui_bundle import icons_fontawesome_6 as fa

from nnviz3d.spec.commands import CAMERAS
from nnviz3d.spec.scene import Quality, Quantity
from nnviz3d.ui.core.choices import words
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.strings import QUANTITIES
from nnviz3d.ui.core.widgets import choice, integer, slider, toggle

TITLE, ICON, HINT, OPEN = "Look", fa.ICON_FA_PALETTE, "How it is drawn.", False
_CAMERA_NAMES = {"three_quarter": "three-quarter"}


def draw(f: Frame) -> None:
    look, view = f.scene.look, f.scene.view
    choice(f, "look.edges", look.edges, words(Quantity), QUANTITIES)
    choice(f, "look.scale", look.scale, ("local", "global"), {"local": "each layer", "global": "whole network"})
    toggle(f, "look.dashes", look.dashes)
    slider(f, "look.edge_width", look.edge_width, 0.2, 4)
    slider(f, "look.edge_energy", look.edge_energy, 0, 4)
    slider(f, "look.particles", look.particles, 0, 4)
    slider(f, "look.particle_speed", look.particle_speed, 0, 4)
    slider(f, "look.glow", look.glow, 0, 4)
    slider(f, "look.exposure", look.exposure, 0.2, 4, log=True)
    choice(f, "look.quality", look.quality, words(Quality))
    choice(f, "view.camera", view.camera, CAMERAS, _CAMERA_NAMES)
    slider(f, "view.sway", view.sway, 0, 2, "%.1f°")
    slider(f, "view.pitch", view.pitch, 0.2, 1.5)
    integer(f, "view.fold", view.fold, 0.2, "%d" if view.fold else "never")
    slider(f, "view.layer_gap", view.layer_gap, 0.3, 3)
    toggle(f, "view.labels", view.labels)
    toggle(f, "view.plate", view.plate)
    toggle(f, "view.thumbnails", view.thumbnails)
    toggle(f, "view.follow", view.follow)
