"""Moments A and B: true numbers of both, their difference, and the way back to the byte whatever became of the run."""

import numpy as np
import pytest

from nnviz3d.app.probes.explain import read
from nnviz3d.app.session.opening import new_session
from nnviz3d.app.session.session import REMEMBER
from nnviz3d.spec import toml
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.phases import Place
from tests.helpers.runs import OPTIMIZERS, whole

ALWAYS = lambda: True  # noqa: E731


def session(tmp_path, name="iris", *edits, remember=REMEMBER):
    path = toml.find(name)
    return new_session(toml.load(path, [toml.parse_set(edit) for edit in edits]), tmp_path, "cpu", path, remember)


def two(tmp_path, *edits, first=10, second=25):
    s = session(tmp_path, "iris", *edits)
    s.source.run(first)
    s.moments.keep(s, "A")
    s.source.run(second - first)
    s.moments.keep(s, "B")
    return s


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_moment_is_entered_again_to_the_byte_and_training_from_it_is_the_same(tmp_path, optimizer):
    """With dropout and shuffled batches; when the history has dropped it, after a reset, and after another network."""
    s = session(tmp_path, "iris", f"train.optimizer={optimizer}", "train.order=shuffle", "train.clip_norm=1.0")
    s.apply([Edit("network.layers", [{**layer.model_dump(), "dropout": 0.2} for layer in s.scene.network.layers])])
    s.source.run(33)
    s.moments.keep(s, "A")
    at_a = whole(s.source.trainer)
    s.source.run(20)
    later = whole(s.source.trainer)

    def back():
        s.moments.enter(s, "A")
        assert whole(s.source.trainer) == at_a and not s.banner
        s.source.run(20)
        assert whole(s.source.trainer) == later

    back()
    s.source.history._discard(0)  # the history holds nothing of it any more
    s.source.history._keep(changed=True)
    back()
    s.reset()
    s.source.run(5)
    back()
    scene = s.scene
    s.apply([Edit("network.layers", [{"units": 3}]), Edit("train.optimizer", "sgd" if optimizer != "sgd" else "adam")])
    s.apply([Edit("data.kind", "wine")])
    s.source.run(5)
    back()
    assert s.scene == scene and s.history.can_undo


def test_settings_go_back_and_the_look_the_pace_and_the_stops_stay(tmp_path):
    s = two(tmp_path)
    rate = s.scene.train.learning_rate
    s.apply([Edit("train.learning_rate", 0.9), Edit("train.batch", 5), Edit("look.glow", 0.3), Edit("train.steps_per_second", 7.0)])
    s.apply([Edit("train.stop_epoch", 90)])
    s.source.run(3)
    s.moments.enter(s, "A")
    train = s.scene.train
    assert (train.learning_rate, s.scene.look.glow, train.steps_per_second, train.stop_epoch) == (rate, 0.3, 7.0, 90)
    assert s.source.trainer.train.learning_rate == rate and s.source.batch_size != 5 and s.source.step == 10
    s.undo()
    assert s.scene.train.learning_rate == 0.9


def test_each_moment_is_what_the_network_was(tmp_path):
    s = session(tmp_path)
    kept = {}
    for name, steps in (("A", 10), ("B", 30)):
        s.source.run(steps)
        s.source.show()
        s.moments.keep(s, name)
        kinds = ("parameter", "gradient", "change", "activation", "z", "delta")
        kept[name] = {kind: np.array(s.source.tensors(kind)) for kind in kinds} | {"answer": s.source.answer()}
        kept[name]["reading"] = read(s.source, s.source.topology.n_neurons - 1)
    s.source.run(20)
    s.refresh()
    for name in ("A", "B"):
        s.moments.watch(name)
        assert s.pictured is not s.source and s.pictured.answer() == kept[name]["answer"]
        for kind in ("parameter", "gradient", "change", "activation", "z", "delta"):
            np.testing.assert_array_equal(s.pictured.tensors(kind), kept[name][kind], err_msg=kind)
        assert read(s.pictured.numbers, s.source.topology.n_neurons - 1) == kept[name]["reading"]
    s.moments.watch("B - A")
    np.testing.assert_array_equal(s.pictured.tensors("parameter"), kept["B"]["parameter"] - kept["A"]["parameter"])
    np.testing.assert_array_equal(s.pictured.tensors("activation"), kept["B"]["activation"] - kept["A"]["activation"])
    assert s.moments.quantity() == ("parameter", 0) and s.moments.wave().way == 0
    s.moments.watch("")
    assert s.pictured is s.source and s.moments.quantity() is None


