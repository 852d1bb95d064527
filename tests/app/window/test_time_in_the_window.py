"""Time as a person drives it: keys and buttons through the real loop, seen in the session and in the picture."""

import numpy as np
import pytest
from imgui_bundle import imgui

from nnviz3d.spec.edit import Edit
from nnviz3d.spec.phases import Place
from nnviz3d.spec.readout import Command
from tests.helpers.person import K, Person, change
from tests.helpers.runs import whole

pytestmark = pytest.mark.gl
STILL = [Edit("view.sway", 0.0), Edit("look.particles", 0.0), Edit("look.quality", "low")]


def look(person) -> np.ndarray:
    """The stage above the bar and below the header, where only the network is; the camera is at rest."""
    person.loop.overlay.memory.toast_seconds = 9.0  # the note of what was kept is gone
    person.move(2, 2)
    person.frames(4)
    height, width = person.host.size[1], round(person.host.size[0] * (1 - person.loop.overlay.free.right))
    return person.host.read()[140 : height - 230, :width].astype(int)


@pytest.fixture
def person():
    opened = Person("iris", size=(720, 520), edits=[*STILL, Edit("train.steps_per_second", 60.0)])
    yield opened
    opened.close()


def test_steps_and_epochs_by_keys(person):
    steps = person.session.source.trainer.of_epoch[1]
    for _ in range(3):
        person.key(K.period)
    assert person.session.source.step == 3
    person.key(K.comma)
    assert person.session.source.step == 2
    for k in (1, 2):
        person.key(K.page_down, K.mod_ctrl)
        person.frames(30)
        assert person.session.source.step == k * steps and not person.session.running
    person.key(K.page_up, K.mod_ctrl)
    assert person.session.source.step == steps
    person.key(K.home)
    assert person.session.source.step == 0
    person.key(K.comma)
    assert "first step" in person.session.banner
    person.key(K.escape)
    person.key(K.end)
    assert person.session.source.step == 2 * steps and person.session.banner == ""


def test_a_walk_by_keys_alone(person):
    person.key(K.i)
    person.key(K.space)
    person.key(K.page_down)
    person.key(K.page_down)
    walk = person.session.walking
    assert walk.walk.step == 3 and walk.number == 0 and not walk.playing
    person.key(K.page_up)
    assert walk.walk.step == person.session.source.step == 2
    person.key(K.end)
    assert walk.over
    person.key(K.home)
    person.key(K.period)
    person.key(K.page_down, K.mod_shift)
    assert walk.number == 2 and str(walk.phases[walk.walk.place.index]) == "forward:1"  # its end: the picture shows it done
    person.key(K.l)
    person.key(K.l)
    person.key(K.g)
    assert (walk.walk_settings.loop, walk.walk_settings.mean) == ("on", True)
    imgui.get_io().add_input_characters_utf8("+")
    person.frames(2)
    assert walk.walk_settings.speed == 1.0
    person.key(K.page_down, K.mod_ctrl)
    person.frames(30)
    steps = person.session.source.trainer.of_epoch[1]
    assert person.session.walking.walk.step == steps + 1 and person.session.walking.walk_settings.mean
    person.key(K.escape)
    assert person.session.walking is None


def test_whose_gradient_it_is_is_seen_on_the_edges(person):
    person.session.run(20)
    person.session.start_walk(Place.parse("backward:1@0.9", person.session.source.topology))
    person.frames(50)  # the camera makes room for the table
    sample = look(person)
    person.key(K.g)
    assert change(sample, look(person)) > 0.002
    person.key(K.g)
    assert change(sample, look(person)) == 0


def test_moments_by_keys_are_seen_and_entered(person):
    session = person.session
    person.key(K.f2)
    session.run(60)
    person.frames(2)
    person.key(K.f3)
    at_b, views = whole(session.source.trainer), {}
    for name in ("A", "B", "B - A", ""):
        person.key(K.f4)
        assert session.moments.shown == name
        views[name] = look(person)
    assert change(views[""], views["B"]) == 0 < 0.003 < change(views["A"], views["B"])
    assert change(views["B - A"], views["B"]) > 0.003
    session.run(10)
    person.key(K.f2, K.mod_shift)
    assert session.source.step == 0
    person.key(K.f3, K.mod_shift)
    assert whole(session.source.trainer) == at_b
    person.key(K.f4)
    person.key(K.space)
    person.frames(5)
    assert session.moments.shown == "" and session.source.step > 60


def test_the_neuron_panel_tells_the_moment_that_is_looked_at(person):
    person.key(K.f2)
    person.session.run(40)
    person.loop.stage.pointer.picked = neuron = person.session.source.topology.output.neurons.start
    person.key(K.f4)
    person.frames(30)
    reading = person.loop.overlay._dock.neuron.shown[0]
    assert reading.a == float(person.session.pictured.tensors("activation")[neuron])
    assert reading.a != float(person.session.source.tensors("activation")[neuron])


def test_the_decision_plate_answers_as_the_moment_did():
    person = Person("xor", edits=STILL)
    person.session.run(5)
    person.key(K.f2)
    person.session.run(300)
    person.frames(4)
    responses = person.loop.stage.view.responses
    before = responses.range_n2.copy()
    person.key(K.f4)
    person.frames(6)
    kept = person.session.pictured
    assert responses._answered[0][6] == responses._answered[1][6] == kept.serial  # plate and tiles
    own = person.session.source.responses(person.loop.stage.view.picture.subject.tile_cells, kept.sample.x, kept.parameters)
    np.testing.assert_array_equal(responses.range_n2[:, 0], own.min(0))
    assert np.abs(before - responses.range_n2).max() > 0.05
    person.close()


def test_a_stop_condition_is_reported_on_the_stage(person):
    person.session.apply([Edit("train.stop_epoch", 2)])
    person.key(K.space)
    person.frames(60)
    assert person.session.source.epoch == 2.0 and not person.session.running
    from nnviz3d.app.readout import build

    assert build.sentence(person.session) == "Stopped: epoch 2 is done. Press Play to continue."
    person.key(K.space)
    person.frames(10)
    assert person.session.running and person.session.source.epoch > 2


def test_another_scene_begins_with_no_moments(person):
    person.key(K.f2)
    person.loop.do(Command("open", "xor"))
    person.frames(3)
    assert not person.session.moments.kept and person.session.running
