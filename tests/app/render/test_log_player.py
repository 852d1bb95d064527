"""A session in a window, kept and played again: the same parameters to the bit, the same scene, step and camera, at any rate."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from imgui_bundle import imgui

from nnviz3d.app.render.film import log_player
from nnviz3d.app.session import scene_files
from nnviz3d.app.training import evaluator
from nnviz3d.app.view.stage import Stage
from nnviz3d.app.window import file_drop, log_writer, run
from nnviz3d.app.window.line_compression import LineCompressor
from nnviz3d.app.window.log_writer import LogWriter, thinned
from nnviz3d.app.window.loop import Loop
from nnviz3d.draw.renderer import Renderer
from nnviz3d.engine import plan
from nnviz3d.gfx.overlay import ImguiFrame
from nnviz3d.spec import session_log, toml
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.readout import Answer, Command, StageInput
from nnviz3d.spec.session_log import Event
from nnviz3d.spec.topology import EdgeRef
from tests.helpers.person import STEP, Person

K = imgui.Key
pytestmark = pytest.mark.gl


class Hand(Person):
    """A person whose panels answer what the test says: edits and commands take the loop's own way."""

    def answer(self, edits=(), commands=(), held=False, stage=None) -> None:
        """For one frame."""
        loop = self.loop
        stage = stage or StageInput()
        loop.answer = Answer(tuple(edits), tuple(commands), stage, loop.answer.free, held or stage.tuning)
        loop.frame(STEP)

    def do(self, name, value=None, frames=4) -> None:
        self.answer(commands=[Command(name, value)])
        self.frames(frames)

    def edit(self, path, value, frames=4, held=False) -> None:
        self.answer([Edit(path, value)], held=held)
        if frames:
            self.frames(frames)


@pytest.fixture
def hand(request, monkeypatch):
    scene, *edits = getattr(request, "param", ("xor",))
    until = Loop._until
    monkeypatch.setattr(Loop, "_until", staticmethod(lambda ms: until(min(ms, 3.0))))
    monkeypatch.setattr(Renderer, "render", lambda *_: None)  # nobody looks at pictures here
    monkeypatch.setattr(ImguiFrame, "draw", lambda *_: imgui.render())
    opened = Hand(scene, size=(640, 420), edits=[Edit("look.quality", "low"), *edits])
    yield opened
    opened.close()


def state(session):
    """Everything that must be the same, to the bit."""
    sources = [session.source] + ([session.second.source] if session.second else [])
    found = [np.concatenate([v.ravel() for v in each.parameters().values()]).tobytes() for each in sources]
    walking = session.walking
    place = None if walking is None else (walking.walk.step, walking.walk.shown, walking.playing)
    return (
        found,
        session.scene,
        [each.step for each in sources],
        session.source.sample.index,
        place,
        session.source.holds,
        session.moments.shown,
    )


def played(hand, tmp_path, fps=30, **options):
    """(recorded state, replayed session, replay, last cue), after the whole file at some rate."""
    path = hand.loop.log.save(tmp_path / "a.timeline")
    session, play = log_player.open(path, "cpu", **options)
    for k in range(int(play.seconds * fps)):
        play.seek(k / fps)
    return state(hand.session), session, play, play.seek(play.seconds)


def same(hand, tmp_path, **options):
    wanted, session, play, cue = played(hand, tmp_path, **options)
    assert state(session) == wanted
    assert session.running == hand.session.running and session.banner == hand.session.banner
    if hand.session.walking is not None:
        assert session.walking.number == pytest.approx(hand.session.walking.number, abs=1e-9)
    return session, play, cue


def test_play_edits_samples_walk_rewind_reset(hand, tmp_path):
    hand.do("play", frames=20)
    hand.edit("train.learning_rate", 0.05, 10)
    hand.do("next_sample")
    hand.edit("look.glow", 2.0, 0)
    hand.do("pick", 4)
    hand.do("walk", frames=25)
    hand.do("walk_to", 3.4)
    hand.do("walk_play", True, 15)
    hand.do("walk_leave")
    hand.do("play", frames=15)
    hand.do("rewind", 7)
    hand.do("step")
    hand.do("play", frames=10)
    hand.do("undo")
    hand.do("reset")
    hand.do("play", frames=12)
    hand.do("pause")
    _, _, cue = same(hand, tmp_path)
    assert cue.picked == cue.highlight == 4
    drawn = hand.loop.stage.view.frame.pose
    assert np.allclose(cue.pose.eye, drawn.eye, atol=1e-4) and cue.pose.shift[0] == pytest.approx(0, abs=1e-6)
    _, play = log_player.open(tmp_path / "a.timeline", "cpu", ui=True)
    assert play.seek(play.seconds).pose.shift[0] == pytest.approx(drawn.shift[0], abs=1e-5) and drawn.shift[0] < -0.1


