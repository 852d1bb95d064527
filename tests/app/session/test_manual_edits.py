"""Edits of the network by hand in a session: values, frozen and killed neurons, undo, walks, rebuilds, rewind, and what the loss says."""

from __future__ import annotations

import numpy as np
import pytest

from nnviz3d.app.session import scene_changes
from nnviz3d.app.session.opening import new_session
from nnviz3d.app.session.session import REMEMBER
from nnviz3d.spec import toml
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.neuron_locks import Holds
from nnviz3d.spec.phases import Place


def session(name="xor", *edits, remember=REMEMBER):
    path = toml.find(name)
    return new_session(toml.load(path, [toml.parse_set(edit) for edit in edits]), path.parent, "cpu", path, remember)


@pytest.fixture
def s():
    s = session()
    s.run(20)
    return s


def parameters(s) -> np.ndarray:
    return s.source.trainer.arenas.parameters.copy()


def hidden(s) -> int:
    return s.source.topology.nodes[1].neurons.start


def test_a_value_is_set_shown_and_undone_bitwise(s):
    s.refresh()
    before, loss = parameters(s), s.source.sample_loss
    s.editing.set_parameter(3, 2.5, now=1.0)
    s.refresh()
    assert parameters(s)[3] == 2.5 and s.source.sample_loss != loss
    assert s.history.can_undo
    s.undo()
    assert np.array_equal(parameters(s), before) and s.history.can_redo
    s.refresh()
    assert s.source.sample_loss == loss
    s.redo()
    assert parameters(s)[3] == 2.5


def test_a_drag_is_one_step_of_a_history_that_holds_scenes_too(s):
    before = parameters(s)
    s.apply([Edit("look.glow", 2.0)], 0.0)
    for k in range(50):
        s.editing.set_parameter(3, 0.1 * k, 1.0 + k, held=True)
    s.history.let_go()
    s.editing.set_parameter(3, 9.0, 100.0, held=True)
    s.history.let_go()
    s.apply([Edit("look.glow", 3.0)], 200.0)
    s.undo()
    assert s.scene.look.glow == 2.0 and parameters(s)[3] == 9.0
    s.undo()
    assert parameters(s)[3] == np.float32(4.9)
    s.undo()
    assert np.array_equal(parameters(s), before) and s.scene.look.glow == 2.0
    s.undo()
    assert s.scene.look.glow == 1.0 and not s.history.can_undo
    for _ in range(4):
        s.redo()
    assert parameters(s)[3] == 9.0 and s.scene.look.glow == 3.0 and not s.history.can_redo


@pytest.mark.parametrize(("p", "value"), [(0, float("nan")), (0, float("inf")), (0, 1e7), (-1, 0.0), (10**6, 0.0)])
def test_what_cannot_be_set_says_why_and_changes_nothing(s, p, value):
    before = parameters(s)
    s.start_walk()
    kept = parameters(s)
    s.editing.set_parameter(p, value)
    assert "weight or" in s.banner
    assert s.walking is not None and np.array_equal(parameters(s), kept) and not np.array_equal(kept, before)
    assert not s.history.can_undo and s.editing.effect is None


def test_an_edit_in_the_middle_of_a_phase_leaves_the_walk_and_its_step_is_done_once(s):
    twin = session()
    twin.run(21)
    s.start_walk(Place.parse("backward:1@0.5", s.source.topology, ""))
    s.editing.set_parameter(2, -0.5)
    assert s.walking is None and s.source.step == 21
    twin.editing.set_parameter(2, -0.5)
    assert np.array_equal(parameters(s), parameters(twin))
    s.start_walk(Place.parse("update:1@0.5", s.source.topology, ""))
    s.editing.hold("killed", [hidden(s)], True)
    assert s.walking is None and s.source.step == 22


