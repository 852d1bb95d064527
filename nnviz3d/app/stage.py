"""The stage of a session: columns, renderer, camera, labels. The app's only room that draws; it asks the session, never the other way."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from nnviz3d.app.session import Session
from nnviz3d.bridge.picture import Picture
from nnviz3d.draw import camera, picking, quality
from nnviz3d.draw.frame import Frame
from nnviz3d.draw.plate import SIDE
from nnviz3d.draw.renderer import Renderer
from nnviz3d.gfx.hosts import Host
from nnviz3d.spec.edit import Rebuild
from nnviz3d.spec.readout import Label, StageInput

FOOT_WITH_TRANSPORT = 144.0  # imgui's units, unscaled: what the transport bar and its hint cover
HEAD = 0.45  # of the foot: the card with the title covers a corner, which only tall columns reach
SIDE_LABELS = 40  # an output layer with more classes than that has no room for names


class Stage:
    """`level` is what the last frame was drawn with; `hovered` and `picked` are neuron ids, `chosen` a parameter, `layer` a node; or -1."""

    def __init__(self, host: Host, session: Session):
        self.host, self.session = host, session
        self.governor = quality.Governor(software=host.context.software)
        self.time = 0.0
        self._turn = 0
        self._anchored = None
        self.hovered = self.picked = self.chosen = self.layer = -1
        self.panel, self.foot, self.head = 0.0, camera.FOOT, 0.0
        self._build()
        self.rig = camera.Rig(self._preset(session.scene.view.camera))

    def _build(self) -> None:
        plane = self.session.source.plane
        self._points = 0 if plane is None else len(plane.points)
        self.picture = Picture(self.session.source.topology, self.session.scene.view, self.session.ops, points=self._points)
        self._show_points()
        self.renderer = Renderer(self.host.context, self.picture.subject)

    @property
    def aspect(self) -> float:
        width, height = self.host.size
        return max(width, 1) / max(height, 1)

    def _preset(self, name: str) -> camera.Pose:
        return camera.preset(name, self.picture.layout, self.aspect, self.panel, self.foot, self.head)

    def _fit(self, like: camera.Pose) -> camera.Pose:
        return camera.fit(self.picture.layout, like.yaw, like.pitch, self.aspect, self.panel, self.foot, self.head)

    def fly_to_preset(self, name: str) -> None:
        self.rig.fly(self._preset(name))

    def fit(self) -> None:
        """All of the network in the frame, from where one looks now."""
        self.rig.fly(self._fit(self.rig.pose))

    def fly_to(self, neuron: int) -> None:
        place = self.picture.layout.place_n4[neuron, :3]
        self.rig.fly(replace(self.rig.pose, target=tuple(map(float, place)), distance=self.picture.layout.pitch * 9))

    def set_panels(self, share: float) -> None:
        """Tell how much of the width the dock covers at the right; the network moves into the part that panels leave free."""
        words = FOOT_WITH_TRANSPORT * self.host.pixel_ratio * self.session.scene.look.ui_scale
        foot = min(max(words / max(self.host.display_size[1], 1), 0.1), 0.3)
        if abs(share - self.panel) > 0.02 or abs(foot - self.foot) > 0.05:
            first = self.panel == 0.0 and self.host.frames < 4
            self.panel, self.foot, self.head = share, foot, foot * HEAD
            pose = self._fit(self.rig.goal)
            self.rig.jump(pose) if first else self.rig.fly(pose)

    def rebuild(self, level: Rebuild) -> None:
        """Follow what the session rebuilt."""
        if level == Rebuild.LAYOUT:
            self.picture.arrange(self.session.scene.view)
            self.fit()
        elif level >= Rebuild.DATA and not self._fits():
            self.renderer.close()
            self.picture.close()
            self._build()
            self.hovered = self.picked = self.chosen = self.layer = -1
            self.fit()
        elif level >= Rebuild.DATA:
            self._show_points()

    def _fits(self) -> bool:
        """Whether the columns still have the size of what is to be shown."""
        plane = self.session.source.plane
        points = 0 if plane is None else len(plane.points)
        return self.picture.topology == self.session.source.topology and points == self._points

    def _show_points(self) -> None:
        """The samples on the decision plate, where there is one."""
        source = self.session.source
        self._answered: tuple | None = None
        if source.plane is not None:
            self.picture.show_points(source.plane, source.data.n_outputs, source.data.task)

    def _answer(self, exact: bool) -> None:
        """The network's answers over the plane: every third time that they changed, or now."""
        source = self.session.seen
        moment = source.moment
        self._turn = (self._turn + 1) % 3
        if self.picture.layout.annex is None or moment == self._answered or not (exact or self._turn == 0):
            return
        self._answered = moment
        self.picture.show_answers(source.answers(SIDE), source.data.task)

    def handle(self, stage: StageInput, dt: float) -> None:
        """Move the camera and find what is under the pointer. Pixels are imgui's units."""
        width, height = self.host.display_size
        if any(stage.orbit):
            self.rig.orbit(*stage.orbit)
        if any(stage.pan):
            self.rig.pan(*stage.pan, height)
        if stage.zoom:
            self.rig.zoom(stage.zoom)
        if any(stage.move):
            self.rig.move(*stage.move, dt)
        if any(stage.turn):
            self.rig.orbit(stage.turn[0] * dt * 240, stage.turn[1] * dt * 240)
        self.hovered = -1
        if stage.pointer is not None and not any(stage.orbit) and not any(stage.pan):
            ndc = (2 * stage.pointer[0] / max(width, 1) - 1, 1 - 2 * stage.pointer[1] / max(height, 1))
            radius = self.picture.subject.radius * 1.2
            found = picking.pick(self.picture.layout, self.rig.pose, ndc, self.aspect, height, radius)
            self.hovered = -1 if found is None else found
        if stage.double_clicked and self.hovered >= 0:
            self.fly_to(self.hovered)
        elif stage.clicked:
            self.picked = self.hovered

    def draw(self, dt: float, pose: camera.Pose | None = None, exact: bool = False, transparent: bool = False) -> None:
        """Publish what changed, then draw. `exact`: choose edges anew this frame, as films and stills do."""
        scene = self.session.scene
        self.time += dt
        self.rig.advance(dt)
        pose = pose or self.rig.swayed(scene.view.sway)
        level = quality.level_for(scene.look.quality, self.governor)
        self.level = level
        focus = self.hovered if self.hovered >= 0 else self.picked
        walking = self.session.walking
        if self.session.seen.at_boundary:
            self.session.refresh()
            if walking is None:  # during a walk the plate keeps what the network answered before the step
                self._answer(exact)
            signals = round(level.particles * min(scene.look.particles, 2.0))
            quantity = walking.quantity() if walking else self.session.moments.quantity()
            self.picture.publish(self.session.seen, scene.look, level.edges, signals, focus, exact, quantity)
        wave = walking.wave() if walking else self.session.moments.wave()
        frame = Frame(pose, self.time, scene.look, level, self.hovered, self.picked, transparent, wave)
        self._drawn = frame
        self.renderer.render(self.picture.subject, frame, self.host.framebuffer, self.host.size)

    def labels(self) -> tuple[Label, ...]:
        """Names beside the outputs, sizes under the layers; in imgui's units, from the pose that was drawn last."""
        if not self.session.scene.view.labels:
            return ()
        points, names, layers = self._anchors()
        width, height = self.host.display_size
        seen = self._drawn.pose.project(points, self.aspect)
        x, y = ((seen[:, 0] * 0.5 + 0.5) * width).tolist(), ((0.5 - seen[:, 1] * 0.5) * height).tolist()
        depth, count = seen[:, 2].tolist(), len(names)
        reach = self.picture.subject.radius * 1.5 * camera.LENS * height / 2  # a lit sphere, pixels at distance 1
        activation = self.session.seen.tensors("activation")[self.session.source.topology.output.neurons.slice]
        strengths = np.minimum(np.abs(self.session.ops.to_host(activation)), 1).tolist()
        found = [Label(x[k] + reach / depth[k] + 5, y[k], name, 0.35 + 0.65 * strengths[k]) for k, name in enumerate(names) if depth[k] > 0]
        # a layer's name fades where its neighbours come closer than it is wide: a network of 200 layers is not a page of text
        gap = min((abs(a - b) for a, b in pairwise(x[count:])), default=width)
        if gap > 24:
            strength = min(0.4 + gap / 200, 0.8)
            for k, text in enumerate(layers, start=count):
                if depth[k] > 0:
                    found.append(Label(x[k], y[k], text, strength, "centre", "layer"))
        return tuple(found)

    def _anchors(self) -> tuple[np.ndarray, list[str], list[str]]:
        """Where names stand, (O + L, 3), and the names: of the outputs, and what is written under each layer."""
        layout, topology = self.picture.layout, self.session.source.topology
        if self._anchored is not layout:
            self._anchored = layout
            names = [str(label) for label in topology.output.labels] if len(topology.output.labels) <= SIDE_LABELS else []
            feet = (layout.low + layout.high) / 2
            feet[:, 1] = layout.low[:, 1] - layout.pitch * 0.35
            shapes = [(node, "x".join(map(str, node.shape))) for node in topology.nodes]
            layers = [f"input {shape}" if node.kind == "input" else f"{shape} {node.activation}" for node, shape in shapes]
            outputs = layout.place_n4[topology.output.neurons.slice, :3][: len(names)]
            self._places = np.concatenate([outputs, feet]).astype(np.float64), names, layers
        return self._places

    def close(self) -> None:
        self.renderer.close()
        self.picture.close()
