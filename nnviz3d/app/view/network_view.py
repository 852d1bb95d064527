"""The stage of a session: columns, renderer, camera, labels. The app's only room that draws; it asks the session, never the other way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise

import numpy as np

from nnviz3d.app.session.session import Session
from nnviz3d.app.view import step_change
from nnviz3d.app.view.annotations import Moments
from nnviz3d.app.view.comparison_view import DROP, LINE, SIDE_LABELS, Beside, anchors, apart
from nnviz3d.app.view.decision_plate import NAMED, Responses, place_labels, plane_names, tile_cells
from nnviz3d.bridge.network_columns import Picture, Shown
from nnviz3d.draw import camera, picking, quality
from nnviz3d.draw.edge_picking import pick_edge
from nnviz3d.draw.frame import Frame, Wave
from nnviz3d.draw.network_buffers import Subject
from nnviz3d.draw.renderer import Renderer
from nnviz3d.gfx.hosts import Host
from nnviz3d.spec import limits
from nnviz3d.spec.edit import Rebuild
from nnviz3d.spec.readout import Label, PlaneReading, StageInput
from nnviz3d.spec.step_annotations import Moment
from nnviz3d.ui.core.context import TALL

FOOT_WITH_TRANSPORT = 144.0  # imgui's units, unscaled: what the transport bar and its hint cover
TITLE = (76.0, 116.0)  # imgui's units, unscaled: what the card with the title covers in a tour, in low and in tall windows
HEAD = 0.45  # of the foot: the card with the title covers a corner, which only tall columns reach
TABLE = 222.0  # imgui's units, unscaled: what the table of a walk takes beside the outputs, without names
NARROW = 600.0  # a stage of less has no room to spare
CROWD = 20_000  # drawn edges that can be looked through in a millisecond, in every frame
FAINTEST = 0.04  # energy of the faintest edge that can be pointed at: thrice what is drawn at all
HEADER, COLUMN = 132.0, 9  # imgui's units, unscaled: what the card with the title covers; so many named inputs reach up to it
HEAD_OF_TWO = 0.65  # two networks are as high as the tallest columns


class Stage:
    """`level` is what the last frame was drawn with; `hovered` and `picked` are neuron ids, `chosen` a parameter, `hovered_edge` and `lit`
    (under the pointer on a panel) too, `layer` a node; or -1."""

    def __init__(self, host: Host, session: Session):
        self.host, self.session = host, session
        self.governor = quality.Governor(software=host.context.software)
        self.time = 0.0
        self._anchored = None
        self.hovered = self.picked = self.chosen = self.layer = self.hovered_edge = self.lit = -1
        self.moments = Moments()
        self.text = host.pixel_ratio  # the overlay's scale
        self._drawn: Frame | None = None
        self._looked: tuple | None = None
        self._pointer, self._rested = None, False
        self._tuned: list | None = None  # parameter, value, change a pixel, while one is dragged
        self.panel, self.foot, self.head, self.room = 0.0, camera.FOOT, 0.0, 0.0
        self.scope: np.ndarray | None = None  # (B, 2, 3) boxes that the camera frames; None: all of the network
        self.with_table = True  # whether a walk's table gets room beside the outputs
        self._build()
        self.room = self._for_table()
        self.rig = camera.Rig(self._preset(session.scene.view.camera))

    def _build(self) -> None:
        session = self.session
        self._size = self._wanted()
        self.picture = Picture(session.source.topology, session.scene.view, session.ops, points=self._size[0], tile_cells=self._size[1])
        self.responses = Responses(self.picture)
        rival = session.rival
        self.beside = Beside(self.picture, rival, session.scene.view) if rival else None
        self.renderer = Renderer(self.host.context, self.picture.subject, *([self.beside.picture.subject] if self.beside else []))

    @property
    def layout(self):
        """Of all that stands on the stage, for the camera."""
        return self.beside.layout if self.beside else self.picture.layout

    @property
    def edges(self) -> Shown:
        """What the legend says of the edges of all networks."""
        return self.picture.edges if self.beside is None else self.picture.edges.with_those(self.beside.picture.edges)

    @property
    def signals(self) -> int:
        """Edges that particles (or arrows) are drawn along, of all networks."""
        shown = self.session.scene.look.particles > 0
        return sum(subject.signals for subject, _ in self.shown()) if shown else 0

    @property
    def aspect(self) -> float:
        width, height = self.host.size
        return max(width, 1) / max(height, 1)

    def _preset(self, name: str) -> camera.Pose:
        pose = camera.preset(name, self.picture.layout, self.aspect, self.panel + self.room, self.foot, self.head)
        return self._fit(self.beside.pose(pose, name)) if self.beside else pose

    def _fit(self, like: camera.Pose) -> camera.Pose:
        layout = self.layout
        if self.scope is not None:
            layout = replace(layout, low=self.scope[:, 0], high=self.scope[:, 1], annex=None)
        return camera.fit(layout, like.yaw, like.pitch, self.aspect, self.panel + self.room, self.foot, self.head)

    def _for_table(self) -> float:
        """Share of the width that a walk's table needs to the right of the outputs; none where a plate stands there."""
        session = self.session
        width = self.host.display_size[0] / (self.text * session.scene.look.ui_scale)
        if (
            not self.with_table
            or session.walking is None
            or not session.scene.view.labels
            or self.picture.layout.annex is not None
            or width < NARROW
        ):
            return 0.0
        names = session.source.topology.output.labels[:SIDE_LABELS]
        wide = TABLE + min(6.5 * max(map(len, names), default=1), 64.0)
        return min(wide / width, 0.3)

    def _make_room(self, dt: float) -> None:
        """Step aside for the table when a walk begins, and back after it; a camera that somebody has moved stays where it is."""
        room = self._for_table()
        if abs(room - self.room) < 0.005:
            return
        goal, fitted = self.rig.goal, self._fit(self.rig.goal)
        self.room = room
        if abs(goal.distance / fitted.distance - 1) < 0.02 and np.allclose(goal.target, fitted.target, atol=0.02 * fitted.distance):
            self.rig.fly(self._fit(goal)) if dt > 0 else self.rig.jump(self._fit(goal))

    def fly_to_preset(self, name: str) -> None:
        self.scope = None
        self.rig.fly(self._preset(name))

    def fit(self) -> None:
        """All of the network in the frame, from where one looks now."""
        self.scope = None
        self.rig.fly(self._fit(self.rig.pose))

    def aim(self, direction: tuple[float, float], boxes: np.ndarray | None, preset: str = "", jump: bool = False) -> None:
        """Look from a direction (yaw, pitch in radians) at these boxes (B, 2, 3), or at all of the network; `preset` knows better there."""
        pose = self.framed(direction, boxes, preset)
        self.rig.jump(pose) if jump else self.rig.fly(pose)

    def framed(self, direction: tuple[float, float], boxes: np.ndarray | None, preset: str = "") -> camera.Pose:
        """The pose of `aim`."""
        self.scope, self.room = boxes, self._for_table()
        if boxes is None and preset:
            return self._preset(preset)
        return self._fit(camera.Pose(yaw=float(direction[0]), pitch=float(direction[1])))

    def fly_to(self, neuron: int) -> None:
        place = self.picture.layout.place_n4[neuron, :3]
        self.rig.fly(replace(self.rig.pose, target=tuple(map(float, place)), distance=self.picture.layout.pitch * 9))

    def set_panels(self, share: float, card: float = 0.0) -> None:
        """Tell how much of the width the dock covers at the right; the network moves into the part that panels leave free.

        `card`: pixels that a tour's card covers at the bottom, where there is one.
        """
        words = FOOT_WITH_TRANSPORT * self.host.pixel_ratio * self.session.scene.look.ui_scale
        foot = min(max(words / max(self.host.display_size[1], 1), 0.1), 0.3)
        head = foot * (HEAD_OF_TWO if self.beside else HEAD)
        if self._named_column():  # its first names must not hide behind the card with the title
            head = min(max(head, HEADER * words / FOOT_WITH_TRANSPORT / max(self.host.display_size[1], 1)), 0.25)
        if card:  # and layers that fill the frame must not hide behind the title
            foot = min(card / max(self.host.display_size[1], 1), 0.55)
            unit = words / FOOT_WITH_TRANSPORT
            head = min(TITLE[self.host.display_size[1] >= TALL * unit] * unit / max(self.host.display_size[1], 1), 0.2)
        if abs(share - self.panel) > 0.02 or abs(foot - self.foot) > 0.05:
            first = self.panel == 0.0 and self.host.frames < 4
            self.panel, self.foot, self.head = share, foot, head
            pose = self._fit(self.rig.goal)
            self.rig.jump(pose) if first else self.rig.fly(pose)

    def _named_column(self) -> bool:
        layout, inputs = self.picture.layout, self.session.source.topology.input
        count = len(layout.stacks[0].shown_k) if layout.stacks else len(inputs.labels)
        return COLUMN < count <= NAMED and len(inputs.shape) == 1

    def rebuild(self, level: Rebuild) -> None:
        """Follow what the session rebuilt."""
        if level < Rebuild.LAYOUT:
            return
        if not self._fits():
            self.renderer.close()
            self.picture.close()
            if self.beside:
                self.beside.close()
            self._build()
            if level >= Rebuild.DATA:
                self.hovered = self.picked = self.chosen = self.layer = self.hovered_edge = self.lit = -1
            self._looked = self._tuned = None
            self.fit()
        elif level == Rebuild.LAYOUT:
            self.picture.arrange(self.session.scene.view)
            if self.beside:
                self.beside.arrange(self.session.scene.view)
            self.fit()
        self.responses.forget()
        if self.beside:
            self.beside.responses.forget()

    def _wanted(self) -> tuple[int, int]:
        """Samples on the plate, and cells a side of each neuron's tile."""
        source = self.session.source
        return 0 if source.plane is None else len(source.plane.points), tile_cells(source, self.session.scene.view)

    def _fits(self) -> bool:
        """Whether the columns still have the size of what is to be shown."""
        rival = self.session.rival
        if (rival is None) != (self.beside is None) or (rival and not self.beside.fits(rival, self.session.scene.view)):
            return False
        return self.picture.topology == self.session.source.topology and self._wanted() == self._size

    def handle(self, stage: StageInput, dt: float, now: float = 0.0) -> None:
        """Move the camera, turn a weight, and find what is under the pointer. Pixels are imgui's units; `now` in seconds, for undo."""
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
        if stage.tuning:  # what was under the pointer stays in hand
            if not (self.beside and self.beside.over):  # by hand only the first network is changed
                self._tune(stage.tune, now)
            return
        self._tuned = None
        if stage.pointer is not None and not any(stage.orbit) and not any(stage.pan):
            self._look(stage.pointer, width, height)
        else:
            self.hovered = self.hovered_edge = -1
            self._looked = None
            if self.beside:
                self.beside.leave()
        if stage.double_clicked and self.hovered >= 0:
            self.fly_to(self.hovered)
        elif stage.clicked:
            self._choose(self.hovered, self.hovered_edge)
            if self.beside:
                self.beside.click(self.picked)

    def stack(self) -> str:
        """What is said of the stack under the pointer; "" for none."""
        found = self.picture.layout.stack_of(self.hovered) if not (self.beside and self.beside.over) else None
        return "" if found is None else f"{len(found.folded_m):,} inputs in one stack: those with the smaller weights"

    def plane(self) -> PlaneReading | None:
        """What is said of the plane, and of the picture of the neuron under the pointer."""
        if self.beside and self.beside.over:
            return self.beside.responses.reading(self.beside.rival.source, self.beside.hovered)
        return self.responses.reading(self.session.source, self.hovered)

    def pick(self, neuron: int) -> None:
        """A neuron of the network that the panels read, or -1."""
        self.picked = self.beside.pick(neuron) if self.beside else neuron

    def _look(self, pointer: tuple[float, float], width: float, height: float) -> None:
        """The neuron under the pointer, or else the edge; only where the pointer or the picture has moved, as it was drawn last."""
        drawn, crowded = self._drawn, self.picture.edges.shown > CROWD
        pose, wave = (self.rig.pose, None) if drawn is None else (drawn.pose, drawn.wave)
        rests, self._pointer = pointer == self._pointer, pointer
        self._rested = self._rested and rests
        key = (pointer, width, height, pose, self.picture.layout, self.picture.version, wave)
        if key == self._looked and (self._rested or not crowded):
            return
        self._looked = key
        ndc = (2 * pointer[0] / max(width, 1) - 1, 1 - 2 * pointer[1] / max(height, 1))
        radius = max(self.picture.subject.radius * 1.2, self.picture.subject.tile)
        found = picking.pick(self.picture.layout, pose, ndc, self.aspect, height, radius)
        self.hovered = -1 if found is None else found
        if found is not None or (crowded and not rests):
            self.hovered_edge, self._rested = -1, rests
        elif not (crowded and self._rested):  # so many are looked through once, when the pointer has come to rest
            self._rested = rests
            ribbon = self.session.scene.look.edge_width * max(height / 720, 0.5)
            size = (width, height)
            edge = pick_edge(self.picture.layout, self.picture.drawn(), self._energies(wave), pose, ndc, size, ribbon, FAINTEST)
            self.hovered_edge = -1 if edge is None else edge
        if self.beside:
            self.hovered = self.beside.point(self.hovered, pose, ndc, self.aspect, height)
            self.hovered_edge = -1 if self.beside.over else self.hovered_edge

    def _energies(self, wave: Wave | None):
        """Of edges, by connection; a wave hides those that it has not come to."""
        if wave is None or not wave.way:
            return self.picture.energies
        way, front = wave.way, wave.front

        def energies(k: int, edges: np.ndarray) -> np.ndarray:
            passed = front - k if way > 0 else k + 1 - front
            return self.picture.energies(k, edges) if passed > 0 else np.zeros(len(edges))

        return energies

    def _choose(self, neuron: int, edge: int) -> None:
        """A neuron, or an edge with the neuron that it leads into, or neither."""
        self.chosen, self.picked = edge, neuron
        if edge >= 0:
            node, j, _i = self.session.source.topology.parameter(edge)
            self.picked = node.neurons.start + j

    def _tune(self, pixels: float, now: float) -> None:
        """A drag turns the edge under the pointer, or the bias of the neuron there, or what was chosen before."""
        if self._tuned is None:
            p = self._in_hand()
            if p < 0:
                return
            editing = self.session.editing
            self._tuned = [p, self.session.source.parameter(p), editing.rate(p)]
            if self.hovered >= 0:
                self._choose(self.hovered, -1)
            elif self.hovered_edge >= 0:
                self._choose(-1, p)
        if pixels:
            p, value, rate = self._tuned
            self._tuned[1] = min(max(value + pixels * rate, -limits.PARAMETER), limits.PARAMETER)
            self.session.editing.set_parameter(p, self._tuned[1], now, held=True)

    @property
    def tuned(self) -> tuple[int, float] | None:
        """The parameter that a drag turns, and its value; None while none does."""
        return None if self._tuned is None else (self._tuned[0], self._tuned[1])

    def _in_hand(self) -> int:
        topology = self.session.source.topology
        if self.hovered >= topology.input.neurons.stop:
            node, j = topology.locate(self.hovered)
            return node.bias.start + j
        return self.hovered_edge if self.hovered_edge >= 0 else self.chosen

    def draw(self, dt: float, pose: camera.Pose | None = None, exact: bool = False, transparent: bool = False) -> None:
        """Both in one, for films and stills."""
        self.prepare(dt, pose, exact, transparent)
        self.render()

    def prepare(
        self,
        dt: float,
        pose: camera.Pose | None = None,
        exact: bool = False,
        transparent: bool = False,
        level: quality.Level | None = None,
    ) -> None:
        """Publish what changed, and settle what the next frame shows. `exact`: choose edges anew this frame, as films and stills do."""
        scene = self.session.shown_scene
        self.time += dt
        self._make_room(dt)
        self.rig.advance(dt)
        pose = pose or self.rig.swayed(scene.view.sway)
        level = level or quality.level_for(scene.look.quality, self.governor)
        self.level = level
        focus = self.hovered if self.hovered >= 0 else self.picked
        walking = self.session.walking
        wave = step_change.wave(walking, scene.look) if walking else self.session.moments.wave() if self.session.kept else None
        share = 2 if self.beside else 1  # two networks cost what one does
        pictured = self.session.pictured
        if pictured.at_boundary and (self.session.even or walking or not self.session.running):
            self.session.refresh()
            self.responses.refresh(self.session.source, pictured, scene.look.palette, exact)
            signals = round(level.particles * min(scene.look.particles, 2.0)) // share
            kept = self.session.moments.quantity() if self.session.kept else None
            quantity = step_change.quantity(walking, scene.look) if walking else kept
            change = wave.change if wave else None
            self.picture.publish(pictured, scene.look, level.edges // share, signals, focus, exact, quantity, change)
            if self.beside:
                self.beside.prepare(scene.look, level.edges // share, signals, exact)
                if walking is None:
                    self.beside.share(scene.look)
        count = self.session.source.topology.n_parameters
        lit = tuple(dict.fromkeys(p for p in (self.chosen, self.hovered_edge, self.lit) if 0 <= p < count))
        self.picture.mark(lit, pictured.holds)
        look = self.beside.look(scene.look) if self.beside else scene.look
        frame = Frame(pose, self.time, look, level, self.hovered, self.picked, transparent, wave)
        self._drawn = frame

    def render(self) -> None:
        """Draw what was prepared: OpenGL calls only."""
        (subject, frame), *others = self.shown()
        self.renderer.render(subject, frame, self.host.framebuffer, self.host.size, others)

    def shown(self) -> list[tuple[Subject, Frame]]:
        """What was prepared: each network with its frame."""
        return [(self.picture.subject, self._drawn), *([self.beside.shown(self._drawn)] if self.beside else [])]

    @contextmanager
    def on(self, host: Host, text: float) -> Iterator[None]:
        """Stand on another host of the same context for a while, at its size, with an overlay of this scale."""
        before = self.host, self.text
        self.host, self.text = host, text
        try:
            yield
        finally:
            self.host, self.text = before

    def labels(self) -> tuple[Label, ...]:
        """Names beside the outputs, sizes under the layers; in imgui's units, from the pose that was prepared last."""
        if not self.session.scene.view.labels:
            return ()
        points, names, layers = self._anchors()
        width = self.host.display_size[0]
        x, y, depth = self._projected(points)
        count, reach = len(names), self._reach
        activation = self.session.pictured.tensors("activation")[self.session.source.topology.output.neurons.slice]
        strengths = np.minimum(np.abs(self.session.ops.to_host(activation)), 1).tolist()
        kind = "minor" if self.beside and self.session.walking is None else "class"
        far = [a + reach / d + 5 if d > 0 else 0.0 for a, d in zip(x, depth, strict=True)]
        found = [Label(far[k], y[k], name, 0.35 + 0.65 * strengths[k], kind=kind) for k, name in enumerate(names) if depth[k] > 0]
        if self.beside:
            scale = self.host.pixel_ratio * self.session.scene.look.ui_scale
            found = [*apart(found, LINE * scale), *self.beside.labels(self._drawn.pose, self.aspect, self.host.display_size, scale)]
        # a layer's name fades where its neighbours come closer than it is wide: a network of 200 layers is not a page of text
        end = count + len(layers)
        gap = min((abs(a - b) for a, b in pairwise(x[count:end])), default=width)
        if gap > 24:
            strength = min(0.4 + gap / 200, 0.8)
            for k, text in enumerate(layers, start=count):
                if depth[k] > 0:
                    found.append(Label(x[k], y[k], text, strength, "centre", "layer"))
        found += place_labels(*self._places[3:], self.session.source, self.session.pictured, x[end:], y[end:], depth[end:], reach)
        return tuple(found + self.moments.labels(self)) if self.session.walking else tuple(found)

    def _projected(self, points_n3: np.ndarray) -> tuple[list[float], list[float], list[float]]:
        """Where points are seen, in imgui's units, and how far away; from the pose that was drawn last."""
        width, height = self.host.display_size
        seen = self._drawn.pose.project(points_n3, self.aspect)
        return ((seen[:, 0] * 0.5 + 0.5) * width).tolist(), ((0.5 - seen[:, 1] * 0.5) * height).tolist(), seen[:, 2].tolist()

    @property
    def _reach(self) -> float:
        """Radius of a lit sphere or a tile on screen at distance 1."""
        subject = self.picture.subject
        return max(subject.radius * 1.5, subject.tile * 1.15) * camera.LENS * self.host.display_size[1] / 2

    def seen(self, neurons: np.ndarray) -> tuple[list[float], list[float], list[float]]:
        """Where neurons are seen, and their radius there, in imgui's units. Behind the eye: far outside."""
        x, y, depth = self._projected(self.picture.layout.place_n4[neurons, :3].astype(np.float64))
        seen = [(a, b, self._reach / d) if d > 0 else (-1e5, -1e5, 0.0) for a, b, d in zip(x, y, depth, strict=True)]
        return tuple(map(list, zip(*seen, strict=True)))

    def outline(self, box: np.ndarray) -> tuple[float, float, float, float] | None:
        """Left, top, right, bottom of a (2, 3) box as it is seen; None where a part of it is behind the eye."""
        layout = replace(self.picture.layout, low=box[:1], high=box[1:], annex=None)
        x, y, depth = self._projected(layout.corners().astype(np.float64))
        return (min(x), min(y), max(x), max(y)) if min(depth) > 0 else None

    def boxes(self) -> np.ndarray:
        """(L or L + 1, 4) left, top, right, bottom of each layer, and of the plate, as they are seen."""
        corners = self.picture.layout.corners().astype(np.float64)
        x, y, depth = (np.array(v).reshape(-1, 8) for v in self._projected(corners))
        seen = (depth > 0).all(1)
        return np.stack([x.min(1), y.min(1), x.max(1), y.max(1)], 1)[seen]

    def moment(self) -> Moment | None:
        """What a walk tells beside the network."""
        return self.moments.read(self)

    def _anchors(self) -> tuple[np.ndarray, list[str], list[str]]:
        """Where names stand, (O + L + ..., 3), and the names: of the outputs, what is written under each layer; then inputs, plane."""
        layout, topology = self.picture.layout, self.session.source.topology
        if self._anchored is not layout:
            self._anchored = layout
            (outputs, feet), (names, layers) = anchors(layout, topology, *([DROP] if self.beside else []))
            more, words, named = plane_names(self.session.source, layout)
            self._places = np.concatenate([outputs, feet, more]).astype(np.float64), names, layers, words, named
        return self._places[:3]

    def close(self) -> None:
        self.renderer.close()
        self.picture.close()
        if self.beside:
            self.beside.close()
