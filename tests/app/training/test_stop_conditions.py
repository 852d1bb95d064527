"""Stop conditions: the exact step, the same however training is cut into frames, in the window, in `train` and from Python."""

import json
import math
import subprocess
import sys

import numpy as np
import pytest

from nnviz3d.app.session.opening import new_session
from nnviz3d.app.training import stop_conditions as rules
from nnviz3d.app.training.stop_conditions import LIMIT, Stops
from nnviz3d.spec import toml
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.score import Score

NEVER = lambda: False  # noqa: E731
ALWAYS = lambda: True  # noqa: E731


def session(tmp_path, name="xor", *edits, remember=1 << 22):
    path = toml.find(name)
    return new_session(toml.load(path, [toml.parse_set(edit) for edit in edits]), tmp_path, "cpu", path, remember)


def play(s, dt=1 / 60, more=ALWAYS, frames=3000):
    """Frame by frame until it stops by itself. Full speed in a frame would never end with `more` always true, so it has a pace."""
    s.play()
    for _ in range(frames):
        s.advance(dt, more)
        if not s.running:
            break
    return s.source.step


def expected(tmp_path, name, edits, condition):
    """The step by a loop of its own: train one by one and look at the whole part at every k-th."""
    plain = session(tmp_path, name, *[edit for edit in edits if "stop_" not in edit])
    every = session(tmp_path, name, *edits)
    every = every.stops.every(every.source.trainer, every.scene.train)
    while True:
        plain.source.run(1)
        if plain.source.step % every == 0 and condition(plain.source):
            return plain.source.step


def test_an_epoch_ends_at_its_very_step(tmp_path):
    s = session(tmp_path, "digits", "train.stop_epoch=3", "train.steps_per_second=1000")
    n = len(s.source.data.x_train)
    assert play(s) == 3 * math.ceil(n / 32) and s.source.epoch == 3.0
    assert s.stops.key == "train.stop_epoch" and s.stops.why(s.source.trainer) == "epoch 3 is done"


@pytest.mark.parametrize(
    ("edit", "condition"),
    [
        ("train.stop_accuracy=0.85", lambda source: source.evaluate("test", LIMIT)[1] >= 0.85),
        ("train.stop_test_loss=0.5", lambda source: source.evaluate("test", LIMIT)[0] < 0.5),
        ("train.stop_train_loss=0.6", lambda source: source.evaluate("train", LIMIT)[0] < 0.6),
    ],
)
def test_loss_and_accuracy_stop_at_the_first_look_that_finds_them(tmp_path, edit, condition):
    step = expected(tmp_path, "digits", [edit], condition)
    for dt, more, rate in ((1 / 60, ALWAYS, 700), (1 / 7, ALWAYS, 90), (1 / 60, NEVER, 0)):
        s = session(tmp_path, "digits", edit, f"train.steps_per_second={rate}")
        assert play(s, dt, more) == step, "however it is cut into frames"
        assert f"train.{edit[6:].split('=')[0]}" == s.stops.key and s.stops.reason


def test_a_look_in_pieces_holds_training_back_and_takes_no_step(tmp_path):
    s = session(tmp_path, "digits", "train.stop_train_loss=0.001", "train.steps_per_second=0")
    every = s.stops.every(s.source.trainer, s.scene.train)
    s.source.run(every)
    s.running, pieces = True, 0
    while True:
        s.advance(1 / 60, NEVER)
        if not s.stops.pending:
            break
        pieces += 1
        assert s.source.step == every
    assert pieces >= 5  # 1,438 rows in blocks of 256
    assert s.running


def test_play_goes_on_past_a_condition_and_it_counts_again_when_it_did_not_hold(tmp_path):
    s = session(tmp_path, "digits", "train.stop_accuracy=0.85", "train.steps_per_second=600")
    first = play(s)
    assert play(s, frames=30) > first + 100 and s.running  # it holds from now on, so it stops nothing
    s.rewind(10)
    assert play(s) == first  # before, it did not hold: again the same step


@pytest.mark.parametrize("edits", [("train.stop_epoch=1",), ("train.steps=20",)])
def test_after_a_stop_play_goes_on_and_a_rewind_stops_there_again(tmp_path, edits):
    s = session(tmp_path, "digits", *edits, "train.steps_per_second=300")
    step = play(s)
    assert play(s, frames=20) > step
    s.rewind(5)
    assert play(s) == step


