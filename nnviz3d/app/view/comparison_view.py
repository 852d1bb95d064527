"""The second of two networks that are compared: its columns, where it stands, what is picked in it, its labels. Moves no camera.

A neuron that is hovered or picked in one network is marked in the other too, where the other has one at the same place; `leads` says
that the panels read it in the second network. Ids are each network's own; the stage's are those of the first.
"""

from __future__ import annotations

from dataclasses import replace
from math import radians

import numpy as np

from nnviz3d.app.session.comparison import NAMES, SecondNetwork
from nnviz3d.app.view.decision_plate import Responses, tile_cells
from nnviz3d.app.view.labels import LINE, LOW_DROP, Anchors, apart, label_list
from nnviz3d.app.view.projection import Projection
from nnviz3d.bridge import shared_scale
from nnviz3d.bridge.network_columns import Picture
from nnviz3d.draw import camera, picking
from nnviz3d.draw.frame import SceneFrame
from nnviz3d.draw.network_buffers import Subject
from nnviz3d.layout.grid import Layout
from nnviz3d.sources.protocols import Source
from nnviz3d.spec import compare
from nnviz3d.spec.readout import Label
from nnviz3d.spec.scene import Look, View
from nnviz3d.spec.topology import Topology

GAP = 0.14  # of the height of both: what stays free between them
THINNER, DIMMER = 0.8, 0.6  # edges of two networks share the picture of one: as many pixels wide they would flood it
WAITING = 0.35  # edges of the network that waits while one walks through a step of the other
ASIDE = 12.0  # degrees: two rows leave width, which is used by looking more from the side
TOP = 45.0  # degrees: from higher up the upper network would hide the lower one
MARGIN, ROOM = 12.0, 210.0  # pixels (of imgui, unscaled): between a name and its network; what the longest name needs


class ComparisonView:
    """`picture` holds the second network's columns. `hovered` and `picked` are its neurons, or -1."""

    def __init__(self, first: Picture, network: SecondNetwork, view: View):
        self.first, self.network = first, network
        source = network.source
        self.size = wanted(source, view)
        self.picture = Picture(source.topology, view, source.ops, points=self.size[0], tile_cells=self.size[1])
        self.responses = Responses(self.picture)
        self.hovered = self.picked = -1
        self.leads = self.over = False  # whether the panels read the second network's neuron; whether the pointer is on it
        self._shared: tuple = ()  # what both were scaled for last
        self._anchors: Anchors | None = None
        self._look: tuple[Look, Look] | None = None  # the scene's, and the one that is made of it
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
        if self._look is None or look is not self._look[0]:
            thinner = {"edge_width": look.edge_width * THINNER, "edge_energy": look.edge_energy * DIMMER}
            self._look = look, look.model_copy(update=thinner)
        return self._look[1]

    def fits(self, network: SecondNetwork, view: View) -> bool:
        """Whether the columns still are those of this network."""
        return network is self.network and self.picture.topology == network.source.topology and self.size == wanted(network.source, view)

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
            self.hovered = counterpart(self.first.topology, self.picture.topology, hovered)
            return hovered
        self.hovered = found
        return counterpart(self.picture.topology, self.first.topology, found)

    def leave(self) -> None:
        """The pointer is on neither."""
        self.hovered, self.over = -1, False

    def click(self, picked: int) -> None:
        """What is hovered here is picked, or else what was picked in the first network."""
        self.leads = self.over
        self.picked = self.hovered if self.over else counterpart(self.first.topology, self.picture.topology, picked)

    def pick(self, neuron: int) -> int:
        """Pick a neuron of the network that the panels read, or -1; returns the first network's."""
        self.leads = self.leads and neuron >= 0
        mine, other = self.picture.topology, self.first.topology
        self.picked = neuron if self.leads else counterpart(other, mine, neuron)
        return counterpart(mine, other, neuron) if self.leads else neuron

    # drawing

    def prepare(self, look: Look, edges: int, signals: int, exact: bool) -> None:
        """Bring the columns up to the second network's state; at one moment with the first network's."""
        source = self.network.source
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
            if not before or before[3] != "own":
                self.first.scale_alone()
                self.picture.scale_alone()
        else:
            self.layer_by_layer = shared_scale.share(self.first, self.picture, look)

    def shown(self, frame: SceneFrame) -> tuple[Subject, SceneFrame]:
        """What the renderer draws besides the first network. A walk is the first's alone."""
        look = frame.look
        if frame.wave is not None:
            look = look.model_copy(update={"edge_energy": look.edge_energy * WAITING, "particles": 0.0})
        return self.picture.subject, replace(frame, look=look, hovered=self.hovered, picked=self.picked, wave=None)

    def names(self) -> list[str]:
        """What both networks are called."""
        return [f"{name}: {compare.title(self.network.differences, bool(k)) or 'the same'}" for k, name in enumerate(NAMES)]

    def titles(self, first: Projection, scale: float) -> list[Label]:
        """A name at the left of each network's inputs, or above them where the left has no room. `first`: the first network as it is seen;
        `scale`: text so many times as large as usual."""
        found = []
        named = bool(self.anchors.words)  # then the inputs' own names stand at the left
        corners = [layout.corners()[:8] for layout in (self.first.layout, self.picture.layout)]
        x, y, depth = first.points(np.concatenate(corners).astype(np.float64))
        for k, text in enumerate(self.names()):
            its = slice(8 * k, 8 * k + 8)
            if min(depth[its]) <= 0:
                continue
            left, top = min(x[its]), min(y[its])
            if left > ROOM * scale and not named:
                found.append(Label(left - MARGIN * scale, sum(y[its]) / 8, text, 1.0, "right", "name"))
            else:
                found.append(Label(sum(x[its]) / 8, top - 1.5 * MARGIN * scale, text, 1.0, "centre", "name"))
        return found

    def labels(self, first: Projection, scale: float, known: int | None = None) -> list[Label]:
        """The names of both networks, and the second's outputs, layers and inputs. `known`: as of `NetworkView.labels`."""
        source = self.network.source
        projection = Projection.of(self.picture.subject, first.pose, first.aspect, first.size)
        mine = label_list(self.anchors, source, source, projection, True, known)
        return [*self.titles(first, scale), *apart(mine.outputs, LINE * scale), *mine.layers, *mine.inputs]

    @property
    def anchors(self) -> Anchors:
        """Where its names stand."""
        if self._anchors is None or self._anchors.layout is not self.picture.layout:
            self._anchors = Anchors.of(self.network.source, self.picture.layout, LOW_DROP)
        return self._anchors

    def close(self) -> None:
        self.picture.close()


def wanted(source: Source, view: View) -> tuple[int, int]:
    """Samples on the plate, and cells a side of each neuron's tile."""
    return 0 if source.plane is None else len(source.plane.points), tile_cells(source, view)


def counterpart(here: Topology, there: Topology, neuron: int) -> int:
    """The neuron of the same number in the layer of the same name of another network, or -1. Inputs and outputs correspond whatever is
    between."""
    if not 0 <= neuron < here.n_neurons:
        return -1
    node, index = here.locate(neuron)
    other = there.output if node is here.output else there.by_name.get(node.name)
    if other is None or (other is there.output) != (node is here.output):
        return -1
    return other.neurons.start + index if index < other.size else -1
