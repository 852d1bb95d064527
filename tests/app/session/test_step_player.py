"""The walk through one iteration as a session lives it: one real step, any way through it, the same numbers after."""

import numpy as np
import pytest

from nnviz3d.app.session.opening import new_session
from nnviz3d.app.session.step_player import StepPlayer
from nnviz3d.spec import toml
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.parts import NetworkParts
from nnviz3d.spec.phases import Place, phases

ALWAYS = lambda: True  # noqa: E731


def session(tmp_path, name="xor", *edits):
    path = toml.find(name)
    return new_session(toml.load(path, [toml.parse_set(edit) for edit in edits]), tmp_path, "cpu", path)


def parameters(s):
    return np.concatenate([a.ravel() for a in s.source.trainer.parameters().values()])


def test_a_walk_is_one_step_however_one_scrubs(tmp_path):
    plain, walked = session(tmp_path), session(tmp_path)
    plain.source.run(21)
    walked.source.run(20)
    walked.start_walk()
    for number in np.random.default_rng(0).uniform(-2, 14, 60):
        walked.walking.walk.go(float(number))
        walked.seen.tensors("activation")
    walked.leave_walk()
    assert walked.source.step == 21 and parameters(plain).tobytes() == parameters(walked).tobytes()


def test_training_goes_on_from_the_step_that_was_walked(tmp_path):
    plain, walked = session(tmp_path), session(tmp_path)
    plain.source.run(30)
    walked.source.run(10)
    for _ in range(5):
        walked.start_walk()
    walked.play()
    walked.source.run(15)
    assert walked.walking is None and parameters(plain).tobytes() == parameters(walked).tobytes()


def test_it_plays_by_itself_to_the_end_and_again_from_the_start(tmp_path):
    s = session(tmp_path)
    s.start_walk()
    seen = []
    for _ in range(2000):
        s.advance(1 / 30, ALWAYS)
        seen.append(s.walking.number)
        if not s.walking.playing:
            break
    assert seen == sorted(seen) and seen[-1] == len(phases(s.source.topology))
    s.walking.restart_or_hold(True)
    assert s.walking.number == 0 and s.walking.playing and s.source.step == 1


def test_stepping_goes_from_border_to_border(tmp_path):
    s = session(tmp_path)
    s.start_walk(Place(2, 0.4))
    walking = s.walking
    assert not walking.playing
    walking.by(1)
    assert walking.number == 3
    walking.by(-1)
    assert walking.number == 2
    walking.walk.go(2.4)
    walking.by(-1)
    assert walking.number == 2
    for _ in range(40):
        walking.by(-1)
    assert walking.number == 0
    for _ in range(40):
        walking.by(1)
    assert walking.number == len(walking.phases)


def test_every_phase_has_a_sentence_a_wave_and_a_symbol(tmp_path):
    s = session(tmp_path)
    s.start_walk()
    walking = s.walking
    ways = {"input": 1, "forward": 1, "loss": 1, "backward": -1, "update": -1, "after": 1}
    for k, phase in enumerate(walking.phases):
        walking.walk.go(k + 0.7)
        wave, reading = walking.wave(), walking.reading()
        assert wave.way == ways[phase.kind] and walking.sentence.lower().startswith(phase.kind) and reading.symbol
        assert walking.quantity()[1] == wave.flow == {"backward": 3, "update": 0}.get(phase.kind, 1)
        assert reading.error == (phase.kind == "backward")
    assert StepPlayer is type(walking)


def test_the_reading_tells_the_same_sample_before_and_after(tmp_path):
    s = session(tmp_path, "xor", "train.learning_rate=0.05")
    s.start_walk()
    reading, tape = s.walking.reading(), s.walking.walk.tape
    assert (reading.loss_before, reading.loss_after, reading.answer_before, reading.answer_after) == (None, None, "", "")
    assert s.seen.answer() == ("", None)  # nothing has been computed yet
    for phase, loss in (
        (f"forward:{len(tape.topology.nodes) - 1}", (None, None)),
        ("loss", (tape.old.loss, None)),
        ("update:1", (tape.old.loss, None)),
    ):
        s.walking.walk.go(Place.parse(phase, tape.topology))
        reading = s.walking.reading()
        assert (reading.loss_before, reading.loss_after) == loss and reading.answer_before == s.seen.answer()[0] != ""
    for phase in ("after@0", "after@0.5", "after"):
        s.walking.walk.go(Place.parse(phase, tape.topology))
        reading = s.walking.reading()
        assert (reading.loss_before, reading.loss_after) == (tape.old.loss, tape.new.loss) and reading.loss_before != reading.loss_after
        assert reading.answer_after == s.seen.answer()[0]