def test_the_loss_answers(s):
    s.refresh()
    sample, test = s.source.sample_loss, s.source.evaluate("test")[0]
    s.editing.set_parameter(1, 4.0, 0.0)
    s.editing.set_parameter(1, 5.0, 0.1)
    effect = s.editing.reading()
    assert (effect.kind, effect.parameter, effect.new, effect.began, effect.step) == ("value", 1, 5.0, 20, 20)
    assert (effect.sample_before, effect.test_before) == (sample, test), "edits of one value in a row are reported as one"
    assert effect.sample_now == s.source.sample_loss != sample
    assert effect.test_now == s.source.evaluate("test")[0] != test
    s.show_next(1)
    assert s.editing.reading() is None, "the loss of another sample is another one"


def test_during_a_drag_the_test_part_is_looked_at_ten_times_a_second(s, monkeypatch):
    looks = []
    whole = s.source.score
    monkeypatch.setattr(s.source, "score", lambda *args: (looks.append(args), whole(*args))[1])
    for k in range(60):
        s.editing.set_parameter(1, 0.01 * k + 1, k / 60, held=True)
        s.editing.pass_time(1 / 60)
    assert 8 <= len(looks) <= 13
    for _ in range(10):
        s.editing.pass_time(1 / 60)
    assert s.editing.reading().test_now == whole("test").loss, "at rest it is what it is"


def test_while_training_goes_on_a_drag_says_between_which_steps(s):
    s.running = True
    for k in range(5):
        s.editing.set_parameter(1, 1.0 + k, float(k), held=True)
        s.advance(0.05, lambda: False)
    s.editing.set_parameter(1, 9.0, 6.0, held=True)
    effect = s.editing.reading()
    assert effect.began == 20 < effect.step == s.source.step


def test_without_a_test_part(tmp_path):
    s = session("xor", "data.test_fraction=0.0")
    s.editing.set_parameter(0, 1.0)
    effect = s.editing.reading()
    assert effect.test_before is None and effect.test_now is None and np.isfinite(effect.sample_now)


def test_freeze_kill_release_and_undo(s):
    n = hidden(s)
    s.editing.hold("frozen", [n, n + 1], True, 0.0)
    s.editing.hold("killed", [n + 1], True, 10.0)
    assert s.source.holds == Holds(frozen=(n, n + 1), killed=(n + 1,))
    assert s.editing.reading().kind == "kill"
    s.refresh()
    assert s.source.tensors("activation")[n + 1] == 0
    s.editing.release(20.0)
    assert not s.source.holds
    for held in (Holds((n, n + 1), (n + 1,)), Holds((n, n + 1)), Holds()):
        s.undo()
        assert s.source.holds == held
    s.redo()
    assert s.source.holds == Holds((n, n + 1))
    s.editing.hold("killed", [0], True)
    assert "an input holds" in s.banner and s.source.holds == Holds((n, n + 1))


def test_two_neurons_held_quickly_are_two_steps(s):
    n = hidden(s)
    s.editing.hold("frozen", [n], True, 0.0)
    s.editing.hold("frozen", [n + 1], True, 0.1)
    s.undo()
    assert s.source.holds == Holds((n,))


def test_holds_are_kept_over_reset_new_seed_and_other_settings(s):
    n = hidden(s)
    s.editing.hold("frozen", [n], True)
    s.editing.hold("killed", [n + 1], True)
    held, first = s.source.holds, parameters(s)
    s.reset()
    assert s.source.holds == held and s.source.step == 0 and not np.array_equal(parameters(s), first)
    s.reset(seed=7)
    assert s.source.holds == held
    for edit in (Edit("train.learning_rate", 0.5), Edit("train.batch", 4), Edit("train.optimizer", "sgd"), Edit("data.noise", 0.1)):
        s.apply([edit])
        assert not s.banner and s.source.holds == held, edit
    before = parameters(s)
    s.source.run(10)
    node = s.source.topology.nodes[1]
    assert np.array_equal(node.weight.view(parameters(s))[0], node.weight.view(before)[0])