@pytest.mark.parametrize("hand", [("digits", Edit("network.layers.0.dropout", 0.3))], indirect=True)
def test_half_steps_dropout_and_a_batch_that_is_long(hand, tmp_path, monkeypatch):
    """Steps are cut into pieces here, and each of these comes in the middle of one."""
    monkeypatch.setattr(plan, "SMALL_FLOP", 0)
    monkeypatch.setattr(Loop, "_until", staticmethod(lambda _ms: lambda: False))  # one piece a frame
    hand.edit("train.batch", 256)
    hand.do("play", frames=50)
    for name, value in (("pause", None), ("step", None), ("set_parameter", (20, 0.25)), ("walk", None), ("rewind", 1), ("undo", None)):
        hand.do("play", frames=31)
        assert not hand.session.source.at_boundary
        hand.do(name, value, frames=2)
    hand.do("walk_leave")
    hand.do("play", frames=9)
    hand.edit("train.learning_rate", 0.01, 6)
    same(hand, tmp_path)


@pytest.mark.parametrize("hand", [("compare",)], indirect=True)
def test_two_networks(hand, tmp_path):
    hand.do("play", frames=15)
    hand.edit("train.learning_rate", 0.1, 10)
    hand.do("walk", frames=10)
    hand.edit("train.l2", 0.001, 0)
    hand.do("play", frames=8)
    hand.do("rewind", 5)
    hand.do("play", frames=9)
    hand.do("pause", frames=1)
    same(hand, tmp_path)


def test_a_walk_that_goes_on_by_itself_follows_steps_and_stays_where_it_was(hand, tmp_path):
    hand.do("walk_speed", 40.0)
    hand.do("walk")
    hand.do("walk_speed", 40.0)
    hand.do("walk_loop", "on", 60)
    assert hand.session.source.step > 1
    hand.do("walk_gradient", True)
    hand.do("walk_by", 1)
    hand.do("move", ("layer", 1))
    hand.do("next_sample")
    same(hand, tmp_path)


@pytest.mark.parametrize("loop", ["stop", "again"])
def test_a_walk_to_its_end(hand, tmp_path, loop):
    hand.do("walk")
    hand.do("walk_loop", loop)
    hand.do("walk_speed", 30.0, 40)
    same(hand, tmp_path)


def test_stops_goals_and_epochs(hand, tmp_path):
    hand.edit("train.steps", 25)
    hand.do("play", frames=40)
    assert hand.session.source.step == 25 and not hand.session.running
    hand.do("play", frames=8)
    hand.do("move", ("epoch", 1), 30)
    hand.do("walk")
    hand.do("move", ("epoch", 1), 30)
    hand.do("move", ("step", -1))
    hand.do("move", ("epoch", -1), 8)
    session, _, _ = same(hand, tmp_path)
    assert session.stops.key == hand.session.stops.key


@pytest.mark.parametrize("hand", [("reg-plane", Edit("train.learning_rate", 1e9), Edit("train.optimizer", "sgd"))], indirect=True)
def test_divergence_is_the_same_and_so_is_what_is_said_of_it(hand, tmp_path):
    hand.do("play", frames=60)
    assert hand.session.source.diverged is not None
    hand.do("walk")
    same(hand, tmp_path)


@pytest.mark.parametrize(
    "hand", [("reg-plane", Edit("train.optimizer", "sgd"), Edit("compare", {"train.learning_rate": 1e9}))], indirect=True
)
def test_of_two_networks_one_diverges_and_the_other_goes_on(hand, tmp_path):
    hand.do("play", frames=30)
    assert hand.session.second.source.diverged is not None and hand.session.running
    hand.do("pause")
    session, _, _ = same(hand, tmp_path)
    assert session.second.source.diverged == hand.session.second.source.diverged


