"""A person's hands on the network: edges pointed at, chosen, dragged and typed on the stage and in the panel; session and picture tell."""

from __future__ import annotations

import numpy as np
import pytest
from imgui_bundle import imgui

from nnviz3d.app.view.stage import Stage
from nnviz3d.layers.edge_lookup import edge_of
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.neuron_locks import Holds
from nnviz3d.spec.phases import Place
from nnviz3d.spec.readout import Command
from nnviz3d.spec.topology import EdgeRef
from tests.helpers.person import Person

K = imgui.Key
pytestmark = pytest.mark.gl


@pytest.fixture
def person():
    opened = Person(
        edits=[Edit("view.sway", 0.0), Edit("look.particles", 0.0), Edit("look.quality", "balanced"), Edit("look.edges", "weight")]
    )
    opened.session.run(30)
    opened.frames(60)
    yield opened
    opened.close()


def edge_place(person, p: int, share: float = 0.5) -> tuple[float, float]:
    """Where an edge is on the screen."""
    ref = person.session.source.topology.parameter(p)
    node, j, i = ref.node, ref.neuron, ref.source
    before = person.session.source.topology.by_name[node.inputs[0]].neurons.start
    stage = person.loop.stage
    ends = stage.view.picture.layout.place_n4[[before + i, node.neurons.start + j], :3].astype(float)
    x, y, _ = stage.view.frame.pose.project((ends[:1] * (1 - share) + ends[1:] * share), stage.viewport.aspect)[0]
    return (x * 0.5 + 0.5) * person.host.size[0], (0.5 - y * 0.5) * person.host.size[1]


def pointed_at(person) -> tuple[int, float, float]:
    """(edge, place) of one that the pointer can mean: another may shine brighter there."""
    for share in (0.5, 0.35, 0.65, 0.25, 0.75):
        for p in range(person.session.source.topology.nodes[1].weight.stop):
            x, y = edge_place(person, p, share)
            person.move(x, y)
            if person.loop.stage.pointer.hovered_edge == edge_of(person.session.source.topology, p):
                return p, x, y
    raise AssertionError("no edge can be pointed at")


def drag(person, x, y, dy, *mods) -> None:
    io = imgui.get_io()
    person.move(x, y)
    for mod in mods:
        io.add_key_event(mod, True)
    person.frames()
    io.add_mouse_button_event(0, True)
    person.frames(2)
    for k in range(1, 9):
        io.add_mouse_pos_event(x, y - dy * k / 8)
        person.frames()
    io.add_mouse_button_event(0, False)
    person.frames()
    for mod in mods:
        io.add_key_event(mod, False)
    person.frames(2)


def test_pointing_and_clicking_choose_an_edge_and_let_it_go(person):
    stage, session = person.loop.stage, person.session
    p, x, y = pointed_at(person)
    readout = person.loop.overlay  # drawn without an error
    assert readout is not None and stage.pointer.hovered == -1
    calm = person.look()
    person.click(x, y)
    ref = session.source.topology.parameter(p)
    node, j = ref.node, ref.neuron
    assert stage.pointer.chosen == p and stage.pointer.picked == node.neurons.start + j
    assert len(stage.view.picture.subject.lit) == 1
    assert float((np.abs(person.look() - calm).max(-1) > 12).mean()) > 0.001, "the edge shines"
    person.key(K.escape)
    assert (stage.pointer.chosen, stage.pointer.picked, len(stage.view.picture.subject.lit)) == (-1, -1, 0)
    assert (person.look() == calm).all()
    person.click(x, y)
    person.click(*person.place_of(session.source.topology.nodes[1].neurons.start))
    assert stage.pointer.chosen == -1 and stage.pointer.picked == session.source.topology.nodes[1].neurons.start, (
        "a neuron wins and takes its place"
    )


def test_a_neuron_wins_over_the_edges_that_end_in_it(person):
    for neuron in range(person.session.source.topology.n_neurons):
        person.move(*person.place_of(neuron))
        assert person.loop.stage.pointer.hovered >= 0 and person.loop.stage.pointer.hovered_edge is None


def test_nothing_is_looked_for_while_pointer_and_picture_rest(person, monkeypatch):
    looks = []
    monkeypatch.setattr("nnviz3d.app.view.pointer.pick_edge", lambda *args: looks.append(args))
    person.move(3, person.host.size[1] / 2)
    looks.clear()
    person.frames(20)
    assert looks == []
    person.move(9, person.host.size[1] / 2)
    assert len(looks) == 1
    monkeypatch.setattr("nnviz3d.app.view.pointer.CROWD", 1)
    person.frames(3)
    looks.clear()
    for k in range(10):
        imgui.get_io().add_mouse_pos_event(20 + k, 300)
        person.frames()
    assert looks == [], "among many edges it waits for the pointer to rest"
    person.frames(20)
    assert len(looks) == 1
    person.session.running = True
    person.frames(10)
    assert len(looks) == 1, "and learning does not make it look again"


def test_a_wave_hides_the_edges_that_it_has_not_come_to(person):
    p, x, y = pointed_at(person)
    person.session.start_walk(Place.parse("input@0.5", person.session.source.topology, ""))
    person.move(2, 2)
    person.move(x, y)
    assert person.loop.stage.pointer.hovered_edge is None
    person.session.leave_walk()
    person.move(2, 2)
    person.frames(30)
    person.move(x, y)
    assert person.loop.stage.pointer.hovered_edge == edge_of(person.session.source.topology, p)


