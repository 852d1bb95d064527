"""The rival on the stage: its columns, where it stands, what is picked in it, its labels. The stage asks; nothing here moves a camera.

A neuron that is hovered or picked in one network is marked in the other too, where the other has one at the same place; `leads` says
that the panels read it in the rival. Ids are each network's own; the stage's are those of the first.
"""

from __future__ import annotations

from dataclasses import replace
from math import radians

import numpy as np

from nnviz3d.app.session.comparison import NAMES, Rival
from nnviz3d.app.view.decision_plate import Responses, place_labels, plane_names, tile_cells
from nnviz3d.bridge import shared_scale
from nnviz3d.bridge.network_columns import Picture
from nnviz3d.draw import camera, picking
from nnviz3d.draw.frame import Frame
from nnviz3d.layout.grid import Layout
from nnviz3d.spec import compare
from nnviz3d.spec.readout import Label
from nnviz3d.spec.scene import Look, View
from nnviz3d.spec.topology import Node, Topology

GAP = 0.14  # of the height of both: what stays free between them
THINNER, DIMMER = 0.8, 0.6  # edges of two networks share the picture of one: as many pixels wide they would flood it
WAITING = 0.35  # edges of the network that waits while one walks through a step of the other
ASIDE = 12.0  # degrees: two rows leave width, which is used by looking more from the side
TOP = 45.0  # degrees: from higher up the upper network would hide the lower one
MARGIN, ROOM = 12.0, 210.0  # pixels (of imgui, unscaled): between a name and its network; what the longest name needs
LINE = 18.0  # pixels (of imgui, unscaled) that a small name needs
DROP = 0.9  # of the pitch: names of layers hang clear of the names of outputs
SIDE_LABELS = 40  # an output layer with more classes than that has no room for names