def test_undo_puts_together_what_it_did_then(hand, tmp_path):
    for k in range(12):
        hand.edit("look.glow", 1 + k / 10, 0, held=True)
    hand.frames(36)
    for k in range(6):
        hand.edit("look.glow", 2 + k / 10, 0, held=True)
    hand.frames(2)
    for k in range(5):
        hand.edit("train.learning_rate", 0.01 + k / 1000, 3)
    for value in (0.5, 0.75):
        hand.do("set_parameter", (3, value), 50)
    hand.do("freeze", ([3], True))
    hand.do("undo")
    hand.do("undo")
    hand.do("undo")
    session, _, _ = same(hand, tmp_path)
    while hand.session.history.can_undo:
        hand.session.undo()
        session.undo()
        assert session.scene == hand.session.scene
    assert not session.history.can_undo


def test_turning_a_weight_on_the_stage_while_it_learns(hand, tmp_path):
    hand.do("play")
    hand.loop.stage.pointer.chosen = 5
    for k in range(20):
        hand.answer(stage=StageInput(tuning=True, tune=float(k % 5)))
    hand.frames(10)
    assert any(event.name == "set_parameter" for event in hand.loop.log.events)
    hand.do("undo")
    same(hand, tmp_path)


def test_layers_that_are_moved_keep_their_weights(hand, tmp_path):
    hand.do("play", frames=10)
    layers = hand.session.scene.network.layers
    hand.answer([Edit("network.layers", [*layers, layers[0]], (*range(len(layers)), None))])
    hand.frames(8)
    hand.edit("network.layers.0.units", 5, 8)
    hand.edit("data.kind", "circle", 8)
    hand.edit("train.learning_rate", float("nan"))  # a banner, and nothing else
    hand.do("dismiss")
    same(hand, tmp_path)


def test_moments_samples_and_wrong_answers(hand, tmp_path):
    hand.do("play", frames=8)
    hand.do("keep_moment", "A")
    hand.do("next_wrong")
    hand.edit("view.follow", True)
    hand.do("play", frames=20)
    hand.session._since_sample = 100.0
    hand.frames(5)
    hand.do("keep_moment", "B")
    hand.do("enter_moment", "A")
    hand.do("show_moment", "B - A")
    same(hand, tmp_path)


def test_weights_and_data_that_were_dropped_on_the_window(hand, tmp_path):
    from nnviz3d.formats import weights

    hand.do("play", frames=10)
    file = tmp_path / "w.safetensors"
    weights.save(file, {name: value * 0.5 for name, value in hand.session.source.parameters().items()}, hand.session.scene)
    hand.host.dropped.append(str(file))
    hand.frames(12)
    same(hand, tmp_path)
    file.unlink()
    session, play = log_player.open(tmp_path / "a.timeline", "cpu")
    play.seek(play.seconds)
    assert "no such file" in session.banner


def test_another_scene_begins_another_timeline_and_a_tour_is_not_kept(hand, tmp_path):
    hand.do("play", frames=5)
    first = hand.loop.log
    file_drop.open_scene(hand.loop, "spiral")
    hand.frames(10)
    hand.do("pause")
    assert hand.loop.log is not first
    same(hand, tmp_path)
    count, time = len(hand.loop.log.events), hand.loop.log.time
    hand.do("tour", "1")
    hand.frames(20)
    with pytest.raises(InputError, match="tour"):
        hand.loop.log.save(tmp_path / "b")
    hand.do("tour", "close", 0)
    assert len(hand.loop.log.events) <= count + 6 and hand.loop.log.time - time < 4 * STEP
    same(hand, tmp_path)


def test_a_window_goes_on_from_a_checkpoint_with_a_rate_that_was_typed(tmp_path):
    words = [sys.executable, "-m", "nnviz3d"]
    subprocess.run([*words, "train", "xor", "--steps", "20", "-q", "--save", "f.safetensors"], cwd=tmp_path, check=True)
    look = [*words, "run", "xor", "--headless", "--frames", "3", "--resume", "f.safetensors"]
    (tmp_path / "other.toml").write_text(toml.dump(toml.load("xor", [Edit("train.learning_rate", 0.5)])))
    reported = subprocess.run([*look[:4], "other.toml", *look[5:]], cwd=tmp_path, capture_output=True, text=True)
    assert reported.returncode == 2 and "use --set train.learning_rate=0.5" in reported.stderr
    subprocess.run([*look, "--set", "train.learning_rate=0.5"], cwd=tmp_path, check=True)


