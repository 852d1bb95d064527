"""Training is a thing to lose: reset, a new seed, another network, other data and another scene leave a run, and undo brings it back."""

from __future__ import annotations

import numpy as np
import pytest
from imgui_bundle import imgui

from nnviz3d.app.session import navigation, run_archive, scene_files
from nnviz3d.app.session.comparison import SecondNetwork
from nnviz3d.app.session.opening import new_session
from nnviz3d.app.session.session import REMEMBER
from nnviz3d.formats import checkpoint
from nnviz3d.spec import toml
from nnviz3d.spec.dialogs import SaveFirst, SaveRun
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.readout import Command
from tests.helpers.dropped_files import CSV, drop
from tests.helpers.person import Person
from tests.helpers.runs import whole

K = imgui.Key


def session(name="iris", *sets, remember=REMEMBER):
    path = toml.find(name)
    return new_session(toml.load(path, [toml.parse_set(text) for text in sets]), path.parent, "cpu", path, remember)


LEAVE = {
    "reset": lambda s: s.reset(),
    "new seed": lambda s: s.reset(seed=99),
    "a layer more": lambda s: s.apply([Edit("network.layers", [*s.scene.network.layers, {"units": 3}], (0, None))]),
    "a layer less": lambda s: s.apply([Edit("network.layers", [])]),
    "optimiser": lambda s: s.apply([Edit("train.optimizer", "sgd")]),
    "other data": lambda s: s.apply([Edit("data.kind", "wine")]),
    "another part": lambda s: s.apply([Edit("data.seed", 5)]),
    "a second network": lambda s: s.apply([Edit("compare", {"train.optimizer": "sgd"})]),
}


@pytest.mark.parametrize("how", LEAVE)
def test_undo_brings_the_run_back_whole(how):
    s = session()
    s.run(50)
    s.apply([Edit("train.learning_rate", 0.1)])
    s.editing.set_parameter(3, 0.5)
    s.run(40)
    s.unsaved = 77.0
    state, scene, curves, past = whole(s.source.trainer), s.scene, s.curves.charts, s.source.history.stretches()
    LEAVE[how](s)
    s.run(25)
    after = whole(s.source.trainer)
    s.undo()
    assert whole(s.source.trainer) == state and s.scene == scene and s.source.history.stretches() == past and s.unsaved == 77.0
    assert s.second is None and all(np.array_equal(getattr(s.curves.charts, k), getattr(curves, k), equal_nan=True) for k in vars(curves))
    s.rewind(20)
    assert s.source.step == 20 and s.scene.train.learning_rate == 0.02
    s.rewind(90)
    s.redo()
    assert whole(s.source.trainer) == after and s.curves.charts.train_step[-1] in (25, 115)
    s.undo()
    assert whole(s.source.trainer) == state
    plain = session()
    plain.source.run(50)
    plain.apply([Edit("train.learning_rate", 0.1)])
    plain.source.set_parameter(3, 0.5)
    plain.source.run(60)
    s.run(20)
    assert s.source.parameters()["layers.0.weight"].tobytes() == plain.source.parameters()["layers.0.weight"].tobytes()


def test_what_is_kept_is_bounded_and_the_oldest_goes_first():
    s = session()
    for _ in range(6):
        s.run(60)
        s.reset()
    past = s.history._past
    one = past[-1].bytes
    run_archive.fit(past, int(one * 2.5))
    assert sum(run.bytes for run in past) <= one * 2.5
    assert past[-1].state.held.history.bytes and past[0].state is None
    assert past[-3].state is None or not past[-3].state.held.history.bytes, "the past goes before the run"
    for _ in range(6):
        s.undo()
    assert s.banner == run_archive.GONE and s.source.step == 60, "where nothing was kept the run stays"


def test_a_run_without_its_past_goes_on():
    s = session()
    s.run(60)
    state = whole(s.source.trainer)
    s.reset()
    assert s.history._past[-1].shrink() and s.history._past[-1].state is not None
    s.undo()
    assert whole(s.source.trainer) == state and s.source.history.oldest == 60
    s.run(10)
    s.rewind(65)
    assert s.source.step == 65


def test_a_kept_moment_comes_with_its_curve():
    s = session()
    s.run(60)
    s.moments.keep(s, "A")
    curve = s.curves.charts
    s.rewind(20)
    s.apply([Edit("train.learning_rate", 0.5)])
    s.run(70)
    s.moments.enter(s, "A")
    assert all(np.array_equal(getattr(s.curves.charts, k), getattr(curve, k), equal_nan=True) for k in ("train_step", "train_loss"))
    navigation.move(s, "step", -1)
    assert s.source.step in (59, 60) and (s.source.step == 59) != bool(s.banner)
    s.reset()
    s.run(5)
    s.moments.enter(s, "A")
    assert np.array_equal(s.curves.charts.train_loss, curve.train_loss)


def test_looking_is_no_change(tmp_path):
    s = session()
    s.show_next(3)
    s.apply([Edit("view.camera", "front"), Edit("look.weights", "difference"), Edit("look.edges", "gradient"), Edit("view.follow", True)])
    assert not scene_files.unsaved(s)
    s.save(tmp_path / "mine.toml")
    assert toml.load(tmp_path / "mine.toml").view.camera == "front", "but it is saved"
    s.apply([Edit("look.glow", 2.0)])
    assert scene_files.unsaved(s)


def test_both_networks_go_back_only_as_far_as_both_can(monkeypatch):
    s = session("xor", "compare.train.learning_rate=0.5")
    s.run(40)
    s.second.source.history.forget()
    s.run(20)
    s.rewind(10)
    assert s.source.step == s.second.source.step == 40
    navigation.move(s, "step", -1)
    assert s.source.step == 40 and "nearest stored step is 40" in s.banner
    assert SecondNetwork.oldest.fget(s.second) == 40


