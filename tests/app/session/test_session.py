"""The session: edits and the smallest rebuild, undo, pace, divergence, determinism. No OpenGL anywhere."""

import sys

import numpy as np
import pytest

from nnviz3d.app.probes.explain import read, weighted_sum
from nnviz3d.app.session.opening import new_session
from nnviz3d.app.session.session import REMEMBER
from nnviz3d.app.session.undo import UndoHistory
from nnviz3d.app.training.metric_log import CAPACITY, Curve
from nnviz3d.spec import paths, toml
from nnviz3d.spec.edit import Edit, Rebuild, diff
from nnviz3d.spec.scene import Layer, Network, Scene, Train

ALWAYS = lambda: True  # noqa: E731


def session(tmp_path, name="xor", *edits, remember=0):
    path = toml.find(name)
    return new_session(toml.load(path, [toml.parse_set(edit) for edit in edits]), tmp_path, "cpu", path, remember)


def parameters(s):
    return np.concatenate([a.ravel() for a in s.source.trainer.parameters().values()])


@pytest.mark.parametrize(
    ("path", "value", "level"),
    [
        ("look.glow", 2.0, Rebuild.LOOK),
        ("view.sample", 3, Rebuild.LOOK),
        ("train.learning_rate", 0.5, Rebuild.TRAIN),
        ("train.l2", 0.1, Rebuild.TRAIN),
        ("view.pitch", 1.0, Rebuild.LAYOUT),
        ("train.batch", 4, Rebuild.DATA),
        ("data.noise", 0.2, Rebuild.DATA),
        ("network.layers.0.units", 9, Rebuild.NET),
        ("train.optimizer", "sgd", Rebuild.NET),
        ("network.output.bias", 1.0, Rebuild.NET),
        ("view.camera", "top", Rebuild.LOOK),
        ("title", "x", Rebuild.NOTHING),
    ],
)
def test_an_edit_rebuilds_as_little_as_possible(tmp_path, path, value, level):
    s = session(tmp_path)
    trainer, data = s.source.trainer, s.source.data
    assert s.apply([Edit(path, value)]) == level == s.take_rebuild()
    assert (s.source.data is data) == (not path.startswith("data."))
    assert (s.source.trainer is trainer) == (level < Rebuild.NET and not path.startswith("data."))
    assert s.take_rebuild() == Rebuild.NOTHING


@pytest.mark.parametrize(
    "edit", [Edit("network.layers.0.units", 0), Edit("train.lr", 1), Edit("train.learning_rate", float("nan")), Edit("data.kind", "csv")]
)
def test_a_bad_edit_changes_nothing_and_says_why(tmp_path, edit):
    s = session(tmp_path)
    scene, before = s.scene, parameters(s)
    assert s.apply([edit]) == Rebuild.NOTHING
    assert s.scene is scene and (parameters(s) == before).all() and s.banner and not s.history.can_undo


def test_undo_and_redo_go_back_and_forth_over_a_rebuild(tmp_path):
    s = session(tmp_path)
    first = s.scene
    s.apply([Edit("network.layers", [{"units": 7}])], 0)
    s.apply([Edit("look.glow", 0.5)], 10)
    last = s.scene
    s.undo()
    s.undo()
    assert s.scene == first and s.source.topology.nodes[1].size == 4
    s.redo()
    s.redo()
    assert s.scene == last and s.source.topology.nodes[1].size == 7
    s.redo()
    assert s.scene == last


def test_a_drag_is_one_step_back():
    history = UndoHistory()
    scenes = [Scene(train=Train(learning_rate=0.01 * k)) for k in range(1, 60)]
    for k, scene in enumerate(scenes[:-1]):
        history.record(scene, ("train.learning_rate",), now=k * 0.7, held=True)
    assert history.undo(lambda _: scenes[-1]) == scenes[0] and not history.can_undo


def test_two_separate_changes_are_two_steps_back():
    history = UndoHistory()
    history.record(Scene(title="a"), ("title",), 0.0)
    history.record(Scene(title="b"), ("title",), 5.0)
    assert history.undo(lambda _: Scene(title="c")).title == "b"


def test_weights_that_still_fit_survive_a_change_of_layers(tmp_path):
    s = session(tmp_path)
    s.run(50)
    before = s.source.trainer.parameters()
    s.apply([Edit("network.layers", [*[layer.model_dump() for layer in s.scene.network.layers], {"units": 5}])])
    after = s.source.trainer.parameters()
    assert (after["layers.0.weight"] == before["layers.0.weight"]).all()