def test_layers_change_and_held_neurons_go_with_them(s):
    n = hidden(s)
    s.editing.hold("killed", [n + 1], True)
    layers = [layer.model_dump() for layer in s.scene.network.layers]
    s.apply([Edit("network.layers", [{"units": 3}, *layers], (None, *range(len(layers))))])
    assert s.source.holds == Holds(killed=(n + 3 + 1,))
    s.apply([Edit("network.layers", [])])
    assert not s.source.holds
    s.undo(), s.undo()
    assert s.source.topology.nodes[1].size == layers[0]["units"]


def test_undo_across_a_rebuild(s):
    old = parameters(s)[3]
    s.editing.set_parameter(3, 2.5, 0.0)
    s.apply([Edit("network.layers.0.units", 2)], 10.0)
    small = s.source.topology
    s.undo()
    assert s.source.topology != small
    s.undo()
    assert s.source.parameter(3) == old
    s.redo(), s.redo()
    assert s.source.topology == small and not s.history.can_redo
    assert s.banner == ""


def test_an_entry_of_another_network_changes_nothing(s):
    s.editing.set_parameter(3, 2.5, 0.0)
    scene = s.scene.model_copy(update={"network": s.scene.network.model_copy(update={"layers": s.scene.network.layers[:0]})})
    scene_changes.become(s, scene)  # not by an edit: the history still has its entry of the old network
    before = parameters(s)
    s.undo(), s.redo()
    assert np.array_equal(parameters(s), before)


def test_rewind_after_an_edit(s):
    s.source.run(5)
    at25 = parameters(s)
    s.editing.set_parameter(3, 2.5)
    s.editing.hold("frozen", [hidden(s)], True)
    s.source.run(10)
    at35 = parameters(s)
    s.rewind(24)
    assert not s.source.holds and s.editing.effect is None
    s.source.run(1)
    assert np.array_equal(parameters(s), at25)
    s = session()
    s.run(25)
    s.editing.set_parameter(3, 2.5)
    s.editing.hold("frozen", [hidden(s)], True)
    s.source.run(10)
    assert np.array_equal(parameters(s), at35), "the same edits at the same step give the same numbers"
    s.rewind(25)
    assert s.source.holds and s.source.parameter(3) == 2.5
    s.source.run(10)
    assert np.array_equal(parameters(s), at35)


@pytest.mark.parametrize(
    ("path", "value"),
    [("train.optimizer", "sgd"), ("train.loss", "mse"), ("network.layers.0.activation", "sin"), ("network.layers.0.dropout", 0.1)],
)
def test_what_the_network_has_learned_stays_when_it_is_taught_otherwise(s, path, value):
    before = parameters(s)
    s.apply([Edit(path, value)])
    assert not s.banner and np.array_equal(parameters(s), before) and s.source.step == 0


@pytest.mark.parametrize(("path", "value"), [("network.layers.0.init", "zeros"), ("network.layers.0.init_scale", 2.0)])
def test_another_initialiser_draws_its_layer_anew(s, path, value):
    before = parameters(s)
    s.apply([Edit(path, value)])
    first, *rest = s.source.topology.nodes[1:]
    now = parameters(s)
    assert not np.array_equal(now[first.weight.slice], before[first.weight.slice])
    assert all(np.array_equal(now[node.weight.slice], before[node.weight.slice]) for node in rest)


def test_a_killed_layer_does_not_stop_a_session(s):
    s.editing.hold("killed", range(hidden(s), s.source.topology.output.neurons.start), True)
    s.running = True
    for _ in range(5):
        s.advance(0.1, lambda: s.source.step < 60)
    s.start_walk()
    tape = s.walking.walk.tape
    assert not tape.old.a[hidden(s) : s.source.topology.output.neurons.start].any()
    assert s.diagnosis.findings(s.source, s.curves.charts) is not None
