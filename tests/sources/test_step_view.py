"""Walking through a step: the same at a place whatever the way there, whole numbers at the borders, the step taken exactly once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnviz3d.backend import choose
from nnviz3d.engine.tape import record
from nnviz3d.sources.own import OwnTraining
from nnviz3d.sources.step_view import StepView
from nnviz3d.sources.walk import Walk
from nnviz3d.spec.edit import Edit, diff
from nnviz3d.spec.errors import RunError
from nnviz3d.spec.phases import Place, phases
from nnviz3d.spec.toml import apply, validate
from tests.engine.nets import everything, numbers, trainer

KINDS = ("activation", "z", "delta", "parameter", "gradient", "change", "before", "after", "sample_gradient", "batch_gradient")
SCENE = {"network": {"layers": [{"units": 6, "activation": "tanh"}, {"units": 5}]}, "data": {"kind": "iris"}, "train": {"batch": 16}}


def source(history=1 << 20, **tables):
    return OwnTraining(validate({**SCENE, **tables}), Path(), choose("cpu"), history)


def layer(view, k):
    return view.topology.nodes[k].neurons.slice


def part(view, k):
    node = view.topology.nodes[k]
    return slice(node.weight.start, node.bias.stop)


def at(tape, text, batch=False):
    return StepView(tape, Place.parse(text, tape.topology), batch)


@pytest.fixture(scope="module")
def tape():
    own = source()
    own.run(30)
    return own.record(3)


def test_forward(tape):
    """Layer 2 fills when its signals have come: at half it is dark, at three quarters z, then a; what lies before is whole, what lies after
    is dark."""
    old = tape.old
    for text, expected in {
        "forward:2@0": 0 * old.z, "forward:2@0.5": 0 * old.z, "forward:2@0.625": old.z / 2, "forward:2@0.75": old.z,
        "forward:2@0.875": (old.z + old.a) / 2,
        "forward:2": old.a,
    }.items():  # fmt: skip
        view = at(tape, text)
        a = view.tensors("activation")
        np.testing.assert_allclose(a[layer(view, 2)], expected[layer(view, 2)], rtol=1e-6, atol=1e-8)
        assert np.array_equal(a[layer(view, 0)], tape.x)
        assert np.array_equal(a[layer(view, 1)], old.a[layer(view, 1)])
        assert not a[layer(view, 3)].any()
    np.testing.assert_allclose(at(tape, "input@0.5").tensors("activation")[:4], tape.x / 2)
    for text in ("loss@0", "backward:2@0.3", "update:1", "after@0"):
        assert np.array_equal(at(tape, text).tensors("activation"), old.a)
        assert np.array_equal(at(tape, text).tensors("z"), old.z)
    np.testing.assert_allclose(at(tape, "after@0.5").tensors("activation"), (old.a + tape.new.a) / 2, rtol=1e-5, atol=1e-7)
    assert np.array_equal(at(tape, "after").tensors("activation"), tape.new.a)
    assert not np.array_equal(tape.new.a, old.a)


def test_what_is_known(tape):
    """In the order in which it is worked out, and for good."""
    view = StepView(tape, Place(0, 0.0))
    last = len(view.topology.nodes) - 1
    expected = {
        ("z", 2): "forward:2@0.51", ("a", 2): "forward:2@0.76", ("delta", last): "loss@0.51", ("delta", 2): "backward:3@0.51",
        ("gradient", 2): "backward:2@0.51", ("update", 2): "update:2@0.01",
    }  # fmt: skip
    for (name, k), text in expected.items():
        first = Place.parse(text, tape.topology)
        for number in np.arange(0.005, 3 * last + 3, 0.01):
            assert (name in StepView(tape, Place.at(number, tape.topology)).known(k)) == (number > first.number - 0.0095), (name, number)
    reported = {text: (at(tape, text).answered, at(tape, text).judged, at(tape, text).renewed)
            for text in ("input", f"forward:{last}@0.5", f"forward:{last}", "loss@0.1", "update:1", "after@0")}  # fmt: skip
    assert list(reported.values()) == [
        (False,) * 3,
        (False,) * 3,
        (True, False, False),
        (True, True, False),
        (True, True, False),
        (True,) * 3,
    ]


def test_backward(tape):
    """delta_L in the loss; delta_(k-1), then layer k's gradient, in backward k."""
    delta = tape.old.delta
    assert not at(tape, "loss@0").tensors("delta").any()
    view = at(tape, "loss")
    assert np.array_equal(view.tensors("delta")[layer(view, 3)], delta[layer(view, 3)])
    assert not view.tensors("delta")[layer(view, 2)].any()
    view = at(tape, "backward:3@0.5")
    assert np.array_equal(view.tensors("delta")[layer(view, 2)], delta[layer(view, 2)])
    assert not view.tensors("gradient").any()
    for batch, gradient in ((False, tape.sample_gradient), (True, tape.gradient)):
        view = at(tape, "backward:2@0.75", batch)
        g = view.tensors("gradient")
        assert np.array_equal(g[part(view, 3)], gradient[part(view, 3)])
        np.testing.assert_allclose(g[part(view, 2)], gradient[part(view, 2)] / 2, rtol=1e-6)
        assert not g[part(view, 1)].any()
        assert np.array_equal(at(tape, "backward:1", batch).tensors("gradient"), gradient)
        assert np.array_equal(at(tape, "after", batch).tensors("gradient"), gradient)
    assert np.array_equal(at(tape, "backward:1@0.5").tensors("delta"), delta)


