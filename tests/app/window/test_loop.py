"""The frame loop on a headless host, driven through imgui's io: what a person does, seen in the session and in the picture."""

from __future__ import annotations

import random

import numpy as np
import pytest
from imgui_bundle import imgui

from nnviz3d.spec import toml
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.readout import Command
from nnviz3d.spec.scene import Scene
from tests.helpers.person import K, Person, change, check
from tests.ui.where import recording

pytestmark = pytest.mark.gl


@pytest.fixture
def person():
    opened = Person(edits=[Edit("view.sway", 0.0), Edit("look.particles", 0.0), Edit("look.quality", "balanced")])
    yield opened
    opened.close()


def test_play_trains_and_pause_stops(person):
    before = person.look()
    assert person.session.source.step == 0
    person.click(*person.where("play"))
    assert person.session.running
    person.frames(20)
    person.click(*person.where("play"))
    step = person.session.source.step
    assert step > 0 and not person.session.running
    person.frames(10)
    assert person.session.source.step == step
    assert change(before, person.look()) > 0.003  # other weights, other edges


def test_a_still_scene_is_a_still_picture(person):
    assert change(person.look(), person.look()) == 0


def test_a_typed_learning_rate_arrives_in_the_scene_and_in_the_optimiser(person):
    person.open("Training")
    person.click(*person.where("train.learning_rate"))
    person.key(K.a, K.mod_ctrl)
    person.type("0.5")
    assert person.session.scene.train.learning_rate == 0.5
    assert person.session.source.trainer.train.learning_rate == 0.5
    assert person.session.history.can_undo
    person.key(K.z, K.mod_ctrl)
    assert person.session.scene.train.learning_rate == toml.load("xor").train.learning_rate


def test_a_layer_is_added_drawn_and_undone(person):
    person.open("Network")
    scene, neurons, before = person.session.scene, person.session.source.topology.n_neurons, person.look()
    with recording() as found:
        person.frames()
    add = next(label for label in found if "Add layer" in label)
    person.click(*found[add][0])
    added = person.session.scene.network.layers[-1].units
    assert len(person.session.scene.network.layers) == len(scene.network.layers) + 1
    assert person.session.source.topology.n_neurons == person.loop.stage.view.picture.topology.n_neurons == neurons + added
    assert change(before, person.look()) > 0.02
    person.key(K.z, K.mod_ctrl)
    assert person.session.scene == scene and person.session.source.topology.n_neurons == neurons
    person.key(K.z, K.mod_ctrl, K.mod_shift)
    assert person.session.source.topology.n_neurons == neurons + added


def test_every_neuron_can_be_picked_and_is_read_from_the_arena(person):
    before = person.look()
    person.session.run(30)
    person.frames(2)
    for neuron in range(person.session.source.topology.n_neurons):
        person.click(*person.place_of(neuron))
        assert person.loop.stage.pointer.hovered == person.loop.stage.pointer.picked == neuron
    reading = person.loop.overlay._dock.neuron.shown[0]
    assert reading.a == float(person.session.source.tensors("activation")[reading.neuron])
    assert change(before, person.look()) > 0.003  # its edges stand out
    person.key(K.escape)
    assert person.loop.stage.pointer.picked == -1