def test_a_window_that_goes_on_from_a_checkpoint_tells_it_in_its_timeline(hand, tmp_path):
    """Whose weights a hand has turned: training from the start would not give them."""
    hand.session.source.run(20)
    hand.session.editing.set_parameter(3, 0.75)
    hand.session.source.run(10)
    wanted = hand.session.source.parameters()
    scene_files.checkpoint(hand.session, tmp_path / "f.safetensors")
    opened = Hand("xor", size=(640, 420), edits=[Edit("look.quality", "low")])
    try:
        opened.session.apply([Edit("train.learning_rate", 0.125)])
        run.go_on(opened.loop, tmp_path / "f.safetensors", ("train.learning_rate",))
        assert opened.session.scene.train.learning_rate == opened.session.source.trainer.train.learning_rate == 0.125
        assert opened.session.source.step == 30 and not opened.session.history.can_undo
        assert all(np.array_equal(wanted[name], value) for name, value in opened.session.source.parameters().items())
        opened.frames(5)
        opened.do("pause")
        same(opened, tmp_path)
    finally:
        opened.close()


def test_the_way_to_another_scene_and_back_is_no_part_of_the_timeline(hand, tmp_path):
    first = hand.session
    hand.edit("train.learning_rate", 0.5)
    hand.do("undo")
    file_drop.open_scene(hand.loop, "spiral")
    hand.frames(4)
    hand.do("undo")
    assert hand.session is first
    hand.do("redo")
    assert hand.session is not first
    hand.do("undo")
    assert hand.session is first and first.scene.train.learning_rate != 0.5
    same(hand, tmp_path)


def test_a_replay_looks_at_as_many_rows_as_a_window(hand, tmp_path, monkeypatch):
    monkeypatch.setattr(evaluator, "FEWEST", 20)
    monkeypatch.setattr(evaluator, "MOST", 20)
    hand.do("play", frames=90)
    hand.do("pause", frames=90)
    session, play = log_player.open(hand.loop.log.save(tmp_path / "a.timeline"), "cpu")
    begin = hand.session.source.step
    seen = []
    for k in range(int(play.seconds * 30)):
        play.seek(k / 30)
        seen.append((session.running, session.scores.test.rows))
    assert (True, 20) in seen and seen[-1] == (False, len(session.source.data.x_test)) and session.scores.step == begin
    assert session.scores == hand.session.scores


def test_any_rate_and_any_split_gives_the_same_moments(hand, tmp_path):
    hand.do("play", frames=15)
    hand.do("camera", "top", 30)
    hand.do("walk", frames=20)
    hand.do("walk_leave")
    hand.edit("train.learning_rate", 0.01, 0)
    hand.do("play", frames=25)
    path = hand.loop.log.save(tmp_path / "a.timeline")

    def at(times, wanted):
        session, play = log_player.open(path, "cpu")
        found = {}
        for time in times:
            cue = play.seek(time)
            if time in wanted:
                number = session.walking.number if session.walking else None
                charts = session.curves.charts
                curve = charts.train_step.tobytes(), charts.train_loss.tobytes(), charts.test_loss.tobytes()
                found[time] = (state(session), number, cue.pose, session.running, curve, session.speed)
        return found

    common = [k / 12 for k in range(int(hand.loop.log.time * 12))]
    slow = at([k / 24 for k in range(2 * len(common))], common)
    assert at([k / 60 for k in range(5 * len(common))], common) == slow
    assert at([k / 240 for k in range(20 * len(common))], common) == slow
    assert at(common[-4:], common) == {time: slow[time] for time in common[-4:]}
    steps = [found[0][2][0] for found in slow.values()]
    assert sorted(steps) == steps and len(set(steps)) > 8, "training goes on between the events too"


