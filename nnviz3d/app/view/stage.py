"""A session on the screen: its network, the camera and the pointer, tied together. Of the session nothing is changed but what
it knows of the picture: which parts of the network are folded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from nnviz3d.app.session.session import Session
from nnviz3d.app.view import network_map
from nnviz3d.app.view.annotations import StepAnnotations
from nnviz3d.app.view.arc_labels import arc_labels
from nnviz3d.app.view.background_work import BackgroundWork
from nnviz3d.app.view.camera_control import CameraControl
from nnviz3d.app.view.network_view import NetworkView
from nnviz3d.app.view.pointer import Pointer
from nnviz3d.app.view.projection import Projection, Surface, Viewport
from nnviz3d.app.view.stage_reading import StageReading
from nnviz3d.app.view.view_state import view_state
from nnviz3d.draw import quality
from nnviz3d.draw.camera import Pose
from nnviz3d.draw.frame import SceneFrame
from nnviz3d.draw.network_buffers import Subject
from nnviz3d.draw.renderer import Renderer
from nnviz3d.layout import moving
from nnviz3d.spec.edit import Edit, Rebuild
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.readout import Command, Label, StageInput
from nnviz3d.spec.step_annotations import Moment

CARDS = frozenset({"table", "function"})  # of a walk: the outputs with their targets, and the picked neuron's function


@dataclass(frozen=True)
class Travel:
    """What was flown to: the name of a node or part, "" for the whole network; a neuron of it, or -1."""

    place: str = ""
    neuron: int = -1


class Stage:
    """`time`: seconds since the scene began. `cards`: those that a walk shows beside the network. Code that draws brings the session up to
    date first: `session.refresh()`, then `prepare`."""

    def __init__(self, host: Surface, session: Session, beside: bool = False):
        """`beside`: layouts of large networks are worked out on a thread; until they are there, the old picture stays."""
        self.session, self.beside = session, beside
        self.viewport = Viewport(host)
        self.governor = quality.Governor(software=host.context.software)
        self.time = 0.0
        self.view = NetworkView(host.context, session)
        self.camera = CameraControl(self.viewport, self.view, session)
        self.pointer = Pointer(self.viewport, self.view, session)
        self.annotations, self.cards = StepAnnotations(), CARDS
        self.travel, self.coming = Travel(), BackgroundWork()
        self._moving_since = 0.0  # time of a film at which parts began to open or close
        self.view.frame = replace(self.view.frame, pose=self.camera.rig.pose)

    def close(self) -> None:
        self.coming.forget()
        self.view.close()

    # ---------------------------------------------------------------- what happens

    def rebuild(self, level: Rebuild) -> None:
        """Follow what the session rebuilt."""
        if level < Rebuild.LAYOUT or (level == Rebuild.LAYOUT and self.beside and self._later()):
            return
        self.coming.forget()
        opened, kept = self.view.picture.opened, self.camera.moved
        fresh = self.view.follow(self.session, level)
        kept = kept and opened != self.view.picture.opened  # who has flown to a part stays there while it opens
        if fresh and level >= Rebuild.DATA:
            self.pointer.let_go()
        if fresh:
            self.pointer.forget()
        if fresh or (level == Rebuild.LAYOUT and not kept and not self.travel.place):
            self.travel = Travel()
            self.camera.fit()
        elif self.travel.place and self.travel.neuron < 0:
            self._follow_travel()

    def film_to(self, time: float) -> None:
        """A film is at `time`: follow what the session rebuilt now. Parts that open or close are as far as they must be by then, whatever
        frames were drawn before: call it before and after what opens them."""
        self.view.picture.arrive((time - self._moving_since) / moving.SECONDS)
        self.rebuild(self.session.take_rebuild())
        if self.view.picture.way == 0:
            self._moving_since = time

    def _later(self) -> bool:
        """Whether the new layout takes long, and is worked out beside this frame and the next ones."""
        return self.coming.ask(self.view.coming(self.session.scene.view))

    def handle(self, stage: StageInput, dt: float) -> Command | None:
        """Move the camera, and find what is under the pointer. Returns the command that a drag of a weight or a bias asks for."""
        self.camera.handle(stage, dt)
        if stage.tuning:  # what was under the pointer stays in hand
            return self.pointer.drag(stage.tune)
        self.pointer.point(stage)
        if stage.double_clicked and (self.pointer.hovered >= 0 or self.pointer.slab):
            return self._nearer()
        if stage.clicked and self.pointer.slab:
            return Command("open_part", self.pointer.slab)
        if stage.clicked:
            self.pointer.click()
        return None

    def _nearer(self) -> Command | None:
        """Fly to what is under the pointer: a slab, a tensor that is drawn as sheets, or a neuron of it."""
        if self.pointer.slab:
            return Command("fly_to", self.pointer.slab)
        node, _ = self.session.source.topology.locate(self.pointer.hovered)
        if node.number in self.view.picture.goal.tiles.node_s and self.travel.place != node.name:
            return Command("fly_to", node.name)
        self.travel = Travel(node.name, self.pointer.hovered)
        self.camera.fly_to(self.pointer.hovered)
        return None

    # ---------------------------------------------------------------- parts

    def opening(self, name: str, open: bool) -> Edit:
        """The change of the scene that opens a part and what is around it, or closes it. Raises InputError for a name that is none."""
        parts, opened = self.view.picture.parts, self.view.picture.opened
        if name not in parts.by_name and name not in parts.topology.by_name:
            raise InputError.of("", "", f"no layer or part of this network is called {name!r}")
        around = parts.chain(name)
        wanted = opened | set(around) if open else opened - {name}
        return Edit("view.open", tuple(each for each in parts.by_name if each in wanted))

    def fly_to(self, name: str) -> None:
        """To a node or part; it is in the picture already, or will be after the next rebuild."""
        self.travel = Travel(name)
        self._follow_travel()

    @property
    def closes(self) -> str:
        """The part that flying out closes, where the whole network is seen already: the innermost of the last one; "" for none."""
        if self.travel.place or self.camera.moved:
            return ""
        return next((glass.part.name for glass in reversed(self.view.picture.goal.glass) if glass.fill == 0), "")

    def fly_out(self) -> None:
        """One level out: from a neuron to its tensor, then to the part around it, then to the whole network."""
        place, picture = self.travel.place, self.view.picture
        if self.travel.neuron >= 0:
            return self.fly_to(place)
        around = [name for name in picture.parts.chain(place) if name != place and name in picture.opened] if place else []
        self.fly_to(around[-1]) if around else self.fit()

    def fit(self) -> None:
        """To the whole network."""
        self.travel = Travel()
        self.camera.fit()

    def look_at(self, across: float, down: float) -> None:
        """The place of the map, in shares of its width and height, in the middle of what is free."""
        self.travel = Travel()
        self.camera.look_at(network_map.place(self.view.layout, across, down))

    def _follow_travel(self) -> None:
        """Frame what was flown to."""
        parts, place = self.view.picture.parts, self.travel.place
        node = parts.topology.by_name.get(place)
        if node is not None or place in parts.by_name:
            self.camera.fly_to_nodes((node.number,) if node is not None else parts.by_name[place].nodes)

    # ---------------------------------------------------------------- drawing

    def draw(self, dt: float, pose: Pose | None = None, exact: bool = False, transparent: bool = False) -> None:
        """Prepare and render in one."""
        self.prepare(dt, pose, exact, transparent)
        self.render()

    def prepare(
        self,
        dt: float,
        pose: Pose | None = None,
        exact: bool = False,
        transparent: bool = False,
        level: quality.Level | None = None,
    ) -> None:
        """Publish what changed, and settle what the next frame shows. `pose`, `level`: instead of the camera's and the governor's. `exact`:
        choose edges again this frame, as films and stills do."""
        scene = self.session.shown_scene
        self.time += dt
        self.camera.advance(dt)
        if self.coming.arrived(wait=exact):
            self.rebuild(Rebuild.LAYOUT)
        self.view.advance(dt)
        pose = pose or self.camera.rig.swayed(scene.view.sway)
        level = level or quality.level_for(scene.look.quality, self.governor)
        self.session.folded = self.view.picture.folded
        self.view.prepare(view_state(self.session, self.pointer.marks(), pose, self.time, level, exact, transparent))

    def render(self) -> None:
        """Draw what was prepared: OpenGL calls only."""
        self.view.render(self.viewport.host)

    def shown(self) -> list[tuple[Subject, SceneFrame]]:
        """What was prepared: each network with its frame."""
        return self.view.shown()

    @property
    def renderer(self) -> Renderer:
        return self.view.renderer

    @contextmanager
    def on(self, host: Surface, text: float) -> Iterator[None]:
        """Stand on another host of the same context for a while, at its size, with an overlay of this scale."""
        with self.viewport.moved_to(host, text):
            yield

    # ---------------------------------------------------------------- what is said of the picture

    @property
    def pose(self) -> Pose:
        """Of the camera, as it was prepared last."""
        return self.view.frame.pose

    @property
    def projection(self) -> Projection:
        """The first network as it was prepared last."""
        return self.view.projection(self.viewport.aspect, self.viewport.size)

    def labels(self) -> tuple[Label, ...]:
        """Names beside the outputs, sizes under the layers; in imgui's units, from the pose that was prepared last."""
        session = self.session
        if not session.scene.view.labels or self.view.frame.empty:
            return ()
        walking, projection = session.walking, self.projection
        scale = self.viewport.host.pixel_ratio * session.scene.look.ui_scale
        found = self.view.labels(session.source, session.pictured, walking is not None, projection, scale, session.prompt.known())
        found += arc_labels(session.source.topology, self.view.picture.layout, session.attention.arcs, session.prompt.words(), projection)
        if walking is not None:
            found += self.annotations.labels(walking, self.pointer.picked, projection)
        return tuple(found)

    def moment(self) -> Moment | None:
        """What a walk tells beside the network; None outside a walk, and where the scene wants no labels."""
        scene = self.session.scene
        walking = self.session.walking if scene.view.labels else None
        found = self.annotations.read(walking, scene.look, self.pointer.picked, self.projection)
        if found is None or self.cards == CARDS:
            return found
        table, inset = (found.table if "table" in self.cards else None), (found.inset if "function" in self.cards else None)
        return replace(found, table=table, inset=inset, window=found.window if "function" in self.cards else None)

    def show_cards(self, cards: frozenset[str]) -> None:
        """Only these of `CARDS` beside the network from now on; the camera makes room for a table only where there is one."""
        self.cards, self.camera.with_table = cards, "table" in cards

    def reading(self) -> StageReading:
        """Of the frame that was prepared last."""
        pointer, view = self.pointer, self.view
        return StageReading(
            labels=self.labels(),
            edges=view.edges,
            signals=view.signals,
            picked=pointer.picked,
            hovered=pointer.hovered,
            chosen=pointer.chosen,
            edge=pointer.hovered_edge,
            layer=pointer.layer,
            stack=view.stack(pointer.hovered, pointer.slab),
            plane=view.plane(self.session.source, pointer.hovered),
            moment=self.moment(),
            second=view.second,
            opened=view.picture.opened,
            place=self.travel.place,
            map=network_map.reading(view.layout, self.projection),
        )