def test_ctrl_s_writes_into_the_current_folder_and_never_over_another_file(person, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    mine = tmp_path / "xor.toml"
    mine.write_text("# mine\n")
    person.session.apply([Edit("look.glow", 2.0)])
    assert person.session.scene != person.session.saved
    person.key(K.s, K.mod_ctrl)
    assert mine.read_text() == "# mine\n"
    written = tmp_path / "xor-2.toml"
    assert Scene.load(written) == person.session.scene == person.session.saved
    assert str(written) in person.loop.toast
    person.session.apply([Edit("look.glow", 1.5)])
    person.key(K.s, K.mod_ctrl)  # from now on it is this file
    assert Scene.load(written).look.glow == 1.5 and not (tmp_path / "xor-3.toml").exists()


def test_a_folder_that_cannot_be_written_to_is_said_and_nothing_is_lost(person, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    person.session.path = tmp_path / "gone" / "x.toml"
    person.key(K.s, K.mod_ctrl)
    assert "x.toml" in person.session.banner
    person.key(K.f12)
    assert [path.suffix for path in tmp_path.iterdir()] == [".png"]


@pytest.mark.parametrize("name", ["iris", "deep"])
def test_the_menu_opens_another_scene(person, name):
    before = person.look()
    person.click(*person.where("scenes"))
    person.move(*person.where("iris"))
    imgui.get_io().add_mouse_wheel_event(0, -40.0 if name == "deep" else 0.0)  # the list is longer than the window
    person.frames(4)
    person.click(*person.where(name))
    assert person.session.scene == toml.load(name) and person.session.running
    assert person.loop.stage.view.picture.topology is person.session.source.topology
    assert person.session.name == name
    assert change(before, person.look()) > 0.02


def test_a_step_is_walked_by_keys_and_by_the_time_line(person):
    person.key(K.i)
    walking = person.session.walking
    assert walking.playing and person.session.source.step == 1
    person.key(K.space)
    assert not walking.playing
    person.key(K.period)
    border = walking.number
    assert border == int(border) > 0
    forward = person.look()
    _, y = person.where("walk_play")
    left, right = person.where("walk_leave")[0], person.where("walk_next")[0]
    person.click((left + right) / 2, y - 34 * person.loop.overlay.scale)  # the time line lies above the buttons
    assert walking.number != border and person.session.source.step == 1
    assert change(forward, person.look()) > 0.002
    person.key(K.i)
    assert person.session.source.step == 2 and person.session.walking.number < 1
    person.key(K.escape)
    assert person.session.walking is None and not person.session.running


def test_the_run_is_dragged_back(person):
    person.key(K.space)
    person.frames(30)
    person.key(K.space)
    last, before = person.session.source.step, person.look()
    left, right = person.where("play")[0], person.where("speed")[0]
    person.click((left + right) / 2 - 40, person.where("play")[1] - 32 * person.loop.overlay.scale)
    assert person.session.source.step < last == person.session.source.history.newest
    assert change(before, person.look()) > 0.001


def test_divergence_stops_with_a_banner_and_play_says_it_again(person):
    person.session.apply([Edit("train.optimizer", "sgd"), Edit("train.loss", "mse"), Edit("network.output.activation", "linear")])
    person.session.apply([Edit("train.learning_rate", 1000.0), *(Edit(f"network.layers.{k}.activation", "relu") for k in range(2))])
    person.key(K.space)
    person.frames(60)
    assert person.session.source.diverged and not person.session.running and "diverged" in person.session.banner
    assert np.isfinite(person.session.source.tensors("parameter")).all()
    person.key(K.escape)
    assert person.session.banner == ""
    person.key(K.space)
    assert not person.session.running and "diverged" in person.session.banner
    person.session.apply([Edit("train.learning_rate", 0.001)])
    person.key(K.r)
    person.key(K.space)
    person.frames(5)
    assert person.session.running and person.session.banner == ""


def test_2000_events_and_new_sizes_by_chance_keep_every_invariant(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    person = Person(play=True, size=(640, 400), edits=[Edit("look.quality", "low")])
    dice, io = random.Random(20), imgui.get_io()
    keys = (
        *(K.space, K.period, K.r, K.n, K.f, K.h, K.escape, K._1, K._4, K._6, K.left_bracket, K.right_bracket),
        *(K.f1, K.f11, K.w, K.left_arrow, K.enter, K.backspace, K.tab, K.z, K.y),
        *(K.i, K.g, K.l, K.comma, K.page_up, K.page_down, K.home, K.end, K.f2, K.f3, K.f4, K.f6, K.down_arrow),
    )
    held, trained = False, 0
    for k in range(2000):
        match dice.randrange(12):
            case 0 | 1 | 2 | 3:
                io.add_mouse_pos_event(dice.uniform(-20, person.host.size[0] + 20), dice.uniform(-20, person.host.size[1] + 20))
            case 4 | 5 | 6 | 7:
                held = not held
                io.add_mouse_button_event(0, held)
            case 8:
                io.add_mouse_wheel_event(0, dice.uniform(-4, 4))
            case 9 | 10:
                key, ctrl = dice.choice(keys), dice.random() < 0.3
                for down in (True, False):
                    io.add_key_event(K.mod_ctrl, down and ctrl)
                    io.add_key_event(key, down)
            case 11:
                io.add_input_characters_utf8(dice.choice(("1", "7e3", "-", ".", "0", "é", "?")))
        if dice.random() < 0.01:
            person.host.resize(dice.randint(40, 700), dice.randint(40, 420))
        if k % 3 == 0:
            person.frames()
            trained = max(trained, person.session.source.step)
        if k % 100 == 99:
            check(person)
    assert trained > 20
    person.close()


def test_a_click_on_a_mistake_shows_such_a_sample_and_the_next_click_another():
    person = Person("digits", edits=[Edit("look.quality", "low")], size=(1000, 900))
    person.session.source.run(40)
    person.open("Confusion matrix")
    person.frames(40)
    count = person.session.confusion.reading(person.session.source, True).count_cc
    wrong = count.copy()
    np.fill_diagonal(wrong, 0)
    i, j = np.unravel_index(wrong.argmax(), wrong.shape)
    assert wrong[i, j] > 1
    seen = []
    for _ in range(wrong[i, j] + 1):
        person.click(*person.where(f"worst{i},{j}"))
        sample = person.session.source.sample
        assert sample.target == i and person.session.seen.answer()[0].startswith(str(j)), "it is what the panel said"
        seen.append(sample.index)
    assert len(set(seen)) == wrong[i, j] and seen[-1] == seen[0]
    person.session.start_walk()
    person.loop.do(Command("browse_cell", (i, j)))
    assert person.session.walking is None and person.session.source.sample.index == seen[1], "it is of the test set, not of the batch"
    person.close()


def test_open_readings_follow_the_run_and_closed_ones_do_nothing(monkeypatch):
    person = Person("digits", play=True, edits=[Edit("look.quality", "low")])
    person.open("Layers")
    person.frames(60)
    reading = person.session.layers.reading(person.session.source, ("weight", 0))
    assert len(reading.step_t) >= 5 and reading.step_t[-1] <= person.session.source.step
    person.open()
    assert person.session.wants == {}
    monkeypatch.setattr(person.session.layers, "_take", lambda source: pytest.fail("looked"))
    monkeypatch.setattr(person.session.confusion, "_count", lambda source: pytest.fail("counted"))
    person.frames(20)
    person.close()


def test_open_readings_leave_no_trace_in_what_is_learned():
    runs = []
    for sections in ((), ("Layers", "Confusion matrix")):
        person = Person("digits", edits=[Edit("look.quality", "low"), Edit("train.steps", 30), Edit("train.steps_per_second", 60.0)])
        person.open(*sections)
        person.session.play()
        for _ in range(200):
            person.frames()
            if not person.session.running:
                break
        runs.append(person.session.source.trainer.arenas.copies())
        assert person.session.source.step == 30
        person.close()
    assert all(runs[0][name].tobytes() == runs[1][name].tobytes() for name in runs[0])