def test_a_film_begins_where_it_is_asked_to(hand, tmp_path):
    hand.do("play", frames=60)
    hand.loop.log.save(tmp_path / "a.timeline", begin=0.5)
    session, play = log_player.open(tmp_path / "a.timeline", "cpu")
    assert play.seconds == pytest.approx(hand.loop.log.time - 0.5)
    play.seek(0.0)
    assert 0 < session.source.step < hand.session.source.step


def test_the_camera_goes_smoothly_where_it_went(hand, tmp_path):
    seen = []
    hand.do("camera", "side", 0)
    for _ in range(70):
        hand.frames()
        seen.append((hand.loop.log.time, hand.loop.stage.view.frame.pose))
    path = hand.loop.log.save(tmp_path / "a.timeline")
    _, play = log_player.open(path, "cpu", ui=True)
    for time, pose in seen:
        now = play.seek(time).pose
        assert np.linalg.norm(now.eye - pose.eye) < 2e-3 * pose.distance
    fast = np.array([play._pose(t).eye for t in np.arange(0.2, 1.0, 1 / 240)])
    jerk = np.linalg.norm(np.diff(fast, 2, axis=0), axis=1)
    assert jerk.max() < 0.15 * np.linalg.norm(np.diff(fast, axis=0), axis=1).max(), "no corner that a high rate would show"


def test_frames_are_the_same_whatever_was_drawn_before(hand, tmp_path, monkeypatch):
    hand.do("play", frames=12)
    hand.edit("look.edges", "weight", 4)
    hand.edit("network.layers.0.units", 6, 8)
    hand.do("pick", 5)
    hand.edit("data.kind", "circle", 4)
    hand.do("walk", frames=12)
    path = hand.loop.log.save(tmp_path / "a.timeline")
    monkeypatch.undo()
    for last in (0.3, 0.55, play_end(path)):
        alone, _ = drawn(hand.host, path, [last])
        assert alone.std() > 3
        times = [0.0, 0.1, 0.2, 0.31, 0.4, 0.5, last] if last > 0.5 else [0.0, 0.1, last]
        assert np.array_equal(drawn(hand.host, path, times)[0], alone)


def drawn(host, path, times):
    """What a film of this file shows at the last of these times, and where neurons stand there."""
    session, play = log_player.open(path, "cpu")
    stage = Stage(host, session)
    play.show_on(stage)
    for time in times:
        cue = play.seek(time)
        stage.time = cue.time
        session.refresh()
        stage.draw(0.0, cue.pose, exact=True)
    image, places = host.read(), stage.view.picture.layout.place_n4.copy()
    stage.close()
    return image, places


SMALL_GPT = ("sort-gpt", Edit("data.samples", 300))


@pytest.mark.parametrize("hand", [SMALL_GPT], indirect=True)
def test_parts_that_open_in_a_film_are_as_far_as_they_are_then_whatever_was_drawn_before(hand, tmp_path, monkeypatch):
    hand.frames(6)
    hand.do("open_part", "blocks.1", frames=12)  # on its way when the next one opens
    hand.do("open_part", "blocks.2", frames=50)
    hand.do("close_part", "blocks", frames=50)
    path = hand.loop.log.save(tmp_path / "a.timeline")
    monkeypatch.undo()
    opened = [event.time for event in session_log.load(path).events if event.kind == "edit"]
    assert len(opened) == 3
    begin, end = drawn(hand.host, path, [0.0])[1], drawn(hand.host, path, [play_end(path)])[1]
    for at in (opened[0] + 0.1, opened[1] + 0.2, opened[1] + 0.5, opened[2] + 0.3):
        alone, places = drawn(hand.host, path, [at])
        frames, moved = drawn(hand.host, path, [*(k / 30 for k in range(int(at * 30) + 1)), at])
        assert np.array_equal(moved, places) and np.array_equal(frames, alone)
        assert not np.array_equal(places, begin) and not np.array_equal(places, end)