def test_update(tape):
    for text in ("input@0", "loss", "backward:1", "update:3@0"):
        assert np.array_equal(at(tape, text).tensors("parameter"), tape.before)
    view = at(tape, "update:2@0.25")
    p = view.tensors("parameter")
    assert np.array_equal(p[part(view, 3)], tape.after[part(view, 3)])
    np.testing.assert_allclose(p[part(view, 2)], 0.75 * tape.before[part(view, 2)] + 0.25 * tape.after[part(view, 2)], rtol=1e-5)
    assert np.array_equal(p[part(view, 1)], tape.before[part(view, 1)])
    for text in ("update:1", "after@0", "after"):
        assert np.array_equal(at(tape, text).tensors("parameter"), tape.after)


def test_whole_at_every_place(tape):
    for index in range(len(phases(tape.topology))):
        view = StepView(tape, Place(index, 0.3))
        assert np.array_equal(view.tensors("before"), tape.before)
        assert np.array_equal(view.tensors("after"), tape.after)
        assert np.array_equal(view.tensors("change"), tape.after - tape.before)
        assert np.array_equal(view.tensors("sample_gradient"), tape.sample_gradient)
        assert np.array_equal(view.tensors("batch_gradient"), tape.gradient)


def test_the_front(tape):
    fronts = {
        "input@0": -1, "input": 0, "forward:1@0.25": 0.5, "forward:1@0.5": 1, "forward:3": 3, "loss@0.5": 3, "backward:3@0": 3,
        "backward:3@0.5": 2, "backward:1": 0, "update:3@0": 3, "update:1": 0, "after@0": 0, "after": 3,
    }  # fmt: skip
    for text, front in fronts.items():
        view = at(tape, text)
        assert view.front == front
        assert view.kind == text.split(":")[0].split("@")[0]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 4), st.sampled_from(["relu", "tanh", "gelu"])), max_size=3), st.integers(1, 6), st.integers(1, 9),
    st.integers(1, 3), st.sampled_from(["classification", "regression"]),
    st.sampled_from(["sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw"]),
    st.lists(st.floats(-1, 17), min_size=1, max_size=6),
)  # fmt: skip
def test_scrubbing_in_any_order(hidden, n, batch, outputs, task, name, numbers_):
    """Random networks (width 1, depth 0, one sample, one class): forwards, backwards or at random, a place is a place; no step is taken."""
    t = trainer(numbers(n, outputs=outputs, task=task), tuple(hidden), optimizer=name, batch=batch)
    t.run(2)
    tape = record(t, 1)
    bytes_, places = everything(t), [Place.at(number, t.topology) for number in numbers_]
    first = {}
    for place in sorted(places, key=lambda place: place.number):
        first[place] = [StepView(tape, place, place.index % 2 == 0).tensors(kind).copy() for kind in KINDS]
    for place in [*places, *places[::-1]]:
        for kind, before in zip(KINDS, first[place], strict=True):
            now = StepView(tape, place, place.index % 2 == 0).tensors(kind)
            assert np.array_equal(now, before)
            assert now.dtype == np.float32
            assert np.isfinite(now).all()
    assert everything(t) == bytes_


def test_the_end_of_a_phase_is_the_start_of_the_next(tape):
    for index in range(len(phases(tape.topology)) - 1):
        for kind in KINDS:
            assert np.array_equal(StepView(tape, Place(index, 1.0)).tensors(kind), StepView(tape, Place(index + 1, 0.0)).tensors(kind))