def test_an_edge_is_dragged_on_the_stage_and_that_is_one_step_back(person):
    session, stage = person.session, person.loop.stage
    p, x, y = pointed_at(person)
    pose, before = stage.camera.rig.goal, session.source.trainer.arenas.parameters.copy()
    drag(person, x, y, 80, K.mod_ctrl)
    now = session.source.trainer.arenas.parameters
    assert list(np.flatnonzero(now != before)) == [p] and now[p] > before[p]
    assert stage.pointer.chosen == p and stage.camera.rig.goal == pose, "the camera stands still"
    assert session.editing.reading().parameter == p
    drag(person, x, y, -40, K.mod_alt)
    assert now[p] < session.editing.reading().old + 80 * session.editing.rate(p)
    person.frames(60)
    session.undo(), session.undo()
    assert np.array_equal(now, before) and not session.history.can_undo


def test_a_bias_is_dragged_on_its_neuron_and_a_plain_drag_still_turns_the_camera(person):
    session, stage = person.session, person.loop.stage
    node = session.source.topology.nodes[1]
    before, pose = session.source.trainer.arenas.parameters.copy(), stage.camera.rig.goal
    place = person.place_of(node.neurons.start)
    drag(person, *place, -60, K.mod_ctrl)
    changed = np.flatnonzero(session.source.trainer.arenas.parameters != before)
    assert list(changed) == [node.bias.start] and session.source.parameter(node.bias.start) < before[node.bias.start]
    assert stage.camera.rig.goal == pose and stage.pointer.picked == node.neurons.start
    drag(person, 3, 300, 60)
    assert stage.camera.rig.goal != pose
    drag(person, 3, 300, 60, K.mod_ctrl)  # nothing there, nothing chosen: nothing happens
    assert list(np.flatnonzero(session.source.trainer.arenas.parameters != before)) == [node.bias.start]


def typed(person, text):
    person.open("Edit by hand")
    x, y = person.where("value")
    imgui.get_io().add_key_event(K.mod_ctrl, True)
    person.click(x, y)
    imgui.get_io().add_key_event(K.mod_ctrl, False)
    person.frames(2)
    person.key(K.a, K.mod_ctrl)
    person.type(text)
    person.frames(3)


def test_a_value_is_typed(person):
    person.loop.do(Command("choose", 2))
    typed(person, "1.25")
    assert person.session.source.parameter(2) == 1.25
    assert person.session.editing.reading().new == 1.25
    person.key(K.z, K.mod_ctrl)
    assert person.session.source.parameter(2) != 1.25


@pytest.mark.parametrize("text", ["nan", "inf", "1e9", "hello"])
def test_what_is_no_number_changes_nothing(person, text):
    person.loop.do(Command("choose", 2))
    before = person.session.source.trainer.arenas.parameters.copy()
    typed(person, text)
    assert np.array_equal(person.session.source.trainer.arenas.parameters, before)
    assert not person.session.history.can_undo
    (refused,) = person.loop.overlay.memory.refused.values()
    assert refused.text == text and ("-1,000,000 to 1,000,000" in refused.why or "is not a number" in refused.why)


def test_freeze_kill_and_release_from_the_panel_and_in_the_picture(person):
    session, n = person.session, person.session.source.topology.nodes[1].neurons.start
    person.loop.do(Command("pick", n))
    person.frames(3)  # the Neuron section opens by itself
    person.open("Edit by hand")
    calm = person.look()
    person.click(*person.where("frozen"))
    assert session.source.holds == Holds(frozen=(n,))
    ice = person.look()
    assert float((np.abs(ice - calm).max(-1) > 12).mean()) > 0.0003
    person.click(*person.where("killed"))
    assert session.source.holds == Holds(frozen=(n,), killed=(n,))
    person.look()
    person.click(*person.where(f"release killed {n}"))
    assert session.source.holds == Holds(frozen=(n,))
    person.click(*person.where("layer"))
    assert session.source.holds.frozen == tuple(range(n, session.source.topology.nodes[1].neurons.stop))
    person.click(*person.where("release frozen"))
    assert session.source.holds == Holds()


def test_an_output_offers_no_killing(person):
    person.loop.do(Command("pick", person.session.source.topology.output.neurons.start))
    person.frames(3)
    person.open("Edit by hand")
    person.where("frozen")
    with pytest.raises(AssertionError, match="is not on screen"):
        person.where("killed")


def test_after_a_rebuild_nothing_old_is_chosen(person):
    stage = person.loop.stage
    person.loop.do(Command("choose", person.session.source.topology.n_parameters - 1))
    person.frames(2)
    person.session.apply([Edit("network.layers", [])])
    person.frames(3)
    assert stage.pointer.chosen == stage.pointer.picked == -1 and stage.pointer.hovered_edge is stage.pointer.chosen_edge is None
    person.loop.do(Command("choose", 10**7))
    person.loop.do(Command("set_parameter", (10**7, 1.0)))
    person.frames(3)
    assert "there is no weight or bias" in person.session.banner
    stage.pointer.lit = 10**7
    person.frames(2)


def test_a_term_under_the_pointer_in_a_panel_lights_its_edge(person):
    stage: Stage = person.loop.stage
    picture = stage.view.picture
    stage.pointer.lit = 1
    stage.draw(0.0)
    ref = stage.session.source.topology.parameter(1)
    node, j, i = ref.node, ref.neuron, ref.source
    assert len(picture.subject.lit) == 1 and picture._marked[0] == (EdgeRef(0, 1),)
    bias = node.bias.start + j
    stage.pointer.lit = bias
    stage.draw(0.0)
    assert len(picture.subject.lit) == 0 and picture._marked[0] == (bias,), "a bias has no edge: its neuron is marked"
    assert i is not None