@pytest.mark.parametrize("hand", [SMALL_GPT], indirect=True)
def test_a_walk_with_folded_blocks_is_played_again_at_the_same_places(hand, tmp_path):
    hand.do("close_part", "blocks", frames=45)
    hand.do("walk", frames=2)
    hand.do("walk_by", 1)
    hand.do("walk_by", 3)
    hand.do("move", ("layer", 1))
    there = hand.session.walking.number
    kinds = [event.name for event in hand.loop.log.timeline().events if event.kind == "do"]
    assert kinds == ["walk", "walk_to", "walk_to", "walk_to"]
    assert there - int(there) == 0 and len(hand.session.walking.line) < len(hand.session.walking.phases)
    hand.do("open_part", "blocks", frames=20)
    assert hand.session.walking.number == there
    hand.do("walk_play", True, frames=30)
    session, play, _ = same(hand, tmp_path)
    assert session.walking.number > there and play.stage is None


def _fields(record):
    return [(field, getattr(record, field.name)) for field in dataclasses.fields(record)]


def asked(hand, **wants):
    """Panels that ask for these in every frame from now on."""
    draw = hand.loop.overlay.draw

    def drawn_with(*args, **more):
        return dataclasses.replace(draw(*args, **more), wants=dict(wants))

    hand.loop.overlay.draw = drawn_with


@pytest.mark.parametrize("hand", [SMALL_GPT], indirect=True)
@pytest.mark.parametrize(
    "wants", [{"attention": (1, 2, 4, True)}, {"tracing": (-1, True, 6, -1)}, {"pruning": (-1, 0.4)}], ids=lambda wants: next(iter(wants))
)
def test_what_panels_light_up_in_the_picture_is_there_again(hand, tmp_path, monkeypatch, wants):
    hand.do("play", frames=3)
    hand.do("pause", frames=3)
    asked(hand, **wants)
    hand.frames(10)
    while "tracing" in wants and not hand.loop.readout().tracing.over:
        hand.frames(5)
    monkeypatch.undo()
    path = hand.loop.log.save(tmp_path / "a.timeline")
    session, play = log_player.open(path, "cpu")
    stage = Stage(hand.host, session)
    play.show_on(stage)
    play.seek(play.seconds)
    live = hand.session
    assert session.wants == live.wants == wants
    assert session.tracing.edges == live.tracing.edges and (session.attention.arcs is None) == (live.attention.arcs is None)
    if live.attention.arcs is not None:
        assert all(np.array_equal(getattr(session.attention.arcs, f.name), value) for f, value in _fields(live.attention.arcs))
    assert (session.pruned is None) == (live.pruned is None)
    if live.pruned is not None:
        assert np.array_equal(session.pruned.tensors("parameter"), live.pruned.tensors("parameter"))
    assert live.tracing.edges or live.attention.arcs is not None or live.pruned is not None
    stage.close()
    assert np.array_equal(drawn(hand.host, path, [0.0, 0.1, play.seconds])[0], drawn(hand.host, path, [play.seconds])[0])


def test_a_film_has_its_own_quality(hand, tmp_path):
    hand.edit("look.quality", "balanced")
    hand.answer([Edit("look.quality", "low"), Edit("look.glow", 2.0)])
    hand.loop.log.save(tmp_path / "a.timeline")
    session, play = log_player.open(tmp_path / "a.timeline", "cpu", quality="high")
    play.seek(play.seconds)
    assert (session.scene.look.quality, session.scene.look.glow) == ("high", 2.0)


def play_end(path):
    return session_log.load(path).end


def test_a_narrow_film_stands_back(hand, tmp_path):
    hand.frames(5)
    hand.loop.log.save(tmp_path / "a.timeline")
    wide, narrow = (log_player.open(tmp_path / "a.timeline", "cpu", aspect=aspect)[1].seek(0).pose.distance for aspect in (3.0, 0.5))
    assert narrow > 1.3 * wide


def test_many_events_are_thinned_and_a_flood_ends_the_record(hand, tmp_path, monkeypatch):
    drag = [Event(k / 60, "edit", [["look.glow", k / 100, None]], 0, "", k / 60, True, k == 0) for k in range(50)]
    moves = [Event(k / 60, "pose", [0.0] * 5 + [1.0, 0.0, 0.0]) for k in range(100)]
    out = thinned(sorted(drag + moves, key=lambda event: event.time))
    assert [event.value[0][1] for event in out if event.kind == "edit"] == [0.0, 0.01, 0.49]
    assert 50 < sum(event.kind == "pose" for event in out) < 100
    monkeypatch.setattr(log_writer, "MOST", 40)
    for _ in range(60):
        hand.do("walk_to", 0.5, 0)
        hand.do("next_sample", frames=0)
    assert hand.loop.log.full and len(hand.loop.log.events) <= 40
    hand.loop.do(Command("save_timeline"))
    assert "its beginning" in hand.loop.toast
    for path in Path.cwd().glob("xor-*.timeline"):
        session_log.load(path)
        path.unlink()


