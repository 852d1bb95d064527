"""The guided tour in the real loop: every step in every language, true numbers, and whatever a visitor does in between."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from imgui_bundle import imgui

from nnviz3d.app.cli.commands import outcome
from nnviz3d.app.cli.main import app
from nnviz3d.app.session.opening import new_session
from nnviz3d.app.tour.controller import TourController
from nnviz3d.spec import tour as lessons
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.number_text import pair_plain, percent, plain, short
from nnviz3d.spec.phases import Place, phases
from nnviz3d.spec.topology_builder import outline_topology
from nnviz3d.spec.tour_reading import END, NUMBER
from tests.helpers.person import K, Person

pytestmark = pytest.mark.gl


def visit(scene: str = "xor", size: tuple[int, int] = (520, 360), edits=(), play: bool = False) -> Person:
    """A person before a small window."""
    return Person(scene, play, size, edits=[Edit("look.quality", "low"), *edits])


def at(visitor: Person) -> str:
    """The step of the tour."""
    state = visitor.tour.course.state
    return f"{state.lesson + 1}.{state.step + 1}"


@pytest.fixture
def visitor(request):
    visitor = visit(**getattr(request, "param", {}))
    yield visitor
    visitor.loop.close()


def said(tour: TourController) -> str:
    return re.sub(f"[{NUMBER}{END}*]", "", tour.reading().text)


def numbers(tour: TourController) -> list[str]:
    """The live values in the text, in order."""
    return re.findall(f"{NUMBER}(.*?){END}", tour.reading().text)


@pytest.mark.parametrize("code", ["en", "de"])
def test_every_step_of_every_lesson_is_reached_and_says_what_is_true(code):
    visitor = visit(size=(360, 260), edits=[Edit("view.language", code)])
    tour, seen = visitor.tour, []
    visitor.do("tour")
    counts = tour.course.state.counts
    while tour.on:
        step, session = tour.course.step, visitor.session
        visitor.frames(2, dt=8.0)  # the camera and the walk have arrived
        seen.append(at(visitor))
        reading = tour.reading()
        assert "–" not in reading.text and "{" not in reading.text, reading.text
        assert reading.heading and reading.titles[reading.lesson] in reading.heading
        if step.phase:
            place = session.walking.walk.place
            assert place == Place.parse(step.phase, session.source.topology), "the walk has come to the step's place"
            assert session.walking.walk.tape.step == tour.course.subject.step + 1 and not session.running
            assert session.walking.walk.tape.row == session.walking.walk.tape.rows[tour.course.subject.row]
        else:
            assert session.walking is None and session.source.step >= step.train
        assert len(reading.marks) == len(step.mark)
        for mark in reading.marks:
            if mark.box is None and not mark.lines:
                assert 0 < mark.x < 360 and 0 < mark.y < 260, "what is marked is in the picture"
        rig = visitor.loop.stage.camera.rig
        assert (*rig.pose.target, rig.pose.distance) == pytest.approx((*rig.goal.target, rig.goal.distance)), "the camera has arrived"
        visitor.do("tour", "next")
    assert seen == [f"{k}.{s}" for k, count in enumerate(counts, 1) for s in range(1, count + 1)]
    visitor.loop.close()


def test_the_numbers_in_the_texts_are_the_tapes_own(visitor):
    tour = visitor.tour

    def reported(place: str) -> list[str]:
        visitor.do("tour", place)
        visitor.frames(1)
        return [text.replace("\u00a0", " ") for text in numbers(tour)]

    def verdict(sample) -> list[str]:
        p = sample.a[tape.topology.output.neurons.slice]
        return [str(int(p.argmax())), percent(float(p.max()))]

    visitor.do("tour")
    tape = visitor.session.walking.walk.tape
    topology = tape.topology
    out = topology.output.neurons.start
    truth = int(tape.target)
    p = float(tape.old.a[out + truth])
    hidden = topology.nodes[1].neurons
    j = int(tape.old.a[hidden.slice].argmax())
    w_i = topology.nodes[1].weight.view(tape.before)[j].astype(np.float64)
    z = float(w_i @ tape.old.a[topology.input.neurons.slice] + tape.before[topology.nodes[1].bias.start + j])
    assert reported("1.2") == ["64"]
    assert reported("1.4") == [plain(float(tape.old.z[hidden.start + j])), plain(max(z, 0.0))]
    assert reported("2.4") == ["10", *verdict(tape.old)]
    assert reported("3.1") == [str(truth), str(truth), percent(p)]
    assert reported("3.2") == [plain(p), plain(tape.old.loss)] and tape.old.loss == pytest.approx(-math.log(p), rel=1e-6)
    assert reported("3.3") == [str(truth), plain(p), plain(float(tape.old.delta[out + truth]))]
    second = topology.nodes[2]
    k = int(np.abs(tape.old.delta[second.neurons.slice]).argmax())
    i = int(tape.old.a[hidden.slice].argmax())
    edge = second.weight.start + k * second.weight.shape[1] + i
    error, a = float(tape.old.delta[second.neurons.start + k]), float(tape.old.a[hidden.start + i])
    assert reported("4.3") == [plain(error), plain(a), plain(float(tape.sample_gradient[edge]))]
    assert float(tape.sample_gradient[edge]) == pytest.approx(error * a, rel=1e-6)
    assert reported("4.4") == [f"{topology.n_parameters:,}"]
    assert reported("5.2") == list(pair_plain(float(tape.before[edge]), float(tape.after[edge])))
    assert reported("5.3") == [plain(tape.old.loss), plain(tape.new.loss), *verdict(tape.old), *verdict(tape.new)]
    assert visitor.loop.stage.pointer.chosen == -1 and visitor.loop.stage.pointer.picked == -1


def test_the_story_holds_the_step_puts_a_wrong_answer_right(visitor):
    """What the tour was made around: a 2 that is taken for a 3. Its texts are true without it, but would teach less."""
    visitor.do("tour")
    walk = visitor.session.walking.walk
    assert walk.said(False)[0].startswith("3 (") and walk.said(True)[0].startswith("2 (") and walk.tape.new.loss < walk.tape.old.loss


def test_training_runs_to_its_step_and_the_text_keeps_up(visitor):
    visitor.do("tour", "6.2")
    seen = set()
    for _ in range(80):
        visitor.frames(2, dt=0.1)
        seen.add(numbers(visitor.tour)[1])
        if not visitor.session.running:
            break
    visitor.frames(20)
    session = visitor.session
    assert session.source.step == 150 and len(seen) > 5
    assert numbers(visitor.tour)[1:] == ["150", short(float(session.source.loss))]
    visitor.do("tour", "next")
    assert session.running and session.source.step >= 150
    visitor.do("tour", "next")  # not waited for: the rest is learnt at once
    assert session.source.step == 600 and not session.running
    visitor.do("tour", "back")
    visitor.frames(20)
    accuracy, tested = session.scores.test_accuracy, session.scoring.step
    assert [text.replace("\u00a0", " ") for text in numbers(visitor.tour)[1:]] == [str(tested), percent(accuracy)]


def test_the_same_place_is_the_same_from_everywhere(visitor):
    """Straight, from the end, and after a detour through training."""

    def state(place: str):
        visitor.do("tour", place)
        visitor.frames(1, dt=8.0)
        walk = visitor.session.walking
        seen = visitor.session.seen
        return said(visitor.tour), walk and walk.walk.place, seen.tensors("parameter").tobytes(), visitor.loop.stage.pointer.picked

    places = ["1.4", "4.3", "5.3", "6.1", "7.3", "8.5"]
    first = {place: state(place) for place in places}
    for place in ["6.4", "5.3", "8.5", "6.3", "7.3", "6.1", "4.3", "7.6", "7.3", "8.1", "1.1", "1.4", "8.5", "2.3", "5.3"]:
        found = state(place)
        assert place not in first or found == first[place], place


# ---------------------------------------------------------------- what was before


@pytest.mark.parametrize("visitor", [{"scene": "xor", "play": True, "size": (840, 400)}], indirect=True)
@pytest.mark.parametrize("way", ["close", "escape", "T", "finish"])
def test_leaving_puts_everything_back(visitor, way):
    loop = visitor.loop
    visitor.edit("train.learning_rate", 0.02)
    visitor.do("pick", 5)
    visitor.do("camera", "top")
    visitor.frames(20, dt=0.05)
    loop.overlay._dock.opened["Look"] = True
    session, stage, pose, opened = loop.session, loop.stage, loop.stage.camera.rig.goal, dict(loop.overlay._dock.opened)
    visitor.key(K.t)
    step, parameters = session.source.step, session.source.tensors("parameter").copy()
    assert visitor.tour.on and loop.session is not session
    assert loop.session.name == "digits" and loop.session.scene == loop.session.saved
    assert not loop.overlay.memory.panels
    visitor.do("tour", "1.4")
    visitor.do("tour", "6.2")
    visitor.frames(10)
    assert loop.overlay.memory.panels and [title for title, on in loop.overlay._dock.opened.items() if on] == ["Charts"]
    assert session.source.step == step and np.array_equal(session.source.tensors("parameter"), parameters), "it waits"
    match way:
        case "close":
            visitor.do("tour", "close")
        case "escape":
            visitor.key(K.escape)
        case "T":
            visitor.key(K.t)
        case "finish":
            visitor.do("tour", "8.6")
            visitor.key(K.space)
    visitor.frames(2)
    assert not visitor.tour.on and loop.session is session and loop.stage is stage
    assert session.scene.train.learning_rate == 0.02 and session.scene != session.saved and session.history.can_undo
    assert session.running and loop.stage.pointer.picked == 5 and loop.stage.camera.rig.goal == pose
    assert loop.overlay._dock.opened == opened and loop.overlay.memory.panels
    visitor.frames(5)
    assert session.source.step > step, "it learns on"


def test_a_walk_that_was_open_is_open_again(visitor):
    visitor.do("walk")
    visitor.do("walk_to", 3.25)
    walk = visitor.session.walking.walk
    visitor.do("tour")
    visitor.do("tour", "6.1")
    visitor.do("tour", "close")
    assert visitor.session.walking.walk is walk and walk.place.number == 3.25


# ---------------------------------------------------------------- interruptions


MEDDLING = {
    "reset": lambda v: v.do("reset"),
    "another seed": lambda v: v.do("new_seed"),
    "learning rate": lambda v: v.edit("train.learning_rate", 0.5),
    "other layers": lambda v: v.edit("network.layers", ({"units": 3, "activation": "tanh"},)),
    "other data": lambda v: v.edit("data.kind", "iris"),
    "a weight by hand": lambda v: v.do("set_parameter", (7, 3.0)),
    "a dead neuron": lambda v: v.do("kill", ((70,), True)),
    "one step": lambda v: v.do("step"),
    "leaving the walk": lambda v: v.do("walk_leave"),
    "the next iteration": lambda v: v.do("walk"),
    "another sample": lambda v: v.do("next_sample"),
    "training": lambda v: (v.do("play"), v.frames(10)),
    "undo": lambda v: (v.edit("train.batch", 8), v.do("undo")),
    "divergence": lambda v: (v.edit("train.optimizer", "sgd"), v.edit("train.learning_rate", 1e9), v.do("play"), v.frames(20)),
    "scrubbing": lambda v: v.do("walk_to", 0.3),
    "picking": lambda v: v.do("pick", 3),
}


@pytest.mark.parametrize("place", ["4.3", "6.2"])
@pytest.mark.parametrize("what", MEDDLING)
def test_whatever_is_done_in_between_the_tour_goes_on(visitor, what, place):
    visitor.do("tour", "1.1")
    visitor.do("tour", place)
    visitor.frames(2)
    MEDDLING[what](visitor)
    visitor.frames(2)
    tour = visitor.tour
    assert tour.on and tour.reading().text
    visitor.do("tour", "4.3")
    visitor.frames(1, dt=8.0)
    subject, walk = tour.course.subject, visitor.session.walking.walk
    assert walk.place == Place.parse("backward:2", walk.topology) and walk.tape.row == walk.tape.rows[subject.row]
    fresh = new_session(subject.scene, subject.path.parent, "cpu")
    fresh.run(subject.step)
    fresh.start_walk()
    assert np.array_equal(fresh.walking.walk.tape.before, walk.tape.before) and np.array_equal(
        fresh.walking.walk.tape.after, walk.tape.after
    )
    assert not visitor.session.banner
    visitor.do("tour", "close")
    assert visitor.session.name == "xor"


def test_the_text_keeps_true_numbers_when_the_walk_is_left(visitor):
    visitor.do("tour", "4.3")
    before = said(visitor.tour)
    visitor.do("walk_leave")
    visitor.frames(30)
    assert said(visitor.tour) == before


def test_opening_another_scene_ends_the_tour_and_unsaved_changes_are_not_lost(visitor):
    visitor.edit("train.learning_rate", 0.02)
    mine = visitor.session
    visitor.do("tour")
    visitor.do("open", "iris")
    assert not visitor.tour.on and visitor.session is mine, "there are changes to be asked about first"
    assert visitor.loop.dialogs.question is not None


def test_opening_a_scene_without_changes_opens_it(visitor):
    visitor.do("tour", "3")
    visitor.do("open", "iris")
    assert not visitor.tour.on and visitor.session.name == "iris" and visitor.session.running


def test_a_window_of_any_size_and_none_at_all(visitor):
    visitor.do("tour", "2.2")
    visitor.frames(80)
    goal = visitor.loop.stage.camera.rig.goal
    for size in ((900, 300), (40, 40), (300, 900), (520, 360)):
        visitor.host.resize(*size)
        visitor.frames(3)
        assert visitor.tour.on
    visitor.frames(80)
    assert visitor.loop.stage.camera.rig.goal.distance == pytest.approx(goal.distance, rel=0.15), "looked at anew in each size"
    visitor.do("tour", "next")
    assert at(visitor) == "2.3"


def test_minimised_in_the_middle_of_a_move(visitor, monkeypatch):
    visitor.do("tour", "2.1")
    visitor.do("tour", "next")
    visitor.frames(3)
    with monkeypatch.context() as patch:
        patch.setattr(type(visitor.host), "size", property(lambda self: (0, 0)))
        visitor.frames(5)
    visitor.frames(2, dt=8.0)
    assert at(visitor) == "2.2" and visitor.session.walking.walk.place == Place.parse("forward:1", visitor.session.source.topology)


def test_dragging_the_time_line_holds_the_walk_there(visitor):
    visitor.do("tour", "2.2")
    visitor.do("tour", "next")
    visitor.frames(3)
    visitor.do("walk_to", 1.25)
    visitor.frames(60)
    assert visitor.session.walking.number == 1.25
    assert visitor.tour.course.state.met, "that is what the step invites to"


def test_a_click_on_another_neuron_is_what_the_step_invites_to(visitor):
    visitor.do("tour", "1.4")
    visitor.frames(60)
    tour, stage = visitor.tour, visitor.loop.stage
    x, y, _ = stage.projection.neurons(np.array([tour.neuron, 64 + 40]))
    io = imgui.get_io()
    for k, met in ((0, False), (1, True)):
        io.add_mouse_pos_event(x[k], y[k])
        visitor.frames(2)
        for down in (True, False):
            io.add_mouse_button_event(0, down)
            visitor.frames()
        visitor.frames(2)
        assert tour.course.state.met is met
    assert stage.pointer.picked != tour.neuron and tour.reading().marks


@pytest.mark.parametrize("visitor", [{"size": (900, 620)}], indirect=True)
def test_pointing_at_a_cell_is_what_the_step_invites_to(visitor):
    visitor.do("tour", "7.1")
    visitor.frames(4, dt=4.0)
    tour, stage = visitor.tour, visitor.loop.stage
    topology = visitor.session.source.topology
    cells = np.array([topology.input.neurons.start, topology.by_name["strokes"].neurons.start + 35])
    x, y, _ = stage.projection.neurons(cells)
    for k, met in ((0, False), (1, True)):
        imgui.get_io().add_mouse_pos_event(x[k], y[k])
        visitor.frames(3)
        assert tour.course.state.met is met
    assert topology.locate(stage.pointer.hovered)[0] is topology.by_name["strokes"]


def test_a_drawing_is_answered_and_the_next_step_has_the_network_of_its_own(visitor):
    visitor.do("tour", "7.6")
    visitor.frames(2)
    tour, source = visitor.tour, visitor.session.source
    assert tour.course.step.section == "Draw" and source.step == 200
    visitor.do("draw", ())
    assert not tour.course.state.met, "nothing was drawn"
    before = visitor.session.pictured.tensors("activation").copy()
    visitor.do("draw", ((0.1, False, (0.2, 0.2, 0.8, 0.2, 0.4, 0.9)),))  # a seven
    assert tour.course.state.met
    assert not np.array_equal(visitor.session.pictured.tensors("activation"), before), "the maps answer"
    visitor.do("tour", "next")
    visitor.frames(2)
    assert "scores" in str(visitor.session.source.topology.by_name) and visitor.session.walking.walk.step == 81


@pytest.mark.parametrize("lesson", [7, 8])
def test_the_lessons_about_pictures_and_sequences_have_a_network_that_learned(visitor, lesson):
    """Their texts say so; a network that guesses would teach nothing."""
    visitor.do("tour", f"{lesson}.1")
    subject = visitor.tour.course.subject
    session = new_session(subject.scene, subject.path.parent, "cpu")
    built, outlined = session.source.topology, outline_topology(subject.scene.network)
    assert phases(built) == phases(outlined), "places are checked before there are data"
    session.run(subject.step)
    assert session.source.evaluate("test")[1] > 0.94
    said_, right = visitor.session.walking.walk.said(False)
    assert right, said_


def test_the_numbers_of_a_convolution_and_of_attention_are_the_tapes_own(visitor):
    def reported(place: str) -> list[str]:
        visitor.do("tour", place)
        visitor.frames(1)
        return [text.replace("\u00a0", " ") for text in numbers(visitor.tour)]

    visitor.do("tour", "7.3")
    tape = visitor.session.walking.walk.tape
    maps = tape.topology.by_name["strokes"]
    z = float(tape.old.z[maps.neurons.slice].max())
    assert reported("7.2") == ["6"] and reported("7.3") == ["9", "9", plain(z), plain(max(z, 0.0))]
    pooled = tape.topology.by_name["pool"].neurons.slice
    assert reported("7.4") == ["4", plain(float(tape.old.a[pooled].max()))]
    visitor.do("tour", "8.3")
    tape = visitor.session.walking.walk.tape
    query, key, scores = (tape.old.a[tape.topology.by_name[f"block.{name}"].neurons.slice] for name in ("query", "key", "scores"))
    h, q, k = np.unravel_index(np.abs(scores).argmax(), (2, 7, 7))
    row = slice(16 * h, 16 * h + 16)
    z = float(query.reshape(7, 32)[q, row].astype(np.float64) @ key.reshape(7, 32)[k, row] / 4.0)  # the root of 16 features of a head
    assert z == pytest.approx(float(scores.flat[np.abs(scores).argmax()]), rel=1e-4)
    assert reported("8.3") == [plain(float(scores.flat[np.abs(scores).argmax()]))]


def test_events_by_chance(visitor):
    """The tour never stands still, never breaks, and always gives back what was there."""
    import random

    rng = random.Random(5)
    session = visitor.session
    events = ["next", "next", "back", "skip", "restart", "2.3", "6.2", "5", "7.6", "8.2"]
    begun = 0
    for _ in range(60):
        if not visitor.tour.on:
            begun += 1
            visitor.do("tour", rng.choice(["1", "4.2", "6.3"]))
        choice = rng.random()
        if choice < 0.6:
            visitor.do("tour", rng.choice(events))
        elif choice < 0.7:
            visitor.do("tour_language", rng.choice(["de", "en", "xx"]))
        else:
            MEDDLING[rng.choice(sorted(MEDDLING))](visitor)
        if visitor.tour.on:
            assert visitor.tour.reading().text
        else:
            assert visitor.session is session
    visitor.do("tour", "close") if visitor.tour.on else None
    assert begun > 1 and visitor.session is session


# ---------------------------------------------------------------- entries and exits


def test_the_language_can_be_changed_on_the_card_and_is_remembered(visitor):
    visitor.do("tour")
    english = said(visitor.tour)
    visitor.click(*visitor.where("tour_language"))
    german = said(visitor.tour)
    assert german != english and "Neuron" in german
    visitor.do("tour", "close")
    visitor.do("tour")
    assert said(visitor.tour) == german


@pytest.mark.parametrize(
    "visitor", [{"edits": [Edit("look.palette", "safe"), Edit("look.ui_scale", 1.5), Edit("view.language", "en")]}], indirect=True
)
def test_what_helps_eyes_is_carried_into_the_tour_and_colours_are_named(visitor):
    visitor.do("tour", "1.3")
    assert visitor.session.scene.look.palette == "safe" and visitor.session.scene.look.ui_scale == 1.5
    assert "yellow" in said(visitor.tour)


def test_a_tour_that_cannot_be_read_changes_nothing(visitor, monkeypatch):
    def broken(*_):
        raise InputError.of("tour.toml", "step", "is missing")

    monkeypatch.setattr(lessons, "load", broken)
    session = visitor.session
    visitor.do("tour")
    assert not visitor.tour.on and visitor.session is session and "is missing" in session.banner


def test_a_wrong_place_changes_nothing(visitor):
    visitor.do("tour", "9")
    assert not visitor.tour.on and "1.1 to 1.4" in visitor.session.banner


def test_the_command_line_says_all_that_is_wrong(capsys):
    words = ["tour", "99", "--lang", "fr", "--size", "x", "--headless", "--frames", "2"]
    with pytest.raises(InputError) as error:
        app(words, standalone_mode=False)
    assert outcome.report(error.value, words) == 2
    text = capsys.readouterr().err
    assert "view.language: expected" in text and "--size: expected" in text and 'no step "99"' in text


def test_the_command_line_takes_a_picture_of_a_step(tmp_path):
    picture = tmp_path / "step.png"
    for arguments in (["tour", "3.2"], ["run", "xor", "--tour"]):
        with pytest.raises(SystemExit) as end:
            app([*arguments, "--headless", "--frames", "3", "--size", "400x300", "--screenshot", str(picture)])
        assert end.value.code == 0 and picture.stat().st_size > 5000
        picture.unlink()


def test_a_presenter_s_clicker_leads_through_the_tour_and_leaves_the_training_alone(visitor):
    step = visitor.session.source.step
    visitor.key(K.f5)
    visitor.frames(3)
    assert visitor.tour.on and at(visitor) == "1.1"
    for key, place in ((K.page_down, "1.2"), (K.page_down, "1.3"), (K.page_up, "1.2"), (K.f5, "1.2"), (K.end, "1.2")):
        visitor.key(key)
        visitor.frames(2)
        assert at(visitor) == place
    visitor.key(K.period)
    assert visitor.loop.overlay.memory.black and at(visitor) == "1.2"
    visitor.key(K.period)
    assert not visitor.loop.overlay.memory.black
    visitor.key(K.escape)
    visitor.frames(2)
    assert not visitor.tour.on and visitor.session.source.step == step
