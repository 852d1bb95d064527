"""Moving by phase, layer, sample, step and epoch: whole states to the byte, exact borders, and clear words where there is no way."""

import numpy as np
import pytest

from nnviz3d.app.session import navigation
from nnviz3d.app.session.opening import new_session
from nnviz3d.app.session.session import REMEMBER
from nnviz3d.spec import toml
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.phases import Place
from tests.helpers.runs import OPTIMIZERS, whole

ALWAYS, NEVER = (lambda: True), (lambda: False)
DIVERGES = (
    "train.optimizer=sgd", "train.learning_rate=1000.0", "network.output.activation=linear", "train.loss=mse",
    *(f"network.layers.{k}.activation=relu" for k in (0, 1)),
)  # fmt: skip


def session(tmp_path, name="iris", *edits, remember=REMEMBER):
    path = toml.find(name)
    return new_session(toml.load(path, [toml.parse_set(edit) for edit in edits]), tmp_path, "cpu", path, remember)


def until_held(s, more=ALWAYS, frames=2000):
    for _ in range(frames):
        if not s.running:
            return
        s.advance(1 / 60, more)
    raise AssertionError("it never held")


def with_dropout(tmp_path, optimizer):
    edits = [f"train.optimizer={optimizer}", "train.order=shuffle", "train.l2=0.01", "train.clip_norm=1.0", "train.batch=16"]
    s = session(tmp_path, "iris", *edits)
    layers = [{**layer.model_dump(), "dropout": 0.3} for layer in s.scene.network.layers]
    s.apply([Edit("network.layers", layers)])
    return s


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_iterations_back_and_on_are_the_same_to_the_byte(tmp_path, optimizer):
    """With dropout, shuffled batches, clipping and L2: every state and every tape, there and back over two ends of an epoch."""
    s = with_dropout(tmp_path, optimizer)
    states, tapes = {}, {}
    for _ in range(20):
        s.start_walk(Place(0, 0.0))
        states[s.source.step], tapes[s.source.step] = whole(s.source.trainer), s.walking.walk.tape
    for _ in range(19):
        navigation.move(s, "step", -1)
        step = s.walking.walk.step
        assert whole(s.source.trainer) == states[step] and s.walking.number == 0 and not s.banner
        for name in ("rows", "before", "after", "gradient"):
            assert np.array_equal(getattr(s.walking.walk.tape, name), getattr(tapes[step], name))
        assert all(np.array_equal(a, b) for a, b in zip(s.walking.walk.tape.masks, tapes[step].masks, strict=True) if a is not None)
    assert s.walking.walk.step == 1
    navigation.move(s, "step", -1)
    assert "first step" in s.banner and s.walking.walk.step == 1
    for _ in range(19):
        navigation.move(s, "step", 1)
    assert whole(s.source.trainer) == states[20] and s.source.history.newest == 20


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_steps_outside_a_walk_are_the_same_to_the_byte(tmp_path, optimizer):
    s = with_dropout(tmp_path, optimizer)
    states = [whole(s.source.trainer)]
    for _ in range(12):
        navigation.move(s, "step", 1)
        states.append(whole(s.source.trainer))
    for step in range(11, -1, -1):
        navigation.move(s, "step", -1)
        assert s.source.step == step and whole(s.source.trainer) == states[step]
    navigation.move(s, "step", -1)
    assert "first step" in s.banner and s.source.step == 0


