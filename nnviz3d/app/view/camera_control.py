"""The camera of a stage: presets, flights, what a person's hands do to it, and the room that panels and a walk's table leave it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from nnviz3d.app.session.session import Session
from nnviz3d.app.view.decision_plate import NAMED
from nnviz3d.app.view.labels import SIDE_LABELS
from nnviz3d.app.view.network_view import NetworkView
from nnviz3d.app.view.projection import Viewport
from nnviz3d.draw import camera
from nnviz3d.layout.grid import Layout
from nnviz3d.spec.readout import FreeArea, StageInput
from nnviz3d.ui.hud import free_area

COLUMN = 9  # so many named inputs reach up to the card with the title
NEW_WIDTH, NEW_HEIGHT = 0.02, 0.05  # shares by which the free part must differ before the camera moves
TURN = 240.0  # pixels of drag that a held arrow key stands for, a second
CARD = 400.0  # units: width of the card with the title
CLOSE = 9.0  # pitches from a neuron that is flown to


class CameraControl:
    """`free`: the part of the picture that panels leave; `room`: the share of the width that a walk's table takes beside the outputs.
    `scope`: boxes (B, 2, 3) that are framed instead of all, none: all. `with_table`: whether a walk's table gets room."""

    def __init__(self, viewport: Viewport, view: NetworkView, session: Session):
        self.viewport, self.view, self.session = viewport, view, session
        self.free = FreeArea(bottom=camera.FOOT)
        self.scope = np.zeros((0, 2, 3), np.float32)
        self.with_table = True
        self.room = self._for_table()
        self._arranged(self.free)
        self.rig = camera.Rig(self._preset(session.scene.view.camera))

    # ---------------------------------------------------------------- poses

    @property
    def _panel(self) -> float:
        """Share of the width that is covered at the right."""
        return self.free.right + self.room

    def _preset(self, name: str) -> camera.Pose:
        layout, free = self.view.picture.goal, self.free

        def posed(top: float) -> camera.Pose:
            return camera.preset(name, layout, self.viewport.aspect, self._panel, free.bottom, top)

        pose = self._off_card(posed, layout)
        return self._fitted(self.view.second.pose(pose, name)) if self.view.second else pose

    def _fitted(self, like: camera.Pose) -> camera.Pose:
        """From this direction, with all that is framed in the free part."""
        layout, free = self.view.layout, self.free
        if len(self.scope):
            layout = layout.framing(self.scope[:, 0], self.scope[:, 1])

        def posed(top: float) -> camera.Pose:
            return camera.fit(layout, like.yaw, like.pitch, self.viewport.aspect, self._panel, free.bottom, top)

        return self._off_card(posed, layout)

    def _off_card(self, posed: Callable[[float], camera.Pose], layout: Layout) -> camera.Pose:
        """The pose with the free part's own top, or lower where walls of tiles would hide behind the card with the title."""
        pose, free = posed(self.free.top), self.free
        if not len(layout.tiles) or free.corner <= free.top:
            return pose
        seen = pose.project(layout.extremes.astype(np.float64), self.viewport.aspect)
        wide = CARD * self.viewport.text * self.session.scene.look.ui_scale / max(self.viewport.size[0], 1)
        hidden = (seen[:, 2] > 0) & (seen[:, 0] < 2 * wide - 1) & (seen[:, 1] > 1 - 2 * free.corner)
        return posed(free.corner) if hidden.any() else pose

    def framed(self, direction: tuple[float, float], boxes: np.ndarray | None, preset: str = "") -> camera.Pose:
        """The pose from a direction (yaw, pitch in radians) with these boxes (B, 2, 3) in the picture, or all of the network; then `preset`
        knows better, where there is one."""
        self.scope = self.scope[:0] if boxes is None else boxes
        self.room = self._for_table()
        if boxes is None and preset:
            return self._preset(preset)
        return self._fitted(camera.Pose(yaw=float(direction[0]), pitch=float(direction[1])))

    def aim(self, direction: tuple[float, float], boxes: np.ndarray | None, preset: str = "", jump: bool = False) -> None:
        """To the pose of `framed`."""
        pose = self.framed(direction, boxes, preset)
        self.rig.jump(pose) if jump else self.rig.fly(pose)

    def show_all(self) -> None:
        """Whatever was framed before."""
        self.scope = self.scope[:0]

    def fly_to_preset(self, name: str) -> None:
        self.show_all()
        self.rig.fly(self._preset(name))

    def fit(self) -> None:
        """All of the network in the frame, from where one looks now."""
        self.show_all()
        self.rig.fly(self._fitted(self.rig.pose))

    def look_at(self, place: np.ndarray) -> None:
        """This place in the middle, from as far away and from the same side as now."""
        self.rig.fly(replace(self.rig.goal, target=camera.point(place)))

    def fly_to_nodes(self, numbers: Sequence[int]) -> None:
        """All of these nodes in the frame, from where one looks now."""
        goal, pose = self.view.picture.goal, self.rig.goal
        self.aim((pose.yaw, pose.pitch), np.stack([goal.low[list(numbers)], goal.high[list(numbers)]], 1))

    def fly_to(self, neuron: int) -> None:
        layout = self.view.picture.goal
        place, cell = layout.place_n4[neuron, :3], float(layout.cell_l[int(layout.place_n4[neuron, 3])])
        self.rig.fly(replace(self.rig.pose, target=tuple(map(float, place)), distance=layout.pitch * cell * CLOSE))

    # ---------------------------------------------------------------- a person's hands, and time

    def handle(self, stage: StageInput, dt: float) -> None:
        """Drags, the wheel and held keys. Pixels are imgui's units."""
        if any(stage.orbit):
            self.rig.orbit(*stage.orbit)
        if any(stage.pan):
            self.rig.pan(*stage.pan, self.viewport.size[1])
        if stage.zoom:
            self.rig.zoom(stage.zoom)
        if any(stage.move):
            self.rig.move(*stage.move, dt)
        if any(stage.turn):
            self.rig.orbit(stage.turn[0] * dt * TURN, stage.turn[1] * dt * TURN)

    def advance(self, dt: float) -> None:
        """Move on by `dt` seconds."""
        self._make_room(dt)
        self.rig.advance(dt)

    @property
    def moved(self) -> bool:
        """Somebody has moved it away from where all is framed."""
        goal, fitted = self.rig.goal, self._fitted(self.rig.goal)
        near = np.allclose(goal.target, fitted.target, atol=0.02 * fitted.distance)
        return not near or abs(goal.distance / fitted.distance - 1) >= 0.02

    # ---------------------------------------------------------------- room

    def make_way(self, free: FreeArea) -> None:
        """Move the network into the part that panels leave free, where that has changed noticeably."""
        same = abs(free.right - self.free.right) <= NEW_WIDTH and abs(free.bottom - self.free.bottom) <= NEW_HEIGHT
        if not self._arranged(free) and same:
            return
        first = self.free.right == 0.0 and self.viewport.host.frames < 4
        self.free = replace(free, top=max(free.top, free.corner)) if self._named_column() else free
        pose = self._fitted(self.rig.goal)
        self.rig.jump(pose) if first else self.rig.fly(pose)

    def _arranged(self, free: FreeArea) -> bool:
        """Whether the layout is another one, for a stage of another shape."""
        aspect = self.viewport.aspect * (1 - free.right) / max(1 - free.bottom - free.top, 0.1)
        width, height = self.viewport.size
        share = (1 - free.right) * max(1 - free.bottom - free.top, 0.1)
        area = width * height * share / (self.viewport.text * self.session.scene.look.ui_scale) ** 2
        return self.view.shape(aspect, area, self.session.scene.view)

    def _named_column(self) -> bool:
        """Whether the first names of the inputs would hide behind the card with the title."""
        layout, inputs = self.view.picture.goal, self.session.source.topology.input
        count = len(layout.stacks[0].shown_k) if layout.stacks else len(inputs.labels)
        return COLUMN < count <= NAMED and len(inputs.shape) == 1

    def _for_table(self) -> float:
        """Share of the width that a walk's table needs to the right of the outputs; none where a plate stands there."""
        session = self.session
        found = self.with_table and session.walking is not None and session.scene.view.labels
        if not found or self.view.picture.layout.annex is not None:
            return 0.0
        width = self.viewport.size[0] / (self.viewport.text * session.scene.look.ui_scale)
        return free_area.table(width, session.source.topology.output.labels[:SIDE_LABELS])

    def _make_room(self, dt: float) -> None:
        """Step aside for the table when a walk begins, and back after it; a camera that somebody has moved stays where it is."""
        room = self._for_table()
        if abs(room - self.room) < 0.005:
            return
        goal, moved = self.rig.goal, self.moved
        self.room = room
        if not moved:
            self.rig.fly(self._fitted(goal)) if dt > 0 else self.rig.jump(self._fitted(goal))