def test_another_sample_is_answered_by_the_moment_too(tmp_path):
    s = two(tmp_path)
    s.moments.watch("A")
    answers = set()
    for _ in range(12):
        s.show_next(1)
        answers.add(s.pictured.answer()[0])
        assert s.pictured.sample is s.source.sample
    assert len(answers) > 3


def test_the_table_holds_what_was_measured(tmp_path):
    s = two(tmp_path)
    a, b = s.moments.reading(s.source).kept
    assert (a.name, a.step, b.name, b.step) == ("A", 10, "B", 25) and a.fits and b.fits
    s.rewind(10)
    scores = s.evaluate()
    assert (a.test_loss, a.test_accuracy, a.train_loss, a.train_accuracy) == (
        scores.test_loss, scores.test_accuracy, scores.train_loss, scores.train_accuracy,
    )  # fmt: skip
    assert a.loss == s.source.loss and a.epoch == s.source.epoch


def test_the_largest_changes_are_the_largest(tmp_path):
    s = two(tmp_path)
    a, b = (s.moments.kept[name].snapshot.parameters for name in ("A", "B"))
    reported = s.moments.reading(s.source).largest
    sizes = np.abs(b - a)
    assert [t.parameter for t in reported] == list(np.argsort(-sizes, kind="stable")[: len(reported)]) and len(reported) == 6
    for t in reported:
        assert (t.before, t.after) == (a[t.parameter], b[t.parameter])
        node = s.source.topology.nodes[t.layer]
        place = node.bias.start + t.index if t.source is None else node.weight.start + t.index * node.weight.shape[1] + t.source
        assert place == t.parameter and t.neuron == node.neurons.start + t.index
    assert s.moments.reading(s.source).largest is reported  # worked out once


def test_a_moment_at_the_very_beginning_and_two_that_are_equal(tmp_path):
    s = session(tmp_path)
    for name in ("A", "B"):
        s.moments.keep(s, name)
    reading = s.moments.reading(s.source)
    assert reading.largest == () and reading.kept[0].loss is None and reading.kept[0].step == 0
    s.moments.watch("B - A")
    assert not s.pictured.tensors("parameter").any()


def test_a_moment_of_another_network_cannot_be_looked_at_but_can_be_entered(tmp_path):
    s = two(tmp_path)
    s.moments.watch("A")
    s.apply([Edit("network.layers", [{"units": 3}])])
    assert s.pictured is s.source and s.moments.shown == ""
    s.moments.watch("A")
    assert s.pictured is s.source and "another network" in s.moments.sentence(s.source)
    reading = s.moments.reading(s.source)
    assert not reading.kept[0].fits and reading.kept[0].answer == "" and len(reading.largest) == 6
    s.moments.enter(s, "A")
    assert s.source.step == 10 and s.moments.shown == "" and s.moments.reading(s.source).kept[0].fits


def test_what_is_not_kept_cannot_be_looked_at_or_entered(tmp_path):
    s = session(tmp_path)
    s.moments.watch("B - A")
    assert s.moments.shown == ""
    before = whole(s.source.trainer)
    s.moments.enter(s, "B")
    assert whole(s.source.trainer) == before


@pytest.mark.parametrize("act", ["play", "single_step", "start_walk", "reset"])
def test_moving_on_looks_at_now_again(tmp_path, act):
    s = two(tmp_path)
    s.moments.watch("B - A")
    getattr(s, act)()
    assert s.moments.shown == ""


def test_in_a_walk_the_step_that_is_walked_is_kept(tmp_path):
    s = session(tmp_path)
    s.start_walk(Place(3, 0.5))
    s.moments.keep(s, "A")
    assert s.moments.kept["A"].snapshot.step == 1 and s.walking.number == 3.5
    s.moments.enter(s, "A")
    assert s.walking is None and s.source.step == 1


