"""The pointer over a stage: what is under it, what was picked and chosen, and a weight or bias that is dragged.

Writes nothing: a drag is handed back as the command that changes the value.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from nnviz3d.app.session.session import Session
from nnviz3d.app.view.network_view import NetworkView
from nnviz3d.app.view.projection import Viewport
from nnviz3d.app.view.view_state import Marks
from nnviz3d.draw import picking
from nnviz3d.draw.camera import Pose
from nnviz3d.draw.edge_picking import pick_edge
from nnviz3d.draw.frame import Wave
from nnviz3d.layers import edge_lookup
from nnviz3d.spec import limits
from nnviz3d.spec.parameter_ref import own_parameter
from nnviz3d.spec.readout import Command, StageInput
from nnviz3d.spec.topology import EdgeRef

CROWD = 20_000  # drawn edges that can be looked through in a millisecond, in every frame
FAINTEST = 0.04  # energy of the faintest edge that can be pointed at: thrice what is drawn at all
LINES = 720  # rows of a picture in which an edge is as wide as the look says


@dataclass(frozen=True)
class Drag:
    """A parameter that is dragged, its value, and how far a pixel moves it. -1: none is."""

    parameter: int = -1
    value: float = 0.0
    rate: float = 0.0


NO_DRAG = Drag()


class Pointer:
    """`hovered` and `picked` are neuron ids; `chosen` and `lit` (under the pointer on a panel) are parameters; `layer` is a node's place;
    -1: none. `hovered_edge`, and `chosen_edge`, which has the chosen parameter if it has any; None: none. Ids are the first network's."""

    def __init__(self, viewport: Viewport, view: NetworkView, session: Session):
        self.viewport, self.view, self.session = viewport, view, session
        self._place: tuple[float, float] | None = None  # where it was in the last frame, None: not on the stage
        self._rested = False
        self.let_go()

    def let_go(self) -> None:
        """Of all: ids are of another network."""
        self.hovered = self.picked = self.layer = self.lit = self._chosen = -1
        self.hovered_edge: EdgeRef | None = None
        self.slab = ""  # the part under the pointer
        self.chosen_edge: EdgeRef | None = None
        self.forget()

    @property
    def chosen(self) -> int:
        """The parameter that is looked at, or -1."""
        return self._chosen

    @chosen.setter
    def chosen(self, parameter: int) -> None:
        self.choose(parameter)

    def choose(self, what: EdgeRef | int) -> None:
        """Look at an edge, and at its parameter if it has one; or at a parameter, and the edge that has it; or, -1, at neither."""
        topology = self.session.source.topology
        if isinstance(what, EdgeRef):
            p = edge_lookup.parameter(topology, what)
            self._chosen, self.chosen_edge = -1 if p is None else p, what
        else:
            self._chosen, self.chosen_edge = what, edge_lookup.edge_of(topology, what)

    def forget(self) -> None:
        """Look again, whatever was looked at last; nothing is dragged."""
        self._looked: tuple = ()  # what the last look was a function of
        self._drag = NO_DRAG

    def marks(self) -> Marks:
        """For the picture."""
        return Marks(self.hovered, self.picked, self._lit(), self.slab)

    def _lit(self) -> tuple[EdgeRef | int, ...]:
        """The edges that are drawn on top, and the biases whose neurons are marked."""
        topology = self.session.source.topology
        wanted = (self.chosen_edge or self.chosen, self.hovered_edge, edge_lookup.edge_of(topology, self.lit) or self.lit)
        edges = (each for each in wanted if isinstance(each, EdgeRef) and edge_lookup.exists(topology, each))
        biases = (p for p in wanted if isinstance(p, int) and 0 <= p < topology.n_parameters)
        traced = (each for each in self.session.tracing.edges if edge_lookup.exists(topology, each))
        return tuple(dict.fromkeys((*edges, *biases, *traced)))

    # ---------------------------------------------------------------- what a person does

    def point(self, stage: StageInput) -> None:
        """Find what is under the pointer; while the camera is dragged, nothing is."""
        self._drag = NO_DRAG
        if stage.pointer is not None and not any(stage.orbit) and not any(stage.pan):
            self._look(stage.pointer)
            return
        self.hovered, self.hovered_edge, self.slab = -1, None, ""
        self._looked = ()
        if self.view.second:
            self.view.second.leave()

    def click(self) -> None:
        """Pick the neuron under the pointer, or choose the edge, or let go of both."""
        self._choose(self.hovered, self.hovered_edge)
        if self.view.second:
            self.view.second.click(self.picked)

    def pick(self, neuron: int) -> None:
        """A neuron of the network that the panels read, or -1."""
        self.picked = self.view.second.pick(neuron) if self.view.second else neuron

    def drag(self, pixels: float) -> Command | None:
        """The edge under the pointer, or the bias of the neuron there, or what was chosen before, by so many pixels upwards. Returns the
        command that writes the new value; None: nothing changes."""
        if self.view.second and self.view.second.over:  # by hand only the first network is changed
            return None
        if self._drag.parameter < 0 and not self._take():
            return None
        if not pixels:
            return None
        held = self._drag
        value = min(max(held.value + pixels * held.rate, -limits.PARAMETER), limits.PARAMETER)
        self._drag = replace(held, value=value)
        return Command("set_parameter", (held.parameter, value))

    def _take(self) -> bool:
        """Begin to drag what is under the pointer. Returns whether there is anything."""
        p = self._in_hand()
        if p < 0:
            return False
        source = self.session.source  # where it cannot be changed, the command says why
        value = float(source.ops.to_host(source.tensors("parameter")[p : p + 1])[0])
        self._drag = Drag(p, value, self.session.editing.rate(p))
        if self.hovered >= 0:
            self._choose(self.hovered, None)
        elif self.hovered_edge is not None:
            self._choose(-1, self.hovered_edge)
        return True

    def _in_hand(self) -> int:
        """The parameter that a drag would turn, or -1."""
        topology = self.session.source.topology
        node, j = topology.locate(max(self.hovered, 0))
        if self.hovered >= 0 and node.bias is not None and (own := own_parameter(node, node.bias, j)) is not None:
            return own
        if self.hovered_edge is None:
            return self.chosen
        p = edge_lookup.parameter(topology, self.hovered_edge)
        return -1 if p is None else p

    def _choose(self, neuron: int, edge: EdgeRef | None) -> None:
        """A neuron, or an edge with the neuron that it leads into, or neither."""
        self.choose(-1 if edge is None else edge)
        self.picked = neuron if edge is None else edge_lookup.ends(self.session.source.topology, edge)[1]

    # ---------------------------------------------------------------- what is under it

    def _look(self, place: tuple[float, float]) -> None:
        """The neuron under the pointer, or else the edge; only where the pointer or the picture has moved, as it was drawn last."""
        view, (width, height) = self.view, self.viewport.size
        picture, pose, wave = view.picture, view.frame.pose, view.frame.wave
        crowded = picture.edges.shown > CROWD
        rests, self._place = place == self._place, place
        self._rested = self._rested and rests
        key = (place, width, height, pose, picture.layout, picture.version, wave)
        if key == self._looked and (self._rested or not crowded):
            return
        self._looked = key
        ndc = (2 * place[0] / max(width, 1) - 1, 1 - 2 * place[1] / max(height, 1))
        radius = max(picture.subject.radius * 1.2, picture.subject.tile)
        found = picking.pick(picture.layout, pose, ndc, self.viewport.aspect, height, radius)
        self.slab = self._slab(ndc, pose, found)
        found = None if self.slab else found
        self.hovered = -1 if found is None else found
        if self.slab:
            self.hovered_edge = None
        elif found is not None or (crowded and not rests):
            self.hovered_edge, self._rested = None, rests
        elif not (crowded and self._rested):  # so many are looked through once, when the pointer has come to rest
            self._rested = rests
            self.hovered_edge = self._edge(ndc, pose, wave)
        if view.second:
            self.hovered = view.second.point(self.hovered, pose, ndc, self.viewport.aspect, height)
            self.hovered_edge = None if view.second.over else self.hovered_edge

    def _slab(self, ndc: tuple[float, float], pose: Pose, found: int | None) -> str:
        """The slab there, unless the neuron that was found stands before it."""
        layout = self.view.picture.layout
        eye, way = pose.ray(ndc, self.viewport.aspect)
        name, distance = picking.pick_slab(layout, eye, way)
        before = found is not None and float((layout.place_n4[found, :3] - eye) @ way) < distance
        return "" if before else name

    def _edge(self, ndc: tuple[float, float], pose: Pose, wave: Wave | None) -> EdgeRef | None:
        """The edge there, of those that can be seen."""
        picture, size = self.view.picture, self.viewport.size
        ribbon = self.session.scene.look.edge_width * max(size[1] / LINES, 0.5)

        def energies(k: int, edges: np.ndarray) -> np.ndarray:
            """By connection; a wave hides those that it has not come to."""
            c = picture.topology.connections[k]
            seen = wave is None or wave.passed(c.source.rank, c.target.rank) > 0
            return picture.energies(k, edges) if seen else np.zeros(len(edges))

        return pick_edge(picture.layout, picture.drawn(), energies, pose, ndc, size, ribbon, FAINTEST)