def test_nothing_jumps(tape):
    """In 1/64ths of a phase no value moves further than a share of its own range."""
    ends = {"activation": np.maximum(np.abs(tape.old.z), np.abs(tape.old.a)) + np.abs(tape.new.a), "delta": np.abs(tape.old.delta)}
    for kind, scale in ends.items():
        before = None
        for number in np.arange(0, len(phases(tape.topology)) + 1 / 64, 1 / 64):
            now = StepView(tape, Place.at(number, tape.topology)).tensors(kind)
            assert before is None or (np.abs(now - before) <= scale / 12 + 1e-7).all()
            before = now


def test_a_walk_takes_each_step_once():
    own, plain = source(), source()
    walk = Walk(own, 2)
    plain.run(1)
    for number in (3.3, 11.0, 0.0, 99.0, 7.2, -1.0, 12.0, 5.5):
        walk.go(number)
        for kind in KINDS:
            walk.tensors(kind)
        walk.answer(), walk.targets()
    assert everything(own.trainer) == everything(plain.trainer)
    assert (walk.step, own.step, walk.at_boundary) == (1, 1, True)
    walk.next()
    plain.run(1)
    assert everything(own.trainer) == everything(plain.trainer)
    assert walk.place == Place(0, 0.0)


def test_steps_back_and_forth_are_the_same_tapes():
    own = source()
    walk, tapes = Walk(own, 2), {}
    for _ in range(14):
        tapes[walk.step] = walk.tape
        walk.next()
    tapes[walk.step] = walk.tape
    for step in (15, 14, 3, 9, 1, 2):
        own.enter(step - 1)
        walk.next()
        for name in ("before", "after", "gradient", "rows"):
            assert np.array_equal(getattr(walk.tape, name), getattr(tapes[step], name))
        assert (walk.step, walk.loss) == (step, tapes[step].loss)
    own.enter(0)
    walk.next()
    assert walk.step == own.step == 1
    assert own.history.newest == 15


def test_what_the_overlay_reads():
    own = source()
    walk = Walk(own, 20)
    assert walk.batch_size == 16
    assert walk.sample.index == walk.tape.row == walk.tape.rows[4]
    assert walk.sample.label == own.data.class_names[own.data.t_train[walk.sample.index]]
    assert walk.targets().tolist() == [float(k == walk.sample.target) for k in range(3)]
    assert walk.phase == "Input"
    version = walk.version
    walk.go(Place.parse("update:3@0.2", walk.topology))
    assert walk.phase == "Update, layer 3 of 3"
    assert walk.kind == "update"
    assert walk.front == pytest.approx(2.8)
    assert walk.version != version
    old, _ = walk.answer()
    assert old.startswith(own.data.class_names[int(walk.tape.old.a[-3:].argmax())])
    walk.show_sample(5)
    assert walk.sample.index == walk.tape.rows[5]
    assert walk.place.index == 8
    walk.show_gradient(True)
    assert np.array_equal(walk.tensors("gradient"), walk.tape.gradient)
    walk.next()
    assert walk.view.batch
    assert walk.sample.index == walk.tape.rows[5]


def test_edits_in_the_middle_of_a_phase():
    """The walk goes on with its tape; the next step has the new constants; another network makes it stale."""
    own = source()
    walk = Walk(own)
    walk.go(4.5)
    kept = walk.tensors("activation").copy()
    for path, value in (("train.learning_rate", 0.5), ("train.batch", 4), ("train.optimizer", "sgd")):
        new = apply(own.scene, [Edit(path, value)])
        own.apply(new, diff(own.scene, new), keep=True)
        assert np.array_equal(walk.tensors("activation"), kept)
        stale = walk.stale
    assert walk.tape.learning_rate == 0.001
    if stale:
        walk = Walk(own)
    else:
        walk.next()
    assert (walk.tape.learning_rate, walk.batch_size) == (0.5, 4)
    new = apply(own.scene, [Edit("network.layers", [{"units": 3}])])
    own.apply(new, diff(own.scene, new))
    assert walk.stale


def test_a_step_that_diverges_can_be_walked_through():
    own = source(data={"kind": "reg-plane"}, train={"batch": 16, "optimizer": "sgd", "learning_rate": 1e9})
    walk = Walk(own)
    while walk.diverged is None:
        walk.next()
    assert own.diverged == walk.step
    for index in range(12):
        walk.go(Place(index, 0.5))
        for kind in ("activation", "parameter", "change", "delta"):
            assert np.isfinite(walk.tensors(kind)).all()
    with pytest.raises(RunError, match="diverged"):
        walk.next()