def test_the_pace_is_kept_and_owes_nothing_for_ever(tmp_path):
    s = session(tmp_path, "xor", "train.steps_per_second=60")
    s.running = True
    assert sum(s.advance(1 / 30, ALWAYS) for _ in range(60)) == pytest.approx(120, abs=2)
    assert s.advance(100.0, ALWAYS) <= 7  # a long pause is not made up for


def test_training_stops_at_the_stop_condition(tmp_path):
    s = session(tmp_path, "xor", "train.steps=25")
    s.running = True
    for _ in range(10):
        s.advance(1.0, ALWAYS) if s.source.step < 25 else s.advance(1.0, lambda: False)
    assert s.source.step == 25 and not s.running


def test_divergence_stops_with_a_banner_and_keeps_finite_weights(tmp_path):
    relu = [f"network.layers.{k}.activation=relu" for k in (0, 1)]
    s = session(
        tmp_path, "xor", "train.optimizer=sgd", "train.learning_rate=1e9", "network.output.activation=linear", "train.loss=mse", *relu
    )
    s.running = True
    for _ in range(50):
        s.advance(1 / 30, lambda: False)
    assert s.source.diverged is not None and not s.running and "diverged at step" in s.banner
    assert np.isfinite(parameters(s)).all()
    s.reset()
    assert s.source.diverged is None and not s.banner and s.source.step == 0


def test_looking_evaluating_and_editing_the_look_never_change_learning(tmp_path):
    plain, looked_at = session(tmp_path), session(tmp_path)
    plain.source.run(120)
    looked_at.running = True
    while looked_at.source.step < 120:
        looked_at.advance(0.2, lambda: False)
        looked_at.refresh()
        looked_at.show_next(1)
        looked_at.apply([Edit("look.glow", 1 + looked_at.source.step % 3)])
        looked_at.evaluate()
    assert parameters(plain).tobytes() == parameters(looked_at).tobytes()


def test_reset_with_the_same_seed_starts_from_the_same_weights(tmp_path):
    s = session(tmp_path)
    before = parameters(s)
    s.run(30)
    assert (parameters(s) != before).any()
    s.reset()
    assert parameters(s).tobytes() == before.tobytes()
    s.reset(seed=99)
    assert (parameters(s) != before).any() and s.scene.train.seed == 99