@pytest.mark.parametrize("edits", [("train.batch=16",), ("train.batch=0",), ("train.batch=60000",), ("train.batch=1",), ("train.batch=7",)])
@pytest.mark.parametrize("more", [ALWAYS, NEVER])
def test_an_epoch_on_and_back_lands_on_its_border(tmp_path, edits, more):
    s = session(tmp_path, "iris", *edits, "train.steps_per_second=1")  # the goal does not wait for the pace
    steps = s.source.trainer.of_epoch[1]
    s.source.run(3)
    first = s.source.step // steps
    for k in range(1, 4):
        navigation.move(s, "epoch", 1)
        until_held(s, more)
        assert s.source.epoch == first + k and s.source.step == (first + k) * steps
    s.source.run(1)
    back = [] if steps == 1 else [first + 3]
    for k in [*back, *range(first + 3 if steps == 1 else first + 2, -1, -1)]:
        navigation.move(s, "epoch", -1)
        assert (s.source.step, s.source.epoch) == (k * steps, float(k)), k
    navigation.move(s, "epoch", -1)
    assert "first step" in s.banner


@pytest.mark.parametrize("batch", [16, 0])
def test_in_a_walk_an_epoch_leads_to_the_first_step_of_one(tmp_path, batch):
    s = session(tmp_path, "iris", f"train.batch={batch}")
    steps = s.source.trainer.of_epoch[1]
    s.source.run(2)
    s.start_walk(Place(2, 0.3))
    s.walk_settings.speed = 4.0
    start = -(-3 // steps)
    for k in range(3):
        navigation.move(s, "epoch", 1)
        until_held(s)
        assert s.walking.walk.step == (start + k) * steps + 1 and s.walking.number == 0 and not s.walking.playing
    assert s.walking.walk_settings.speed == 4.0
    navigation.move(s, "step", 1)
    here = s.walking.walk.step
    navigation.move(s, "epoch", -1)
    assert s.walking.walk.step == ((here - 2) // steps) * steps + 1
    for _ in range(12):
        navigation.move(s, "epoch", -1)
    assert s.walking.walk.step == 1 and "first step" in s.banner


def test_an_epoch_of_long_steps_never_holds_up_a_frame(tmp_path):
    """One piece of a step a frame: the goal is reached all the same."""
    s = session(tmp_path, "wide")
    pieces = len(s.source.trainer._feed.compiled(s.source.batch_size).groups)
    navigation.move(s, "epoch", 1)
    for _ in range(3 * pieces):
        s.advance(1 / 60, NEVER)
        assert s.running
    assert s.source.step <= 3


def test_pause_forgets_the_goal(tmp_path):
    s = session(tmp_path, "iris", "train.batch=1")
    navigation.move(s, "epoch", 1)
    s.advance(1 / 60, NEVER)
    s.running = False
    s.advance(1 / 60, ALWAYS)
    assert s.pace.goal is None


def test_a_layer_on_is_the_same_moment_at_the_next_layer(tmp_path):
    s = session(tmp_path, "iris")
    s.start_walk(Place.parse("forward:1@0.4", s.source.topology))
    reported = []
    for _ in range(30):
        place = s.walking.walk.place
        reported.append((s.walking.phases[place.index].kind, s.walking.phases[place.index].layer, place.fraction))
        navigation.move(s, "layer", 1)
    layers = len(s.source.topology.nodes) - 1
    up, down = range(1, layers + 1), range(layers, 0, -1)
    assert reported[: 3 * layers] == [
        (kind, k, 0.4) for kind, order in (("forward", up), ("backward", down), ("update", down)) for k in order
    ]
    assert len(set(reported[3 * layers - 1 :])) == 1  # there it ends
    for _ in range(30):
        navigation.move(s, "layer", -1)
    assert str(s.walking.phases[s.walking.walk.place.index]) == "forward:1" and s.source.step == 1


def test_a_sample_on_is_of_the_batch_in_a_walk_and_of_the_test_part_outside(tmp_path):
    s = session(tmp_path, "iris")
    first = s.source.sample.index
    navigation.move(s, "sample", 1)
    assert s.source.sample.index == first + 1 and s.source.sample.part == "test"
    s.start_walk(Place(1, 0.5))
    navigation.move(s, "sample", 1)
    assert s.seen.sample.index == s.walking.walk.tape.rows[1] and s.walking.number == 1.5 and s.walking.reading().shown == 1
    navigation.move(s, "sample", -1)
    navigation.move(s, "sample", -1)
    assert s.seen.sample.index == s.walking.walk.tape.rows[-1]


def test_phases_and_layers_outside_a_walk_do_nothing(tmp_path):
    s = session(tmp_path, "iris")
    for unit in ("phase", "layer"):
        navigation.move(s, unit, 1)
    assert s.walking is None and s.source.step == 0 and not s.banner


def test_before_the_oldest_kept_step_a_banner_says_which_one_that_is(tmp_path):
    s = session(tmp_path, "iris", "train.batch=8")
    s.source.run(40)
    rewind = s.source.history
    rewind._keys = [key for key in rewind._keys if key.step >= 40] or rewind._keys
    rewind._discard(0)
    rewind._keep(changed=True)
    s.start_walk(Place(0, 0.0))
    before = whole(s.source.trainer)
    navigation.move(s, "step", -1)
    assert "no longer stored" in s.banner and "step is 40" in s.banner and s.walking.walk.step == 41
    s.leave_walk()
    navigation.move(s, "epoch", -1)
    assert "no longer stored" in s.banner and whole(s.source.trainer) == before


def test_without_a_history_there_is_no_way_back_and_it_says_so(tmp_path):
    s = session(tmp_path, "iris", remember=0)
    s.source.run(5)
    for unit in ("step", "epoch"):
        navigation.move(s, unit, -1)
        assert "not stored" in s.banner and s.source.step == 5
    s.start_walk(Place(0, 0.0))
    navigation.move(s, "step", -1)
    assert "not stored" in s.banner and s.walking.walk.step == 6


def test_settings_go_back_with_an_iteration(tmp_path):
    s = session(tmp_path, "iris")
    first = s.scene.train.learning_rate
    s.source.run(5)
    s.apply([Edit("train.learning_rate", 0.7), Edit("train.stop_epoch", 50)])
    s.start_walk(Place(0, 0.0))
    assert s.walking.walk.tape.learning_rate == 0.7
    navigation.move(s, "step", -1)
    assert s.scene.train.learning_rate == s.source.trainer.train.learning_rate == s.walking.walk.tape.learning_rate == first
    assert s.scene.train.stop_epoch == 50


def test_one_sample(tmp_path):
    s = session(tmp_path, "circle", "data.samples=1", "data.test_fraction=0")
    for unit in ("step", "epoch"):
        navigation.move(s, unit, 1)
        until_held(s)
    assert s.source.step == 2 and s.source.epoch == 2.0
    s.start_walk(Place(4, 0.5))
    for unit in ("sample", "layer", "phase", "step", "epoch"):
        for count in (1, -1):
            navigation.move(s, unit, count)
            until_held(s)
    assert s.walking is not None and not s.banner


def test_after_divergence_one_can_go_back_but_not_on(tmp_path):
    s = session(tmp_path, "xor", *DIVERGES)
    good = whole(s.source.trainer), s.source.step
    while s.source.diverged is None:
        good = whole(s.source.trainer), s.source.step
        s.start_walk(Place(0, 0.0))
    bad = s.walking.walk.step
    navigation.move(s, "step", 1)
    assert "diverged" in s.banner and s.walking.walk.step == bad
    navigation.move(s, "epoch", 1)
    assert "diverged" in s.banner and not s.running
    navigation.move(s, "step", -1)
    assert s.source.step == good[1] - 1 and s.source.diverged is None and not s.banner
    navigation.move(s, "step", 1)
    assert whole(s.source.trainer) == good[0]
    s.source.run(5)
    assert s.source.diverged == bad
    navigation.move(s, "epoch", -1)
    done, whole_epoch = s.source.trainer.of_epoch
    assert s.source.diverged is None and s.source.step < bad and done in (0, whole_epoch)


def test_a_diverged_walk_goes_an_epoch_back_to_the_first_step_of_its_epoch(tmp_path):
    s = session(tmp_path, "xor", *DIVERGES)
    while s.source.diverged is None:
        s.start_walk(Place(0, 0.0))
    steps, bad = s.source.trainer.of_epoch[1], s.walking.walk.step
    navigation.move(s, "epoch", -1)
    first = ((bad - 1) // steps) * steps + 1
    assert s.walking.walk.step == (first if first < bad else first - steps)


def test_a_walk_goes_on_to_the_next_step_stays_or_plays_again(tmp_path):
    s, plain = session(tmp_path, "iris"), session(tmp_path, "iris")
    s.start_walk()
    s.walk_settings.speed = 0.0  # a phase a frame
    for _ in range(len(s.walking.phases) + 3):
        s.advance(1 / 60, ALWAYS)
    assert not s.walking.playing and s.walking.over and s.source.step == 1
    s.walk_settings.loop = "again"
    s.walking.restart_or_hold(True)
    for _ in range(100):
        s.advance(1 / 60, ALWAYS)
    assert s.walking.playing and s.source.step == 1
    s.walk_settings.loop = "on"
    for _ in range(100):
        s.advance(1 / 60, ALWAYS)
    assert s.walking.playing and s.source.step > 5
    plain.source.run(s.source.step)
    assert whole(plain.source.trainer) == whole(s.source.trainer)


def test_a_walk_that_goes_on_honours_the_stop_conditions(tmp_path):
    s = session(tmp_path, "iris", "train.steps=3")
    s.start_walk()
    s.walk_settings.speed, s.walk_settings.loop = 0.0, "on"
    for _ in range(200):
        s.advance(1 / 60, ALWAYS)
    assert s.source.step == 3 and not s.walking.playing and s.stops.reason == "step 3 is reached"
    s.walking.restart_or_hold(True)
    for _ in range(40):
        s.advance(1 / 60, ALWAYS)
    assert s.source.step > 3


def test_a_walk_that_goes_on_ends_where_the_numbers_explode(tmp_path):
    s = session(tmp_path, "xor", *DIVERGES)
    s.start_walk()
    s.walk_settings.speed, s.walk_settings.loop = 0.0, "on"
    for _ in range(3000):
        s.advance(1 / 60, ALWAYS)
        if s.banner:
            break
    assert "diverged" in s.banner and not s.walking.playing


def test_the_mean_gradient_is_what_the_edges_and_the_legend_tell(tmp_path):
    s = session(tmp_path, "iris")
    s.start_walk(Place.parse("backward:1@0.9", s.source.topology))
    tape = s.walking.walk.tape
    assert s.walking.quantity() == ("parameter", 3) and s.walking.reading().gradient == "gradient of this sample"
    s.walking.show_gradient(True)
    reading, wave = s.walking.reading(), s.walking.wave()
    assert s.walking.quantity() == ("gradient", 0) and wave.gradient and wave.flow == 0
    assert reading.mean and reading.error and str(len(tape.rows)) in reading.gradient
    assert np.array_equal(s.seen.settled("gradient"), tape.gradient)
    s.walking.walk.go(Place.parse("backward:1@0.2", s.source.topology))  # the error's own wave is the sample's
    assert s.walking.quantity() == ("parameter", 2) and not s.walking.reading().gradient
    s.start_walk(Place.parse("backward:1@0.9", s.source.topology))
    assert s.walking.reading().mean  # the next step is reported the same way


def test_an_edit_in_the_middle_of_a_phase_then_back(tmp_path):
    s = session(tmp_path, "iris")
    s.source.run(6)
    s.start_walk(Place(3, 0.5))
    s.apply([Edit("train.learning_rate", 0.5)])
    assert s.walking is None and s.source.step == 7
    navigation.move(s, "step", -1)
    assert s.source.step == 6 and s.scene.train.learning_rate != 0.5
    navigation.move(s, "step", 1)
    assert s.source.step == 7 and s.scene.train.learning_rate != 0.5  # the way that was gone first