def test_a_stop_condition_counts_again_for_who_goes_back_to_before_it():
    s = session("iris", "train.stop_accuracy=0.9", "train.steps_per_second=0.0")
    held = []
    for _ in range(2):
        s.play()
        for _ in range(400):
            s.advance(1 / 30, lambda: True)
            if not s.running:
                break
        held.append((s.source.step, s.stops.key))
        s.rewind(0)
    assert held[0] == held[1] and held[0][1] == "train.stop_accuracy" and held[0][0] > 0


# ---------------------------------------------------------------- in the window


@pytest.fixture
def person(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    opened = Person("iris", size=(900, 600), edits=[Edit("look.quality", "low")])
    yield opened
    opened.close()


@pytest.mark.gl
def test_by_keys_reset_is_taken_back_and_an_edit_in_the_past_ends_the_line(person):
    s = person.session
    s.run(30)
    state = whole(s.source.trainer)
    person.key(K.r)
    assert s.source.step == 0
    person.key(K.z, K.mod_ctrl)
    assert whole(s.source.trainer) == state and person.loop.stage.view.picture.topology is s.source.topology
    for _ in range(6):
        person.key(K.page_up)
    s.apply([Edit("train.learning_rate", 0.5)])
    person.key(K.end)
    assert s.source.step == 24 == s.source.history.newest
    person.frames(3)
    assert person.session.curves.charts.train_step[-1] == 24


@pytest.mark.gl
def test_another_scene_and_own_data_are_taken_back(person, tmp_path):
    first = person.session
    first.run(30)
    state, log = whole(first.source.trainer), person.loop.log
    person.loop.do(Command("open", "xor"))
    (tmp_path / "a.csv").write_text(CSV)
    person.frames(2)
    assert person.session is not first and person.session.scene.data.kind == "xor"
    second = person.session
    person.key(K.z, K.mod_ctrl)
    assert person.session is first and whole(first.source.trainer) == state and person.loop.log is log and not first.running
    person.frames(3)
    person.key(K.z, K.mod_ctrl, K.mod_shift)
    assert person.session is second
    person.key(K.z, K.mod_ctrl)
    first.apply([Edit("train.learning_rate", 0.5)])
    person.key(K.z, K.mod_ctrl, K.mod_shift)
    assert person.session is first, "after a change there is no way on"


@pytest.mark.gl
def test_long_training_is_asked_about_and_saved(person, tmp_path):
    s = person.session
    s.run(30)
    s.unsaved = 119.0
    person.loop.do(Command("quit"))
    assert person.host.closing
    person.host.closing, s.unsaved = False, 300.0
    person.loop.do(Command("quit"))
    person.frames(3)
    assert person.loop.dialogs.question == SaveRun("Iris", "close the window", 30, 300.0) or isinstance(
        person.loop.dialogs.question, SaveRun
    )
    person.click(*person.where("Save …"))
    person.loop.dialogs.answer(str(tmp_path / "kept.safetensors"))
    assert person.host.closing and checkpoint.head(tmp_path / "kept.safetensors").state.a.step == 30 and s.unsaved == 0.0
    person.host.closing, s.unsaved = False, 300.0
    s.apply([Edit("look.glow", 2.0)])
    person.loop.do(Command("open", "xor"))
    assert isinstance(person.loop.dialogs.question, SaveFirst)
    person.loop.dialogs.answer("discard")
    assert isinstance(person.loop.dialogs.question, SaveRun)
    person.loop.dialogs.answer("discard")
    assert person.session.scene.data.kind == "xor"


@pytest.mark.gl
def test_a_dropped_checkpoint_goes_on(person, tmp_path):
    scene_files.checkpoint(person.session, tmp_path / "start.safetensors")
    person.session.run(30)
    state, path = whole(person.session.source.trainer), tmp_path / "f.safetensors"
    scene_files.checkpoint(person.session, path)
    person.session.run(5)
    drop(person, path)
    assert whole(person.session.source.trainer) == state and "continues from step 30" in person.loop.toast
    first = person.session
    person.loop.do(Command("open", "xor"))
    person.frames(2)
    person.session.running, person.session.asked = False, "auto"
    drop(person, path)
    assert person.session.asked == "auto", "what was asked for, and not what came of it on this machine"
    assert person.session.scene.data.kind == "iris" and person.session is not first and whole(person.session.source.trainer) == state
    person.key(K.z, K.mod_ctrl)
    person.key(K.z, K.mod_ctrl)
    assert person.session.scene.data.kind == "xor"


@pytest.mark.gl
@pytest.mark.parametrize("side", [-0.9, 0.9])
def test_all_of_the_knob_can_be_grabbed(person, side):
    s = person.session
    s.run(30)
    person.frames(2)
    from nnviz3d.ui.hud import scrubber

    places, draw = [], scrubber.draw

    def spy(f, name, room, height, *rest, **more):
        corner = imgui.get_cursor_screen_pos()
        places.append((corner.x + room - height * scrubber.KNOB, corner.y + height / 2, height * scrubber.KNOB))
        return draw(f, name, room, height, *rest, **more)

    scrubber.draw = spy
    try:
        person.frames(2)
    finally:
        scrubber.draw = draw
    x, y, radius = places[-1]
    person.move(x + side * radius, y)
    imgui.get_io().add_mouse_button_event(0, True)
    person.frames(2)
    person.move(x - 200, y)
    imgui.get_io().add_mouse_button_event(0, False)
    person.frames(2)
    assert 0 < s.source.step < 30
