"""Two networks in lockstep: the same moments as each alone would have, whatever the budget, edits, divergence and the way back."""

from __future__ import annotations

import numpy as np
import pytest

from nnviz3d.app.session.opening import new_session
from nnviz3d.app.session.session import REMEMBER
from nnviz3d.spec import toml
from nnviz3d.spec.edit import Edit, Rebuild

ALWAYS, ONCE = lambda: True, lambda: False


def session(name="xor", *sets, remember=0):
    path = toml.find(name)
    return new_session(toml.load(path, [toml.parse_set(text) for text in sets]), path.parent, "cpu", path, remember)


def of(source) -> bytes:
    return np.concatenate([a.ravel() for a in source.trainer.parameters().values()]).tobytes()


def frames(s, count: int, more=ONCE, dt=1 / 30) -> None:
    s.running = True
    for _ in range(count):
        s.advance(dt, more)


def alone(steps: int, *sets, name="xor") -> bytes:
    s = session(name, *sets)
    s.source.run(steps)
    return of(s.source)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("train.optimizer", "sgd"), ("train.learning_rate", "0.5"), ("train.l1", "0.01"), ("network.layers.*.activation", "relu"),
        ("network.layers", "[{units=3}]"), ("network.layers.*.init", "zeros"), ("network.layers.*.dropout", "0.5"),
        ("data.features", '["x1", "x1*x2"]'),
        ("train.seed", "9"),
    ],
)  # fmt: skip
def test_each_network_learns_as_it_would_alone(path, value):
    s = session("xor", f"compare.{path}={value}")
    frames(s, 60)
    steps = s.source.step
    assert steps == s.second.source.step > 0 and s.even
    assert of(s.source) == alone(steps)
    sets = [f"network.layers.{k}.{path.rpartition('.')[2]}={value}" for k in range(2)] if "*." in path else [f"{path}={value}"]
    assert of(s.second.source) == alone(steps, *sets) != of(s.source)


def test_the_number_of_steps_in_a_row_does_not_matter():
    s = session("xor", "compare.train.optimizer=sgd")
    s.running = True
    for k in range(40):
        left = iter(range(k, 0, -1))
        s.advance(1 / 30, lambda left=left: next(left, 0) > 0)
    assert s.source.step == s.second.source.step > 100
    assert of(s.second.source) == alone(s.source.step, "train.optimizer=sgd")
    s.single_step()
    s.run(77)
    assert s.source.step == s.second.source.step and of(s.source) == alone(s.source.step)


@pytest.mark.parametrize(("mine", "theirs"), [(10, 64), (64, 10), (0, 7), (7, 0), (33, 32)])
def test_with_other_batches_both_have_seen_the_same_samples_within_one_batch(mine, theirs):
    s = session("xor", f"train.batch={mine}", f"compare.train.batch={theirs}")
    n = len(s.source.data.x_train)
    for _ in range(300):
        frames(s, 1)
        if s.even:
            assert 0 <= round((s.source.epoch - s.second.source.epoch) * n) < max(s.source.batch_size, s.second.source.batch_size)
    assert s.second.source.step > 0 and not s.second.same_batches
    assert of(s.second.source) == alone(s.second.source.step, f"train.batch={theirs}")


def test_a_step_that_is_longer_than_a_frame_is_cut_and_the_other_waits():
    s = session("wide", "compare.train.optimizer=sgd", "train.batch=64")
    between = 0
    for _ in range(1000):
        frames(s, 1)
        between += not s.even
        if s.second.source.step == 2:
            break
        assert 0 <= s.source.step - s.second.source.step <= 1
        if s.even:
            assert s.source.step == s.second.source.step
    assert between > 10 and s.second.source.step == 2


def test_the_pace_is_the_first_networks():
    s = session("xor", "compare.train.optimizer=sgd", "train.steps_per_second=60", "train.steps=100")
    frames(s, 30, ALWAYS)
    assert s.source.step == s.second.source.step == pytest.approx(60, abs=2)
    frames(s, 30, ALWAYS)
    assert s.source.step == s.second.source.step == 100 and not s.running


@pytest.mark.parametrize("first", [True, False])
def test_who_diverges_says_so_and_waits_while_the_other_goes_on(first):
    hot = ["network.output.activation=linear", "train.loss=mse", *(f"network.layers.{k}.activation=relu" for k in range(2))]
    rates = ("1e9", "0.001") if first else ("0.001", "1e9")
    s = session("xor", *hot, "train.optimizer=sgd", f"train.learning_rate={rates[0]}", f"compare.train.learning_rate={rates[1]}")
    lost, well = (s.source, s.second.source) if first else (s.second.source, s.source)
    frames(s, 50)
    at = lost.step
    assert lost.diverged and ("A (" if first else "B (") in s.banner and "continues" in s.banner
    s.banner = ""
    frames(s, 50)
    assert s.running and s.banner == "" and lost.step == at and well.step > 40 and well.diverged is None
    assert np.isfinite(lost.tensors("parameter")).all()
    s.apply([Edit("compare", {"train.learning_rate": 1e9}), Edit("train.learning_rate", 1e8)])
    frames(s, 60)
    assert not s.running and s.source.diverged and s.second.source.diverged and s.banner