@pytest.mark.parametrize("edit", [Edit("train.learning_rate", 0.5), Edit("network.layers.0.units", 5), Edit("data.noise", 0.1)])
def test_an_edit_in_the_middle_of_a_phase_ends_the_walk(tmp_path, edit):
    s = session(tmp_path)
    s.start_walk(Place(3, 0.5))
    s.apply([edit])
    assert s.walking is None and s.seen is s.source and s.source.step in (0, 1)


def test_a_change_of_the_look_does_not(tmp_path):
    s = session(tmp_path)
    s.start_walk(Place(3, 0.5))
    s.apply([Edit("look.glow", 0.3)])
    assert s.walking is not None and s.walking.number == 3.5


def test_another_sample_of_the_batch_can_be_shown(tmp_path):
    s = session(tmp_path)
    s.start_walk(Place(3, 0.5))
    first = s.seen.sample.index
    s.show_next(1)
    assert s.seen.sample.index != first and s.walking.number == 3.5 and s.source.step == 1


def test_after_divergence_there_is_no_walk_but_a_banner(tmp_path):
    relu = [f"network.layers.{k}.activation=relu" for k in (0, 1)]
    s = session(
        tmp_path, "xor", "train.optimizer=sgd", "train.learning_rate=1e9", "network.output.activation=linear", "train.loss=mse", *relu
    )
    s.source.run(200)
    assert s.source.diverged is not None
    s.start_walk()
    assert s.walking is None and "diverged" in s.banner


@pytest.mark.gl
@pytest.mark.parametrize("phase", ["input@0.5", "forward:1@0.4", "loss", "backward:2@0.3", "backward:1@0.9", "update:2", "after@0.5"])
def test_a_place_is_a_picture_of_its_own_and_the_same_twice(phase):
    from nnviz3d.app.api import scene

    first, second = (scene.shot("xor", (320, 180), step=30, phase=phase) for _ in range(2))
    assert (first == second).all()
    assert (first != scene.shot("xor", (320, 180), step=30)).any()


@pytest.mark.gl
def test_the_wave_has_not_reached_what_lies_ahead(tmp_path):
    """The right part of the picture is as dark at forward:1 as it is before anything happens."""
    from nnviz3d.app.api import scene
    from nnviz3d.spec import toml
    from nnviz3d.spec.edit import Edit

    bare = toml.load("digits", [Edit("view.labels", False)])  # light alone, without words and tables

    def right(phase):
        return scene.shot(bare, (480, 270), step=30, phase=phase, camera="side").astype(int)[40:180, 330:].sum()

    assert abs(right("forward:1@0.2") - right("input@0.2")) < 0.02 * right("input@0.2")
    assert right("forward:3") > 1.2 * right("input@0.2")


def test_a_place_that_is_none_names_those_that_are(tmp_path):
    import subprocess
    import sys

    command = [sys.executable, "-m", "nnviz3d", "shot", "xor", "-o", "a.png", "--phase", "forward:9@2"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "from 1 to 3" in done.stderr and "from 0 to 1" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_folded_part_passes_as_one_phase_and_opening_it_keeps_the_place(tmp_path):
    s = session(tmp_path, "sort-gpt", "data.samples=300")
    parts = NetworkParts(s.source.topology)
    s.folded = parts.folded(frozenset())
    s.start_walk(Place(0))
    walking = s.walking
    whole = len(walking.phases)
    assert len(walking.line) < 30 < whole
    folded = next(k for k, stretch in enumerate(walking.line.stretches) if stretch.part is not None)
    for _ in range(folded):
        walking.by(1)
    stretch = walking.line.stretches[walking.stretch]
    assert stretch.part is not None and walking.number == stretch.last + 1
    assert stretch.part.label in walking.sentence and f"{len(stretch.part.nodes)}" in walking.sentence
    walking.walk.go(stretch.first + 3.25)
    s.folded = parts.folded(frozenset(parts.by_name))
    assert walking.number == stretch.first + 3.25 and len(walking.line) == whole
    walking.by(1)
    assert walking.number == stretch.first + 4
    s.folded = parts.folded(frozenset())
    walking.by(1)
    assert walking.number == stretch.last + 1


def test_a_walk_of_folded_blocks_lasts_as_long_as_what_is_seen(tmp_path):
    s = session(tmp_path, "sort-gpt", "data.samples=300")
    s.folded = NetworkParts(s.source.topology).folded(frozenset())
    s.start_walk()
    seconds, last = 0.0, -1.0
    while s.walking.playing:
        s.advance(0.25, ALWAYS)
        seconds += 0.25
        assert s.walking.number > last
        last = s.walking.number
    assert last == len(s.walking.phases) and seconds == pytest.approx(len(s.walking.line) / s.walking.speed, abs=0.5)