class Beside:
    """`picture` holds the rival's columns. `hovered` and `picked` are its neurons, or -1."""

    def __init__(self, first: Picture, rival: Rival, view: View):
        self.first, self.rival = first, rival
        source = rival.source
        self.size = wanted(source, view)
        self.picture = Picture(source.topology, view, source.ops, points=self.size[0], tile_cells=self.size[1])
        self.responses = Responses(self.picture)
        self.hovered = self.picked = -1
        self.leads = self.over = False  # whether the panels read the rival's neuron; whether the pointer is on it
        self._shared = self._anchored = None
        self._look: tuple = (None, None)
        self.layer_by_layer = True  # a common scale is one of each layer pair
        self.arrange(view)

    def arrange(self, view: View) -> None:
        """Below the first network, inputs under inputs."""
        self.picture.offset = (0.0, 0.0, 0.0)
        self.picture.arrange(view)
        a, b = self.first.layout.box(), self.picture.layout.box()
        drop = float(a[0][1] - b[1][1]) - GAP * float(a[1][1] - a[0][1] + b[1][1] - b[0][1])
        self.picture.offset = (float(a[0][0] - b[0][0]), drop, 0.0)
        self.picture.arrange(view)

    @property
    def layout(self) -> Layout:
        """Of both, for the camera."""
        return self.first.layout.beside(self.picture.layout)

    def pose(self, preset: camera.Pose, name: str) -> camera.Pose:
        """A preset for one network, turned so that two can be seen."""
        if name == "top":
            return replace(preset, pitch=radians(TOP))
        return replace(preset, yaw=preset.yaw + radians(ASIDE)) if name == "three_quarter" else preset

    def look(self, look: Look) -> Look:
        """The scene's look for two networks in the place of one."""
        if look is not self._look[0]:
            thinner = {"edge_width": look.edge_width * THINNER, "edge_energy": look.edge_energy * DIMMER}
            self._look = look, look.model_copy(update=thinner)
        return self._look[1]

    def fits(self, rival: Rival, view: View) -> bool:
        """Whether the columns still are those of this rival."""
        return rival is self.rival and self.picture.topology == rival.source.topology and self.size == wanted(rival.source, view)

    # pointing

    def point(self, hovered: int, pose: camera.Pose, ndc: tuple[float, float], aspect: float, height: float) -> int:
        """`hovered`: the first network's neuron under the pointer, or -1. Returns the first network's neuron that is marked."""
        radius = max(self.picture.subject.radius * 1.2, self.picture.subject.tile)
        found = picking.pick(self.picture.layout, pose, ndc, aspect, height, radius)
        if found is not None and hovered >= 0:
            back = pose.axes[2]
            depths = [
                float((pose.eye - layout.place_n4[k, :3]) @ back)
                for layout, k in ((self.first.layout, hovered), (self.picture.layout, found))
            ]
            found = found if depths[1] < depths[0] else None
        self.over = found is not None
        if found is None:
            self.hovered = twin(self.first.topology, self.picture.topology, hovered)
            return hovered
        self.hovered = found
        return twin(self.picture.topology, self.first.topology, found)

    def leave(self) -> None:
        """The pointer is on neither."""
        self.hovered, self.over = -1, False

    def click(self, picked: int) -> None:
        """What is hovered here is picked, or else what was picked in the first network."""
        self.leads = self.over
        self.picked = self.hovered if self.over else twin(self.first.topology, self.picture.topology, picked)

    def pick(self, neuron: int) -> int:
        """Pick a neuron of the network that the panels read, or -1; returns the first network's."""
        self.leads = self.leads and neuron >= 0
        mine, other = self.picture.topology, self.first.topology
        self.picked = neuron if self.leads else twin(other, mine, neuron)
        return twin(mine, other, neuron) if self.leads else neuron

    def place(self, neuron: int):
        """Where a neuron stands, (3,)."""
        return self.picture.layout.place_n4[neuron, :3]

    # drawing

    def prepare(self, look: Look, edges: int, signals: int, exact: bool) -> None:
        """Bring the columns up to the rival's state; at one moment with the first network's."""
        source = self.rival.source
        if not source.at_boundary:
            return
        self.responses.refresh(source, source, look.palette, exact)
        self.picture.publish(source, look, edges, signals, self.hovered if self.hovered >= 0 else self.picked, exact)

    def share(self, look: Look) -> None:
        """After both were published: one scale for both, where that is wanted."""
        key = (self.first.version, self.picture.version, look.scale, look.compare)
        if key == self._shared:
            return
        before, self._shared = self._shared, key
        if look.compare == "own":
            if before is None or before[3] != "own":
                self.first.scale_alone()
                self.picture.scale_alone()
        else:
            self.layer_by_layer = shared_scale.share(self.first, self.picture, look)

    def shown(self, frame: Frame) -> tuple:
        """What the renderer draws besides the first network. A walk is the first's alone."""
        look = frame.look
        if frame.wave is not None:
            look = look.model_copy(update={"edge_energy": look.edge_energy * WAITING, "particles": 0.0})
        return self.picture.subject, replace(frame, look=look, hovered=self.hovered, picked=self.picked, wave=None)

    def names(self) -> list[str]:
        """What both networks are called."""
        return [f"{name}: {compare.title(self.rival.differences, bool(k)) or 'the same'}" for k, name in enumerate(NAMES)]

    def _titles(self, x: np.ndarray, y: np.ndarray, depth: np.ndarray, scale: float) -> list[Label]:
        """A name at the left of each network's inputs (pixels of their corners, (16,)), or above them where the left has no room."""
        found = []
        for k, text in enumerate(self.names()):
            its = slice(8 * k, 8 * k + 8)
            if depth[its].min() > 0:
                left, top = float(x[its].min()), float(y[its].min())
                aside = left > ROOM * scale and not self._axes[0]  # else the inputs' own names stand there
                place = (
                    (left - MARGIN * scale, float(y[its].mean()), "right")
                    if aside
                    else (float(x[its].mean()), top - 1.5 * MARGIN * scale, "centre")
                )
                found.append(Label(place[0], place[1], text, 1.0, place[2], "name"))
        return found

    def labels(self, pose: camera.Pose, aspect: float, size: tuple[float, float], scale: float) -> list[Label]:
        """The rival's outputs and layers, and the names of both networks; in the units of `size`, text `scale` times as large as usual."""
        outputs, layers, *others = self._anchors()
        seen = pose.project(np.concatenate([outputs, layers, *others]), aspect)
        x, y, depth = (seen[:, 0] * 0.5 + 0.5) * size[0], (0.5 - seen[:, 1] * 0.5) * size[1], seen[:, 2]
        source, reach = self.rival.source, self._reach * camera.LENS * size[1] / 2
        a_o = source.ops.to_host(source.tensors("activation")[source.topology.output.neurons.slice])
        found, classes, last = self._titles(x[-16:], y[-16:], depth[-16:], scale), [], len(outputs) + len(layers)
        for k, text in enumerate(self._words[0]):
            if depth[k] > 0:
                strength = 0.35 + 0.65 * min(abs(float(a_o[k])), 1.0)
                classes.append(Label(float(x[k] + reach / depth[k] + 5), float(y[k]), text, strength, kind="minor"))
        found += apart(classes, LINE * scale)
        first = len(outputs)
        gap = min(np.abs(np.diff(x[first:last])), default=size[0])
        if gap > 24:
            for k, text in enumerate(self._words[1], start=first):
                if depth[k] > 0:
                    found.append(Label(float(x[k]), float(y[k]), text, min(0.4 + float(gap) / 200, 0.8), "centre", "layer"))
        return found + place_labels(*self._axes, source, source, x[last:], y[last:], depth[last:], reach)

    @property
    def _reach(self) -> float:
        """Radius of a lit sphere or a tile."""
        return max(self.picture.subject.radius * 1.5, self.picture.subject.tile * 1.15)

    def _anchors(self) -> tuple[np.ndarray, ...]:
        """(n, 3) each: where names of outputs, of layers and of the plane of the rival stand; the corners of both input layers."""
        layout = self.picture.layout
        if self._anchored is not layout:
            self._anchored = layout
            places, self._words = anchors(layout, self.picture.topology, DROP)
            more, *self._axes = plane_names(self.rival.source, layout)
            self._places = *places, more, np.concatenate([each.corners()[:8] for each in (self.first.layout, layout)]).astype(np.float64)
        return self._places

    def close(self) -> None:
        self.picture.close()