def test_edits_reach_both_but_for_what_differs():
    s = session("xor", "compare.train.learning_rate=0.5")
    frames(s, 10)
    a, b = s.source.trainer, s.second.source.trainer
    assert s.apply([Edit("train.l2", 0.01), Edit("train.learning_rate", 0.2)]) == Rebuild.TRAIN
    assert (a.train.l2, a.train.learning_rate) == (0.01, 0.2) and (b.train.l2, b.train.learning_rate) == (0.01, 0.5)
    assert s.source.trainer is a and s.second.source.trainer is b and s.source.step == s.second.source.step == 10
    s.apply([Edit("view.sample", 5)])
    s.show_next(1)
    assert s.source.sample.index == s.second.source.sample.index == 6
    s.apply([Edit("train.learning_rate", 0.5)])
    assert s.second.differences == ()


@pytest.mark.parametrize(
    "edit", [Edit("train.batch", 5), Edit("data.noise", 0.2), Edit("network.layers", [{"units": 6}]), Edit("train.seed", 3)]
)
def test_a_change_that_begins_anew_begins_both_anew(edit):
    s = session("xor", "compare.train.optimizer=sgd")
    frames(s, 10)
    s.apply([edit])
    assert s.source.step == s.second.source.step == 0
    frames(s, 10)
    assert s.source.step == s.second.source.step == 10 and s.second.scene.train.optimizer == "sgd"
    s.undo()
    assert s.source.step == s.second.source.step == 10 and of(s.source) == alone(10), "both runs are back"
    frames(s, 7)
    assert s.source.step == s.second.source.step == 17 and of(s.source) == alone(17)
    s.redo()
    assert s.source.step == s.second.source.step == 10
    s.undo()
    frames(s, 1)
    assert s.source.step == s.second.source.step == 18 and of(s.source) == alone(18)
    s.reset()
    assert s.source.step == s.second.source.step == 0 and of(s.source) == of(s.second.source) == alone(0)


def test_the_second_network_goes_without_a_trace_and_comes_back_by_undo():
    s = session("xor", "compare.train.optimizer=sgd")
    frames(s, 10)
    trainer = s.source.trainer
    s.apply([Edit("compare", {})])
    assert s.second is None and s.source.trainer is trainer and s.source.step == 10 and s.take_rebuild() == Rebuild.NET
    frames(s, 5)
    assert of(s.source) == alone(15)
    s.undo()
    s.second.catch_up()
    assert (
        s.source.step == s.second.source.step == 15
        and of(s.source) == alone(15)
        and of(s.second.source) == alone(15, "train.optimizer=sgd")
    )


@pytest.mark.parametrize(
    "compare",
    [
        {"train.lr": 1},
        {"data.noise": 0.1},
        {"train.learning_rate": -1.0},
        {"view.pitch": 1.0},
        {"train.loss": "bce", "network.output.activation": "softmax"},
        5,
    ],
)
def test_a_second_network_that_cannot_be_changes_nothing_and_is_reported(compare):
    s = session()
    frames(s, 5)
    trainer, scene = s.source.trainer, s.scene
    assert s.apply([Edit("compare", compare)]) == Rebuild.NOTHING
    assert s.scene is scene and s.source.trainer is trainer and s.second is None and "compare" in s.banner


def test_going_back_takes_both_and_the_same_numbers_follow():
    s = session("xor", "compare.train.optimizer=sgd", remember=REMEMBER)
    moments = {}
    for _ in range(30):
        s.run(3)
        moments[s.source.step] = of(s.source), of(s.second.source)
    for step in (30, 3, 90, 45, 87):
        s.rewind(step)
        while not s.even:
            s.advance(0.01, ALWAYS)
        assert s.source.step == s.second.source.step == step and (of(s.source), of(s.second.source)) == moments[step]


def test_during_a_walk_the_second_network_waits_and_then_catches_up():
    s = session("xor", "compare.train.optimizer=sgd")
    frames(s, 5)
    s.start_walk()
    s.start_walk()
    for _ in range(20):
        s.advance(0.1, ALWAYS)
    assert s.source.step == 7 and s.second.source.step == 5
    s.leave_walk()
    s.advance(0.1, ALWAYS)
    assert s.second.source.step == 7 and not s.running
    assert of(s.source) == alone(7) and of(s.second.source) == alone(7, "train.optimizer=sgd")