def test_a_condition_that_is_set_where_one_stands_already_says_so(tmp_path):
    s = session(tmp_path, "digits", "train.steps_per_second=300")
    s.source.run(40)
    s.apply([Edit("train.steps", 40)])
    s.play()
    assert s.advance(1.0, ALWAYS) == 0 and not s.running and s.stops.reason == "step 40 is reached"


def test_pace_and_stops_rebuild_nothing_and_end_no_walk(tmp_path):
    s = session(tmp_path, "digits")
    s.source.run(3)
    s.start_walk()
    trainer, plans = s.source.trainer, s.source.trainer._feed._plans
    s.apply([Edit("train.stop_accuracy", 0.5), Edit("train.stop_epoch", 9), Edit("train.steps_per_second", 3.0)])
    assert s.walking is not None and s.source.trainer is trainer and trainer._feed._plans is plans
    assert s.source.history.newest == 4


def test_numbers_do_not_depend_on_looking(tmp_path):
    plain, looked = session(tmp_path, "digits"), session(tmp_path, "digits", "train.stop_test_loss=1e-9", "train.steps_per_second=500")
    plain.source.run(100)
    looked.play()
    while looked.source.step < 100:
        looked.advance(1 / 50, ALWAYS)
    assert looked.source.step == 100
    assert plain.source.tensors("parameter").tobytes() == looked.source.tensors("parameter").tobytes()


@pytest.mark.parametrize("key", ["stop_train_loss", "stop_test_loss"])
def test_a_loss_that_is_no_number_is_never_below_anything(tmp_path, key):
    relu = [f"network.layers.{k}.activation=relu" for k in (0, 1)]
    s = session(
        tmp_path, "xor", "train.optimizer=sgd", "train.learning_rate=1e9", "network.output.activation=linear", "train.loss=mse", *relu,
        f"train.{key}=0.001", "train.steps_per_second=100",
    )  # fmt: skip
    play(s)
    assert s.source.diverged is not None and not s.stops.reason and "diverged" in s.banner


def test_nan_is_never_enough(tmp_path, monkeypatch):
    s = session(tmp_path, "digits", "train.stop_test_loss=5", "train.stop_accuracy=0.0001")
    trainer, stops = s.source.trainer, Stops()
    monkeypatch.setattr(type(trainer), "scoring", lambda *_: iter([Score(math.nan, math.nan)]))
    assert not stops.met(trainer, s.scene.train) and not stops.reason


def test_without_a_test_part_the_training_part_is_judged(tmp_path):
    s = session(tmp_path, "digits", "data.test_fraction=0", "train.stop_accuracy=0.8", "train.steps_per_second=900")
    play(s)
    assert s.source.evaluate("train", LIMIT)[1] >= 0.8 and "training samples" in s.stops.reason


def test_one_sample_and_a_batch_larger_than_the_data(tmp_path):
    for edits in (("data.samples=1", "data.test_fraction=0"), ("train.batch=60000",)):
        s = session(tmp_path, "circle", *edits, "train.stop_epoch=4", "train.steps_per_second=100")
        assert play(s) == 4 and s.source.epoch == 4.0


def test_accuracy_of_numbers_is_refused_everywhere(tmp_path):
    with pytest.raises(InputError, match=r"train\.stop_accuracy"):
        session(tmp_path, "xor", "data.kind=reg-plane", "train.stop_accuracy=0.5")
    s = session(tmp_path, "xor", "data.kind=reg-plane")
    s.apply([Edit("train.stop_accuracy", 0.5)])
    assert "numbers" in s.banner and s.scene.train.stop_accuracy == 0
    s = session(tmp_path, "xor", "train.stop_accuracy=0.99", "train.steps_per_second=100")
    s.apply([Edit("data.kind", "reg-plane")])  # then it cannot be reported, and stops nothing
    s.play()
    for _ in range(30):
        s.advance(1 / 60, ALWAYS)
    assert s.running and s.source.step > 0


@pytest.mark.parametrize("edit", ["train.stop_epoch=-1", "train.stop_accuracy=1.5", "train.stop_test_loss=nan", "train.stop_train_loss=-1"])
def test_bad_conditions_are_reported_with_their_key(edit):
    with pytest.raises(InputError) as error:
        toml.load("xor", [toml.parse_set(edit)])
    assert edit.split("=")[0] in str(error.value)