def test_a_resting_window_keeps_nothing_and_costs_no_memory(hand):
    hand.edit("view.sway", 0.0, 60)
    before = len(hand.loop.log.events)
    hand.frames(150)
    assert len(hand.loop.log.events) - before <= 2


def test_samples_that_a_line_does_not_predict_are_kept():
    line, kept = LineCompressor(), []
    times = np.arange(0, 10, 0.01)
    values = np.where(times < 3, times, np.where(times < 7, 3.0, 3 + np.sin(times - 7)))
    for time, value in zip(times, values, strict=True):
        kept += line.add(float(time), (float(value),), (0.01,))
    kept += line.flush()
    found = np.interp(times, [time for time, _ in kept], [value for _, (value,) in kept])
    assert np.abs(found - values).max() < 0.0201 and len(kept) < 30


def test_a_hostile_file_that_is_well_formed_does_no_harm(tmp_path):
    """Ids of another network, a walk that is not there, edits that cannot be, a step that comes too early: banners at most."""
    events = (
        Event(0.0, "step", None, 5), Event(0.0, "do", [[10**6], True], 5, "kill"),
        Event(0.1, "do", [10**6, 1.0], 5, "set_parameter"), Event(0.1, "do", 999, 2, "rewind"),
        Event(0.2, "edit", [["network.layers.99.units", 3, None]], 1), Event(0.2, "edit", [["data.file", "/etc/passwd", None]], 1),
        Event(0.2, "edit", [["data.kind", "csv", None], ["data.file", "../../etc/passwd", None]], 1),
        Event(0.2, "edit", [["train.batch", 10**9, None]], 1), Event(0.2, "edit", [["network.layers", [{"units": 10**9}], [0, 1]]], 1),
        Event(0.3, "do", 7.5, 0, "walk_to"), Event(0.3, "place", [3.0, True], 0), Event(0.3, "do", "B - A", 0, "show_moment"),
        Event(0.3, "do", "A", 0, "enter_moment"), Event(0.4, "seen", [10**7, 10**7, 10**7, 10**7, 10**7]),
        Event(0.4, "weights", "/dev/zero", 0), Event(0.4, "weights", str(tmp_path), 0), Event(0.5, "step", None, 8),
    )  # fmt: skip
    path = toml.find("xor")
    session_log.save(tmp_path / "a.timeline", session_log.Timeline(toml.load(path), tmp_path, events))
    session, play = log_player.open(tmp_path / "a.timeline", "cpu")
    cue = play.seek(play.seconds)
    assert session.source.step == 8 and (cue.picked, cue.layer, cue.highlight) == (-1, -1, -1)
    assert session.scene.data.kind == "xor" and session.banner
    assert [each.name for each in tmp_path.iterdir()] == ["a.timeline"]


def test_an_edge_that_was_looked_at_is_found_again_also_where_an_older_file_has_its_parameter(tmp_path):
    seen = ([-1, -1, 5, 3, -1], [-1, -1, [1, 2], [0, 1], -1], [-1, -1, -1, -1, -1], [-1, -1, [1, 10**6], [9, 0], -1])
    path = toml.find("xor")
    events = (Event(0.0, "step", None, 0), *(Event(0.1 + k, "seen", value) for k, value in enumerate(seen)), Event(9.0, "step", None, 0))
    session_log.save(tmp_path / "a.timeline", session_log.Timeline(toml.load(path), tmp_path, events))
    session, play = log_player.open(tmp_path / "a.timeline", "cpu")
    found = [(cue.chosen, cue.edge) for cue in (play.seek(0.5 + k) for k in range(4))]
    assert found == [(EdgeRef(0, 5), EdgeRef(0, 3)), (EdgeRef(1, 2), EdgeRef(0, 1)), (-1, None), (-1, None)]
    bias = session.source.topology.nodes[1].bias.start
    assert play._edge(bias) == bias, "a bias has no edge"


