"""The picture of what a session shows: its columns and its renderer, of one network, or of two that are compared. Draws a `ViewState`.

Reads the session only where the network itself is another one (`follow`); drawing reads the state that it is given, and writes nothing but
columns on the graphics card.
"""

from __future__ import annotations

from collections.abc import Callable
from math import log2

from nnviz3d.app.session.session import Session
from nnviz3d.app.view.captions import slab_text
from nnviz3d.app.view.comparison_view import ComparisonView, wanted
from nnviz3d.app.view.decision_plate import Responses
from nnviz3d.app.view.labels import DROP, LINE, LOW_DROP, Anchors, apart, frame_labels, label_list
from nnviz3d.app.view.projection import Projection, Surface
from nnviz3d.app.view.view_state import ViewState
from nnviz3d.bridge.network_columns import Picture
from nnviz3d.bridge.shown_edges import ShownEdges
from nnviz3d.draw.frame import SceneFrame
from nnviz3d.draw.network_buffers import Subject
from nnviz3d.draw.renderer import Renderer
from nnviz3d.gfx.context import Context
from nnviz3d.layout.grid import Layout
from nnviz3d.layout.tiles import WIDE
from nnviz3d.layout.units import STAGE, most_open
from nnviz3d.sources.protocols import Source
from nnviz3d.sources.viewable import Viewable
from nnviz3d.spec.edit import Rebuild
from nnviz3d.spec.readout import Label, PlaneReading
from nnviz3d.spec.scene import View

STEPS = 3  # of the stage's shape for each doubling: it must not rearrange at every pixel


