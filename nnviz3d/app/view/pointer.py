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
from nnviz3d.spec import limits
from nnviz3d.spec.readout import Command, StageInput

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
    """`hovered` and `picked` are neuron ids; `chosen`, `hovered_edge` and `lit` (under the pointer on a panel) are parameters; `layer` is a
    node's place; -1: none. Ids are the first network's."""

    def __init__(self, viewport: Viewport, view: NetworkView, session: Session):
        self.viewport, self.view, self.session = viewport, view, session
        self._place: tuple[float, float] | None = None  # where it was in the last frame, None: not on the stage
        self._rested = False
        self.let_go()

    def let_go(self) -> None:
        """Of all: ids are of another network."""
        self.hovered = self.picked = self.chosen = self.layer = self.hovered_edge = self.lit = -1
        self.forget()

    def forget(self) -> None:
        """Look again, whatever was looked at last; nothing is dragged."""
        self._looked: tuple = ()  # what the last look was a function of
        self._drag = NO_DRAG

    def marks(self) -> Marks:
        """For the picture."""
        count = self.session.source.topology.n_parameters
        lit = tuple(dict.fromkeys(p for p in (self.chosen, self.hovered_edge, self.lit) if 0 <= p < count))
        return Marks(self.hovered, self.picked, lit)

    # ---------------------------------------------------------------- what a person does

    def point(self, stage: StageInput) -> None:
        """Find what is under the pointer; while the camera is dragged, nothing is."""
        self._drag = NO_DRAG
        if stage.pointer is not None and not any(stage.orbit) and not any(stage.pan):
            self._look(stage.pointer)
            return
        self.hovered = self.hovered_edge = -1
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
        self._drag = Drag(p, self.session.source.parameter(p), self.session.editing.rate(p))
        if self.hovered >= 0:
            self._choose(self.hovered, -1)
        elif self.hovered_edge >= 0:
            self._choose(-1, p)
        return True

    def _in_hand(self) -> int:
        topology = self.session.source.topology
        if self.hovered >= topology.input.neurons.stop:
            node, j = topology.locate(self.hovered)
            return node.bias.start + j
        return self.hovered_edge if self.hovered_edge >= 0 else self.chosen

    def _choose(self, neuron: int, edge: int) -> None:
        """A neuron, or an edge with the neuron that it leads into, or neither."""
        self.chosen, self.picked = edge, neuron
        if edge >= 0:
            node, j, _i = self.session.source.topology.parameter(edge)
            self.picked = node.neurons.start + j

    # ---------------------------------------------------------------- what is under it

    def _look(self, place: tuple[float, float]) -> None:
        """The neuron under the pointer, or else the edge; only where the pointer or the picture has moved, as it was drawn last."""
        view, (width, height) = self.view, self.viewport.size
        picture, pose, wave = view.picture, view.frame.pose, view.frame.wave
        crowded = picture.edges.shown > CROWD
        rests, self._place = place == self._place, place
        self._rested = self._rested and rests
        key = (place, width, height, pose, id(picture.layout), picture.version, wave)
        if key == self._looked and (self._rested or not crowded):
            return
        self._looked = key
        ndc = (2 * place[0] / max(width, 1) - 1, 1 - 2 * place[1] / max(height, 1))
        radius = max(picture.subject.radius * 1.2, picture.subject.tile)
        found = picking.pick(picture.layout, pose, ndc, self.viewport.aspect, height, radius)
        self.hovered = -1 if found is None else found
        if found is not None or (crowded and not rests):
            self.hovered_edge, self._rested = -1, rests
        elif not (crowded and self._rested):  # so many are looked through once, when the pointer has come to rest
            self._rested = rests
            self.hovered_edge = self._edge(ndc, pose, wave)
        if view.second:
            self.hovered = view.second.point(self.hovered, pose, ndc, self.viewport.aspect, height)
            self.hovered_edge = -1 if view.second.over else self.hovered_edge

    def _edge(self, ndc: tuple[float, float], pose: Pose, wave: Wave | None) -> int:
        """The edge there, of those that can be seen, or -1."""
        picture, size = self.view.picture, self.viewport.size
        ribbon = self.session.scene.look.edge_width * max(size[1] / LINES, 0.5)

        def energies(k: int, edges: np.ndarray) -> np.ndarray:
            """By connection; a wave hides those that it has not come to."""
            layer = float(picture.layout.place_n4[picture.topology.connections[k].target.neurons.start, 3])
            return picture.energies(k, edges) if wave is None or wave.passed(layer) > 0 else np.zeros(len(edges))

        edge = pick_edge(picture.layout, picture.drawn(), energies, pose, ndc, size, ribbon, FAINTEST)
        return -1 if edge is None else edge