def test_a_half_done_step_is_finished_first(tmp_path):
    s = session(tmp_path, "wide")
    s.running = True
    while s.source.at_boundary:
        s.advance(1 / 60, lambda: False)
    s.moments.keep(s, "A")
    assert s.source.at_boundary and s.moments.kept["A"].snapshot.step == s.source.step == 1


def test_after_divergence_a_moment_is_a_way_back(tmp_path):
    s = session(
        tmp_path, "xor", "train.optimizer=sgd", "train.learning_rate=1000.0", "network.output.activation=linear", "train.loss=mse",
        "network.layers.0.activation=relu", "network.layers.1.activation=relu",
    )  # fmt: skip
    s.moments.keep(s, "A")
    before = whole(s.source.trainer)
    s.play()
    for _ in range(200):
        s.advance(1 / 30, lambda: False)
    assert s.source.diverged is not None
    s.moments.enter(s, "A")
    assert s.source.diverged is None and whole(s.source.trainer) == before and s.banner == ""


def test_a_run_that_is_not_remembered_keeps_nothing_and_says_so(tmp_path):
    s = session(tmp_path, remember=0)
    s.moments.keep(s, "A")
    assert "not stored" in s.banner and not s.moments.kept


def test_data_that_changed_since_is_reported(tmp_path):
    rows = [f"{k % 2},{k * 0.1:.2f},{'ab'[k % 2]}" for k in range(30)]
    (tmp_path / "mine.csv").write_text("x,y,c\n" + "\n".join(rows) + "\n")
    s = session(tmp_path, "iris", 'data.kind="csv"', 'data.file="mine.csv"')
    s.source.run(3)
    s.moments.keep(s, "A")
    s.apply([Edit("data.kind", "wine")])
    (tmp_path / "mine.csv").write_text("x,y,c\n" + "\n".join(rows[:20]) + "\n")
    from nnviz3d.spec.errors import InputError

    with pytest.raises(InputError, match="changed since"):
        s.moments.enter(s, "A")
    assert s.scene.data.kind == "wine"
    (tmp_path / "mine.csv").unlink()
    before = whole(s.source.trainer)
    with pytest.raises(InputError):
        s.moments.enter(s, "A")
    assert s.scene.data.kind == "wine" and whole(s.source.trainer) == before


def test_while_two_networks_are_compared_moments_wait_and_say_so(tmp_path):
    s = two(tmp_path)
    s.moments.watch("B - A")
    s.apply([Edit("compare", {"train": {"learning_rate": 0.2}})])
    assert s.second is not None and s.kept is None and s.pictured is s.source
    for act in (s.moments.keep, s.moments.enter):
        s.banner = ""
        act(s, "A")
        assert "stop comparing" in s.banner
    s.apply([Edit("compare", {})])
    s.moments.enter(s, "A")
    assert s.source.step == 10 and s.moments.kept["A"].snapshot.step == 10


def test_frozen_and_killed_neurons_go_back_with_a_moment(tmp_path):
    s = session(tmp_path)
    neuron = s.source.topology.nodes[1].neurons.start
    s.source.run(10)
    s.editing.hold("killed", [neuron], True)
    s.editing.hold("frozen", [neuron + 1], True)
    s.moments.keep(s, "A")
    at_a, holds = whole(s.source.trainer), s.source.holds
    s.source.show()
    seen = np.array(s.source.tensors("activation"))
    s.editing.release()
    s.source.run(10)
    s.moments.watch("A")
    np.testing.assert_array_equal(s.pictured.tensors("activation"), seen)
    assert s.pictured.holds == holds and not s.source.holds
    s.moments.enter(s, "A")
    assert whole(s.source.trainer) == at_a and s.source.holds == holds


def test_a_weight_that_was_set_by_hand_goes_back_with_a_moment(tmp_path):
    s = session(tmp_path)
    s.source.run(10)
    s.moments.keep(s, "A")
    at_a = whole(s.source.trainer)
    s.editing.set_parameter(3, 2.5)
    s.moments.keep(s, "B")
    (change,) = s.moments.reading(s.source).largest
    assert (change.parameter, change.after) == (3, 2.5)
    s.moments.enter(s, "A")
    assert whole(s.source.trainer) == at_a
    s.moments.enter(s, "B")
    assert s.source.parameter(3) == 2.5 and s.source.step == 10