def test_a_scene_with_conditions_is_written_and_read_again(tmp_path):
    scene = toml.load("xor", [toml.parse_set("train.stop_accuracy=0.9"), toml.parse_set("train.stop_epoch=7")])
    scene.save(tmp_path / "mine.toml")
    assert toml.load(tmp_path / "mine.toml") == scene


def command(tmp_path, *arguments):
    done = subprocess.run([sys.executable, "-m", "nnviz3d", "train", *arguments], cwd=tmp_path, capture_output=True, text=True, check=False)
    return done, json.loads(done.stdout)


def test_the_train_command_stops_at_the_window_s_step_and_says_which_condition_it_was(tmp_path):
    step = play(session(tmp_path, "digits", "train.stop_accuracy=0.85", "train.steps_per_second=600"))
    done, reported = command(tmp_path, "digits", "--set", "train.stop_accuracy=0.85", "--json", "-q")
    assert done.returncode == 0 and (reported["step"], reported["ended_by"]) == (step, "train.stop_accuracy") and "85 %" in reported["why"]
    _, reported = command(tmp_path, "digits", "--set", "train.stop_accuracy=0.85", "--steps", "7", "--log", "l.jsonl", "--json", "-q")
    assert (reported["step"], reported["ended_by"], reported["why"]) == (7, "steps", None)
    assert len((tmp_path / "l.jsonl").read_text().splitlines()) == 7


def test_the_train_command_runs_whole_epochs_without_a_number_of_steps(tmp_path):
    _, reported = command(tmp_path, "iris", "--set", "train.stop_epoch=300", "--json", "-q")
    assert reported["epoch"] == 300.0 and reported["ended_by"] == "train.stop_epoch" and reported["steps"] > 1000


def test_the_train_command_refuses_accuracy_of_numbers_before_any_work(tmp_path):
    arguments = ("xor", "--set", "data.kind=reg-plane", "--set", "train.stop_accuracy=0.5", "--save", "w.safetensors", "--json")
    done, reported = command(tmp_path, *arguments)
    assert done.returncode == 2 and reported["problems"][0]["key"] == "train.stop_accuracy" and list(tmp_path.iterdir()) == []


def test_from_python_it_is_the_same_step(tmp_path):
    from nnviz3d.app.api import training as api

    scene = toml.load("digits", [toml.parse_set("train.stop_accuracy=0.85")])
    step = play(session(tmp_path, "digits", "train.stop_accuracy=0.85", "train.steps_per_second=600"))
    assert api.train(scene).step == step
    assert api.train(scene, steps=5).step == 5


@pytest.mark.parametrize(
    ("sets", "given"),
    [
        ((), None),
        (("train.steps=70",), None),
        (("train.steps=70",), 90),
        (("train.stop_epoch=300",), None),
        (("train.stop_epoch=3",), None),
        (("train.stop_accuracy=0.9",), None),
        (("train.stop_train_loss=0.0001", "train.stop_epoch=20"), None),
        (("train.stop_accuracy=0.5", "train.steps=40"), 700),
    ],
)
def test_python_and_the_command_line_end_at_the_same_step(sets, given, capsys):
    import nnviz3d as nv
    from nnviz3d.app.api.training import TrainRequest
    from nnviz3d.app.cli.commands.common import Options
    from nnviz3d.app.cli.commands.train import train

    source = nv.train(toml.load("iris", [toml.parse_set(text) for text in sets]), given, backend="cpu")
    assert train(Options(backend="cpu", sets=sets, quiet=True), "iris", TrainRequest(steps=given), as_json=True) == 0
    reported = json.loads(capsys.readouterr().out)
    assert (source.step, source.loss) == (reported["step"], reported["loss"])


def test_looks_cost_a_bounded_share_of_the_work(tmp_path):
    for edits in (("train.stop_accuracy=1",), ("train.stop_accuracy=1", "train.stop_train_loss=1e-9"), ("train.stop_epoch=3",)):
        s = session(tmp_path, "digits", *edits)
        rows = sum(min(len(getattr(s.source.data, f"x_{part}")), LIMIT) for part, _ in rules._measured(s.source.trainer, s.scene.train))
        every = s.stops.every(s.source.trainer, s.scene.train)
        assert rows <= 3 * rules.SHARE * 32 * every and every in rules.NICE
    assert np.isfinite(every)