def test_saving_never_overwrites_a_shipped_scene(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    s = session(tmp_path)
    shipped = paths.scene_paths()["xor"].read_bytes()
    s.apply([Edit("title", "mine")])
    written = s.save()
    assert written.parent == tmp_path and toml.load(written) == s.scene
    assert paths.scene_paths()["xor"].read_bytes() == shipped
    assert s.save() == written


def test_a_reading_is_what_the_arenas_hold(tmp_path):
    s = session(tmp_path, "digits")
    s.run(40)
    s.refresh()
    source = s.source
    for neuron in (0, 70, 115, source.topology.n_neurons - 1):
        r = read(source, neuron)
        assert r.a == source.tensors("activation")[neuron]
        if r.incoming is None:
            continue
        assert r.z == source.tensors("z")[neuron] and r.delta == source.tensors("delta")[neuron]
        assert r.incoming.total + r.bias == pytest.approx(r.z, rel=1e-4, abs=1e-5)
        assert sum(t.product for t in r.incoming.terms) + r.incoming.rest == pytest.approx(r.incoming.total, rel=1e-9)
        for term in r.incoming.terms:
            assert term.value == source.tensors("activation")[term.neuron]
        if r.outgoing is not None:  # backpropagation: delta_j = f'(z_j) sum_k w_kj delta_k
            assert r.delta == pytest.approx(r.slope * r.outgoing.total, rel=1e-3, abs=1e-6)
    with pytest.raises(IndexError):
        read(source, source.topology.n_neurons)


def test_the_largest_terms_come_first_and_the_rest_is_summed():
    total = weighted_sum(np.array([1, -5, 2, 0.1], np.float32), np.array([1, 1, 2, 1], np.float32), np.arange(10, 14), 2, 10)
    assert [(t.neuron, t.product) for t in total.terms] == [(11, -5.0), (12, 4.0)]
    assert total.rest_count == 2 and total.rest == pytest.approx(1.1) and total.total == pytest.approx(0.1)


def test_a_curve_stays_short_and_keeps_its_ends():
    curve = Curve(1)
    for step in range(1, 100_001):
        curve.add(step, 1 / step)
    steps = curve.column(0)
    assert len(steps) <= CAPACITY and steps[0] < 100 and steps[-1] > 99_900 and (np.diff(steps) > 0).all()
    with pytest.raises(ValueError, match="read-only"):
        steps[0] = 1


def test_diff_takes_the_largest_of_several_changes():
    old = Scene()
    new = toml.apply(old, [Edit("look.glow", 0.1), Edit("network.layers", [{"units": 3}])])
    assert diff(old, new) == Rebuild.NET and diff(old, old) == Rebuild.NOTHING
    assert diff(Scene(), Scene(network=Network(layers=(Layer(),)))) == Rebuild.NET


def test_nothing_here_needs_opengl():
    import subprocess

    heavy = "('OpenGL', 'vispy', 'glfw', 'imgui_bundle', 'cupy')"
    code = f"import nnviz3d.app.session.session, sys; sys.exit(any(m.split('.')[0] in {heavy} for m in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_going_back_and_on_gives_the_same_numbers(tmp_path):
    s = session(tmp_path, remember=REMEMBER)
    moments = {}
    for _ in range(20):
        s.source.run(7)
        moments[s.source.step] = parameters(s).tobytes()
    for step in (70, 7, 140, 35, 133):
        s.rewind(step)
        assert s.source.step == step and parameters(s).tobytes() == moments[step]
    s.rewind(21)
    s.source.run(140 - 21)
    assert parameters(s).tobytes() == moments[140]


def test_settings_go_back_with_the_step_and_the_pace_does_not(tmp_path):
    s = session(tmp_path, remember=REMEMBER)
    first = s.scene.train.learning_rate
    s.source.run(30)
    s.apply([Edit("train.learning_rate", 0.9), Edit("train.steps_per_second", 5.0)])
    s.source.run(30)
    s.rewind(10)
    assert s.scene.train.learning_rate == first == s.source.trainer.train.learning_rate
    assert s.scene.train.steps_per_second == 5.0 and not s.running
    s.apply([Edit("train.learning_rate", 0.9)])
    assert s.source.trainer.train.learning_rate == 0.9


def test_curves_belong_to_the_run_and_end_where_a_branch_ends(tmp_path):
    s = session(tmp_path, remember=REMEMBER)
    s.run(100)
    whole = s.curves.charts
    s.rewind(40)
    s.run(10)
    s.start_walk()
    s.leave_walk()
    s.evaluate()
    same = s.curves.charts
    assert all(np.array_equal(getattr(same, name), getattr(whole, name), equal_nan=True) for name in vars(whole)), "the same run"
    s.rewind(70)
    s.apply([Edit("train.learning_rate", 0.5)])
    charts = s.curves.charts
    assert charts.train_step[-1] == 70 and charts.test_step[-1] < 70, "the loss of step 70 was there before, its accuracy is another's"
    assert np.array_equal(charts.train_loss, whole.train_loss[:70])
    s.run(10)
    steps = s.curves.charts.train_step
    assert steps[-1] == 80 and (np.diff(steps) > 0).all() and not np.isin(s.curves.charts.train_loss[-9:], whole.train_loss).any()


def test_without_a_memory_there_is_no_way_back(tmp_path):
    s = session(tmp_path)
    s.source.run(20)
    s.rewind(5)
    assert s.source.step == 20


def test_what_is_reported_at_rest_is_of_the_step_at_rest_and_looking_back_erases_nothing(tmp_path):
    s = session(tmp_path, "iris", remember=8 << 20)
    s.running = True
    for _ in range(20):
        s.advance(0.2, lambda: False)
    s.running = False
    s.source.run(50)
    for _ in range(4):
        s.advance(0.2, lambda: False)
    assert s.scores.test_loss == s.source.evaluate("test")[0]
    reported = s.curves.charts.test_step
    assert reported[-1] == s.source.step
    s.rewind(5)
    for _ in range(4):
        s.advance(0.2, lambda: False)
    assert s.source.step == 5 and s.scores.test_loss == s.source.evaluate("test")[0]
    assert (s.curves.charts.test_step == reported).all()