def apart(labels: list[Label], spacing: float) -> list[Label]:
    """The strongest labels that stand `spacing` apart: two columns of names have half the height of one."""
    kept: list[Label] = []
    for label in sorted(labels, key=lambda label: -label.strength):
        if all(abs(label.y - other.y) >= spacing for other in kept):
            kept.append(label)
    return kept


def anchors(layout: Layout, topology: Topology, drop: float = 0.35) -> tuple[tuple[np.ndarray, np.ndarray], tuple[list[str], list[str]]]:
    """Places of the names of outputs and, `drop` pitches under each layer, of layers; and the names."""
    names = [str(label) for label in topology.output.labels] if len(topology.output.labels) <= SIDE_LABELS else []
    feet = (layout.low + layout.high) / 2
    feet[:, 1] = layout.low[:, 1] - layout.pitch * drop
    layers = [caption(topology, node) for node in topology.nodes]
    outputs = layout.place_n4[topology.output.neurons.slice, :3][: len(names)]
    return (outputs.astype(np.float64), feet.astype(np.float64)), (names, layers)


def caption(topology: Topology, node: Node) -> str:
    """What stands under a layer: "input 8x8", "48 relu"; its name first where the scene has named what it is made of."""
    shape = "x".join(map(str, node.shape))
    if node is topology.input:
        return f"input {shape}"
    name = "" if topology.is_chain or node is topology.output else f"{node.name} "
    function = f" {node.activation}" if name == "" or node.activation != "linear" else ""
    return f"{name}{shape}{function}"


def wanted(source, view: View) -> tuple[int, int]:
    """Samples on the plate, and cells a side of each neuron's tile."""
    return 0 if source.plane is None else len(source.plane.points), tile_cells(source, view)


def twin(here: Topology, there: Topology, neuron: int) -> int:
    """The neuron of the same number in the layer of the same name of another network, or -1. Inputs and outputs correspond whatever is
    between."""
    if not 0 <= neuron < here.n_neurons:
        return -1
    node, index = here.locate(neuron)
    other = there.output if node is here.output else there.by_name.get(node.name)
    if other is None or (other is there.output) != (node is here.output):
        return -1
    return other.neurons.start + index if index < other.size else -1