class NetworkView:
    """`picture` holds the first network's columns, `second` the other network while two are compared. `frame`: what was prepared last."""

    def __init__(self, context: Context, session: Session):
        self.context = context
        self.frame = SceneFrame()
        self.aspect, self._area = WIDE, STAGE
        self._anchors: Anchors | None = None
        self._build(session)

    def _build(self, session: Session) -> None:
        view = session.scene.view
        self._size = wanted(session.source, view)
        self.picture = Picture(session.source.topology, view, session.ops, points=self._size[0], tile_cells=self._size[1])
        self.picture.area = self._area
        self.picture.arrange(view, self.aspect)
        self.responses = Responses(self.picture)
        network = session.second
        self.second = ComparisonView(self.picture, network, view) if network else None
        others = [self.second.picture.subject] if self.second else []
        self.renderer = Renderer(self.context, self.picture.subject, *others)

    # ---------------------------------------------------------------- what there is

    @property
    def layout(self) -> Layout:
        """Of all that is drawn, for the camera."""
        return self.second.layout if self.second else self.picture.goal

    @property
    def edges(self) -> ShownEdges:
        """What the legend says of the edges of all networks."""
        return self.picture.edges if self.second is None else self.picture.edges.with_those(self.second.picture.edges)

    @property
    def signals(self) -> int:
        """Edges that particles (or arrows) are drawn along, of all networks."""
        return sum(len(subject.signals) for subject, _ in self.shown()) if self.frame.look.particles > 0 else 0

    def stack(self, hovered: int, slab: str = "") -> str:
        """What is said of a slab, or of the stack that this neuron is folded into; "" for none."""
        if slab:
            return slab_text(self.picture.topology, self.picture.parts.by_name[slab])
        found = self.picture.layout.stack_of(hovered) if not (self.second and self.second.over) else None
        return "" if found is None else f"{len(found.folded_m):,} inputs in one stack: those with smaller weights"

    def plane(self, source: Source, hovered: int) -> PlaneReading | None:
        """What is said of the plane, and of the picture of the neuron under the pointer."""
        if self.second and self.second.over:
            return self.second.responses.reading(self.second.network.source, self.second.hovered)
        return self.responses.reading(source, hovered)

    # ---------------------------------------------------------------- another network, another layout

    def shape(self, aspect: float, area: float, view: View) -> bool:
        """Follow the shape and the area (in units of text) of the free stage, in steps. Returns whether the layout is another one: that of
        walls and rows depends on it, and what is open at the start."""
        aspect = 2 ** (round(STEPS * log2(min(max(aspect, 0.2), 5.0))) / STEPS)
        area = STAGE * 2 ** (round(STEPS * log2(min(max(area / STAGE, 0.01), 1.0))) / STEPS)
        picture = self.picture
        if (aspect, area) == (self.aspect, self._area):
            return False
        before = most_open(self.aspect, self._area)
        wide = aspect != self.aspect
        self.aspect, self._area, picture.area = aspect, area, area
        if not wide and most_open(aspect, area) == before:
            return False
        if not len(picture.goal.tiles) and (most_open(aspect, area) == before or not picture.parts.by_name):
            return False
        self.picture.arrange(view, aspect)
        if self.second:
            self.second.picture.aspect = aspect
            self.second.arrange(view)
        return True

    def coming(self, view: View) -> Callable[[], object] | None:
        """What works out the layout of these settings, to be called on a thread; None where it is there, or is there soon enough."""
        self.picture.aspect = self.aspect
        asked = self.picture.asked(view, self.picture.subject.tile_cells)
        there = self.second is not None or bool(self.picture.folds) or self.picture.arrangements.has(asked)
        return None if there else lambda: self.picture.arrangements.of(asked)

    def follow(self, session: Session, level: Rebuild) -> bool:
        """What the session rebuilt. Returns whether the columns are new ones."""
        fresh = not self._fits(session)
        if fresh:
            self.close()
            self._build(session)
        elif level == Rebuild.LAYOUT:
            self.picture.arrange(session.scene.view, self.aspect, move=self.second is None)
            if self.second:
                self.second.arrange(session.scene.view)
        self.responses.forget()
        if self.second:
            self.second.responses.forget()
        return fresh

    def _fits(self, session: Session) -> bool:
        """Whether the columns still have the size of what is to be shown."""
        network, view = session.second, session.scene.view
        if (network is None) != (self.second is None) or (network and self.second and not self.second.fits(network, view)):
            return False
        return self.picture.topology == session.source.topology and wanted(session.source, view) == self._size

    # ---------------------------------------------------------------- drawing

    def advance(self, dt: float) -> None:
        """Move on by `dt` seconds."""
        self.picture.advance(dt)

    def prepare(self, shown: ViewState) -> None:
        """Publish what changed, and settle what `render` draws."""
        look, marks = shown.look, shown.marks
        if shown.whole:
            self._publish(shown)
        else:  # inside a step, which may take many frames
            self.picture.choice.search()
        self.picture.mark(marks.lit, shown.holds)
        self.picture.outline(marks.focus, shown.wave)
        self.picture.glass.point_at(marks.slab, self.picture.subject)
        self.picture.show_arcs(shown.arcs)
        drawn = self.second.look(look) if self.second else look
        self.frame = SceneFrame(
            shown.pose, shown.time, drawn, shown.level, marks.hovered, marks.picked, shown.transparent, shown.wave, shown.empty
        )

    def _publish(self, shown: ViewState) -> None:
        """Bring all columns up to the state."""
        look, exact = shown.look, shown.exact
        self.responses.refresh(shown.source, shown.pictured, look.palette, exact)
        networks = 2 if self.second else 1  # two networks cost what one does
        edges = shown.level.edges // networks
        signals = round(shown.level.particles * min(look.particles, 2.0)) // networks
        change = shown.wave.change if shown.wave else None
        self.picture.publish(shown.pictured, look, edges, signals, shown.marks.focus, exact, shown.quantity, change)
        if self.second:
            self.second.prepare(look, edges, signals, exact)
            if not shown.walking:
                self.second.share(look)

    def render(self, host: Surface) -> None:
        """Draw what was prepared: OpenGL calls only."""
        (subject, frame), *others = self.shown()
        self.renderer.render(subject, frame, host.framebuffer, host.size, others)

    def shown(self) -> list[tuple[Subject, SceneFrame]]:
        """What was prepared: each network with its frame."""
        return [(self.picture.subject, self.frame), *([self.second.shown(self.frame)] if self.second else [])]

    # ---------------------------------------------------------------- names

    def projection(self, aspect: float, size: tuple[float, float]) -> Projection:
        """The first network as it was prepared last, on a screen of this size in imgui's units."""
        return Projection.of(self.picture.subject, self.frame.pose, aspect, size)

    def labels(
        self, source: Source, pictured: Viewable, walking: bool, projection: Projection, scale: float, known: int | None = None
    ) -> list[Label]:
        """Names of outputs, layers, inputs and axes, in the order in which they are placed. `scale`: of the text. `known`: of the tokens of
        a sequence, so many are real ones; None: all."""
        mine = label_list(self._anchored(source), source, pictured, projection, self.second is not None and not walking, known)
        outputs = mine.outputs
        if self.second:
            outputs = [*apart(outputs, LINE * scale), *self.second.labels(projection, scale, known)]
        return [*outputs, *mine.layers, *frame_labels(self.picture.layout, projection), *mine.inputs]

    def _anchored(self, source: Source) -> Anchors:
        """Where names stand; worked out once for each layout."""
        if self._anchors is None or self._anchors.layout is not self.picture.layout:
            self._anchors = Anchors.of(source, self.picture.layout, LOW_DROP if self.second else DROP)
        return self._anchors

    def close(self) -> None:
        self.renderer.close()
        self.picture.close()
        if self.second:
            self.second.close()
