"""A person at a network with branches: an edge without a weight is pointed at, clicked, kept in the timeline; it has nothing to turn."""

from __future__ import annotations

import numpy as np
import pytest

from nnviz3d.app.readout import build
from nnviz3d.layers import edge_lookup
from nnviz3d.layout.detours import lifted
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.phases import Place, phases
from nnviz3d.spec.readout import EdgeReading, StageInput
from nnviz3d.spec.topology import EdgeRef
from tests.helpers.person import Person
from tests.helpers.scene_pixels import scene_pixels

pytestmark = pytest.mark.gl


@pytest.fixture
def person():
    edits = [Edit("view.sway", 0.0), Edit("look.particles", 0.0), Edit("look.quality", "balanced"), Edit("look.edges", "weight")]
    opened = Person("residual", edits=edits)
    opened.frames(20)
    yield opened
    opened.close()


def place(person, edge: EdgeRef, share: float) -> tuple[float, float]:
    """Where an edge is on the screen, as it is drawn."""
    stage, topology = person.loop.stage, person.session.source.topology
    layout = stage.view.picture.layout
    begin, end = layout.place_n4[list(edge_lookup.ends(topology, edge)), :3].astype(float)
    point, detour = begin + (end - begin) * share, layout.detours[edge.connection]
    point = point if detour is None else lifted(detour, point, np.array(share))
    x, y, _ = stage.view.frame.pose.project(point[None], stage.viewport.aspect)[0]
    return (x * 0.5 + 0.5) * person.host.size[0], (0.5 - y * 0.5) * person.host.size[1]


def pointed_at(person, connection) -> EdgeRef:
    for share in (0.5, 0.4, 0.6, 0.3, 0.7):
        for local in range(connection.size):
            edge = EdgeRef(connection.number, local)
            person.move(*place(person, edge, share))
            if person.loop.stage.pointer.hovered_edge == edge:
                return edge
    raise AssertionError("no edge of it can be pointed at")


@pytest.mark.parametrize("slot", [0, 1])
def test_an_edge_of_a_sum_is_pointed_at_and_chosen_and_has_nothing_to_turn(person, slot):
    topology, pointer = person.session.source.topology, person.loop.stage.pointer
    node = topology.by_name["sum"]
    edge = pointed_at(person, topology.into(node)[slot])
    readout = build.readout(person.session, person.loop.stage.reading())
    assert isinstance(readout.edge, EdgeReading) and readout.edge.layer == node.number and readout.edge.index == edge.local
    source, target = edge_lookup.ends(topology, edge)
    assert readout.edge.a == pytest.approx(float(person.session.source.tensors("activation")[source]))
    person.click(*place(person, edge, 0.5))
    if pointer.chosen_edge != edge:  # another one shines brighter in its middle
        pointer.choose(edge)
        pointer.picked = target
        person.frames(2)
    assert (pointer.chosen, pointer.picked) == (-1, target) and len(person.loop.stage.view.picture.subject.lit) >= 1
    person.frames(2)
    kept = [event.value for event in person.loop.log.events if event.kind == "seen"]
    assert kept[-1][2] == [edge.connection, edge.local] and kept[-1][0] == target
    before = {name: array.copy() for name, array in person.session.source.parameters().items()}
    pointer.hovered, pointer.hovered_edge = -1, edge
    assert person.loop.stage.handle(StageInput(tuning=True, tune=30.0), 0.02) is None
    assert all((array == before[name]).all() for name, array in person.session.source.parameters().items())


def test_the_walk_is_drawn_and_pointed_at_in_every_phase(person):
    topology = person.session.source.topology
    person.session.start_walk(Place(0, 0.5))
    for index in range(len(phases(topology))):
        for share in (0.3, 0.8):
            person.session.walking.walk.go(index + share)
            person.frames(1)
            person.move(person.host.size[0] * 0.7, person.host.size[1] * 0.2)
            assert np.isfinite(scene_pixels(person.loop.stage.renderer)).all()