def test_what_is_looked_at_in_a_window_is_kept_as_edges(hand):
    topology = hand.session.source.topology
    p, bias = topology.nodes[2].weight.start + 1, topology.nodes[1].bias.start
    hand.do("choose", p)
    hand.do("choose", bias)
    hand.loop.stage.pointer.chosen = -1
    hand.frames(2)
    kept = [event.value[2] for event in hand.loop.log.events if event.kind == "seen"]
    assert kept[-3:] == [[1, 1], bias, -1]


def test_a_recording_that_is_played_is_not_kept(hand, tmp_path):
    words = [sys.executable, "-m", "nnviz3d", "train", "xor", "--steps", "20", "--record", str(tmp_path / "r.nnrec"), "-q"]
    subprocess.run(words, check=True, capture_output=True, timeout=60)
    file_drop.open_scene(hand.loop, str(tmp_path / "r.nnrec"))
    hand.frames(10)
    hand.do("rewind", 5)
    hand.do("save_timeline")
    assert "Playing a recording" in hand.session.banner and not list(tmp_path.glob("*.timeline"))


def test_inputs_belong_to_the_session_on_screen(hand):
    assert isinstance(hand.loop.log, LogWriter) and hand.loop.log.session is hand.session


def test_weights_from_outside_the_folder_are_read_beside_the_timeline_only(tmp_path):
    """A file from anywhere never reads what lies elsewhere."""
    (tmp_path / "here").mkdir()
    words = [sys.executable, "-m", "nnviz3d", "train", "xor", "--steps", "20", "-q", "--save"]
    subprocess.run([*words, str(tmp_path / "w.safetensors")], check=True, capture_output=True, timeout=60)
    path = tmp_path / "here" / "a.timeline"
    events = (Event(0.1, "weights", str(tmp_path / "w.safetensors"), 0), Event(1.0, "step", None, 0))
    session_log.save(path, session_log.Timeline(toml.load(toml.find("xor")), tmp_path / "here", events))
    found = []
    for _ in range(2):
        session, play = log_player.open(path, "cpu")
        play.seek(play.seconds)
        found.append((state(session)[0], session.banner))
        (tmp_path / "w.safetensors").replace(tmp_path / "here" / "w.safetensors") if len(found) == 1 else None
    assert found[0][0] != found[1][0] and found[0][1] and not found[1][1]


FAMILIES = {
    "conv-toy": ("conv-toy",),
    "resnet-tiny": ("resnet-tiny", Edit("train.batch", 6)),
    "sort-gpt": (*SMALL_GPT, Edit("train.batch", 6)),
}


@pytest.mark.parametrize("hand", FAMILIES.values(), ids=FAMILIES, indirect=True)
def test_a_session_of_every_family_is_played_again_to_the_bit_and_frame_by_frame(hand, tmp_path, monkeypatch):
    topology = hand.session.source.topology
    node = next((node for node in topology.nodes[1:-1] if node.groups > 1), topology.nodes[1])
    unit = list(range(node.neurons.start, node.neurons.start + node.size // node.groups))
    hand.do("play", frames=4)
    hand.do("pause")
    hand.do("kill", [unit, True])  # an ablation: a map, or a token
    hand.do("pick", node.neurons.start + node.size // 2)
    hand.do("step")
    hand.do("walk", frames=6)
    hand.do("walk_by", 2)
    hand.do("walk_leave")
    hand.do("kill", [unit, False])
    if topology.input.axes == ("token",):
        hand.do("prompt", "CABC")
        hand.do("add_token", 1)
    hand.do("step")
    session, play, _ = same(hand, tmp_path)
    live = hand.session
    assert not live.source.holds.killed and session.source.step == live.source.step > 2
    assert session.prompt.ids is None if live.prompt.ids is None else np.array_equal(session.prompt.ids, live.prompt.ids)
    assert np.array_equal(session.source.trainer.arenas.parameters, live.source.trainer.arenas.parameters)  # running statistics too
    monkeypatch.undo()
    path, end = tmp_path / "a.timeline", play.seconds
    for times in ([0.1], [0.1, 0.5 * end], [0.1, 0.5 * end, end]):
        assert np.array_equal(drawn(hand.host, path, times)[0], drawn(hand.host, path, times[-1:])[0])
