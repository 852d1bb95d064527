"""The tape: exactly one real step, and every number of it as the step had it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnviz3d.engine.tape import record
from nnviz3d.spec.errors import RunError
from tests.engine.nets import everything, numbers, trainer

OPTIMIZERS = ["sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw"]
LAYERS = ((6, "relu"), (5, "gelu"))
HARD = {"batch": 8, "dropout": 0.3, "l1": 0.01, "l2": 0.02, "clip_norm": 0.5}


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("settings_", [{}, HARD, {"l1": 0.05, "l1_dead_at_zero": True, "batch": 5}, {"warmup": 9, "schedule": "cosine"}])
def test_the_same_bytes_as_a_plain_step(name, settings_):
    """Seven steps over an epoch's border with a short last batch, by turns plain and recorded, half-done steps included."""
    plain, taped = (trainer(numbers(20), LAYERS, optimizer=name, **settings_) for _ in range(2))
    for k in range(7):
        before = everything(taped)
        plain.run(1)
        tape = record(taped, k)
        assert everything(plain) == everything(taped) != before
        assert plain.state()["noise"] == taped.state()["noise"]
        assert plain.state()["batches"]["random"] == taped.state()["batches"]["random"]
        assert (tape.step, taped.step) == (k + 1, k + 1)
        assert tape.loss == plain.loss
    plain.run(5), taped.run(5)
    assert everything(plain) == everything(taped)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_what_the_arenas_held(name):
    t = trainer(numbers(20), LAYERS, optimizer=name, **HARD)
    t.run(3)
    before, slots, order = t.tensors("parameter").copy(), [s.copy() for s in t.arenas.slots], t._feed.batches.order.copy()
    tape = record(t, shown=2)
    assert np.array_equal(tape.before, before)
    assert np.array_equal(tape.after, t.tensors("parameter"))
    assert np.array_equal(tape.change, t.tensors("change"))
    assert all(np.array_equal(a, b) for a, b in zip(tape.slots_before, slots, strict=True))
    assert all(np.array_equal(a, b) for a, b in zip(tape.slots_after, t.arenas.slots, strict=True))
    assert tape.clip < 1
    assert np.array_equal(tape.gradient, t.tensors("gradient"))  # inside a walk and outside: before clipping
    norm = math.sqrt(float(tape.gradient.astype(float) @ tape.gradient))
    assert tape.clip == pytest.approx(0.5 / (norm + 1e-6), rel=1e-6) == t.clip
    if len(tape.rows) == 8:
        assert set(tape.rows) <= set(order)
    kept = tape.before.copy(), tape.gradient.copy(), tape.old.a.copy()
    t.run(5)
    for mine, then in zip((tape.before, tape.gradient, tape.old.a), kept, strict=True):
        assert np.array_equal(mine, then)
        with pytest.raises(ValueError, match="read-only"):
            mine[0] = 1


def test_rows_are_the_batch():
    """Sequential batches of 8 out of 20: 0-7, 8-15, 16-19, 0-7; the shown row wraps around in a short one."""
    t = trainer(numbers(20), batch=8, order="sequential")
    tapes = [record(t, 5) for _ in range(4)]
    assert [(tape.rows[0], tape.rows[-1], tape.row) for tape in tapes] == [(0, 7, 5), (8, 15, 13), (16, 19, 17), (0, 7, 5)]
    shuffled = trainer(numbers(20), batch=8)
    assert sorted(np.concatenate([record(shuffled).rows for _ in range(3)])) == list(range(20))
    whole = trainer(numbers(20), batch=64)
    assert record(whole, 22).rows.tolist() == list(range(20))
    assert record(whole, 22).row == 2


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_the_shown_sample_is_what_the_live_picture_shows(task):
    data = numbers(20, task=task)
    t = trainer(data, LAYERS, batch=8, dropout=0.4)
    t.run(2)
    seen = trainer(data, LAYERS, batch=8, dropout=0.4)
    seen.run(2)
    tape = record(t, 3)
    for sample, run in ((tape.old, 0), (tape.new, 1)):
        seen.run(run)
        seen.show(data.x_train[tape.row], data.t_train[tape.row])
        for mine, kind in ((sample.z, "z"), (sample.a, "activation"), (sample.delta, "delta")):
            assert np.array_equal(mine, seen.tensors(kind))
    assert np.array_equal(tape.old.a[:4], tape.x)
    wanted = np.eye(3)[data.t_train[tape.row]] if task == "classification" else data.t_train[tape.row]
    np.testing.assert_allclose(tape.target_o, wanted)
    output = tape.old.a[-3:].astype(float)
    loss = -math.log(output[data.t_train[tape.row]]) if task == "classification" else ((output - tape.target_o) ** 2).mean()
    assert tape.old.loss == pytest.approx(loss, rel=1e-5)
    assert tape.of(2).row == tape.rows[2]
    assert not np.array_equal(tape.of(2).old.a, tape.old.a)


def test_the_batch_gradient_is_the_mean_of_the_samples():
    t = trainer(numbers(20), LAYERS, batch=8)
    tape = record(t)
    mean = np.mean([tape.of(k).sample_gradient for k in range(8)], axis=0)
    np.testing.assert_allclose(tape.gradient, mean, rtol=1e-4, atol=1e-7)
    assert tape.loss == pytest.approx(np.mean([tape.of(k).old.loss for k in range(8)]), rel=1e-5)


nets = st.lists(st.tuples(st.integers(1, 5), st.sampled_from(["relu", "tanh", "sin"])), max_size=3)


@settings(max_examples=25, deadline=None)
@given(nets, st.integers(1, 6), st.integers(1, 9), st.integers(1, 3), st.sampled_from(["classification", "regression"]), st.integers(0, 99))
def test_any_shape(hidden, n, batch, outputs, task, seed):
    """Width 1, depth 0, one sample, one class, a batch larger than the data."""
    data = numbers(n, outputs=outputs, task=task, seed=seed)
    plain, taped = (trainer(data, tuple(hidden), batch=batch, seed=seed) for _ in range(2))
    plain.run(3)
    tapes = [record(taped, seed) for _ in range(3)]
    assert everything(plain) == everything(taped)
    for tape in tapes:
        assert len(tape.rows) <= min(n, batch)
        assert np.isfinite(tape.old.a).all()
        assert tape.sample_gradient.shape == tape.before.shape


def test_a_step_that_diverges_is_taped_and_not_applied():
    t = trainer(numbers(40), loss="mse", output="linear", optimizer="sgd", learning_rate=1e9)
    for _ in range(30):
        tape = record(t)
        if tape.diverged:
            break
    assert tape.diverged
    assert t.diverged == tape.step == t.step + 1
    assert tape.after is not None
    assert np.array_equal(tape.before, tape.after)
    assert np.array_equal(tape.after, t.tensors("parameter"))
    assert not tape.change.any()
    assert np.isfinite(tape.new.a).all()
    with pytest.raises(RunError, match=f"diverged at step {t.diverged}"):
        record(t)


def test_an_update_that_overflows_is_taped_and_not_applied():
    t = trainer(numbers(10), ((4, "tanh"),), optimizer="momentum", learning_rate=1.0, momentum=0.99)
    t.run(1)
    state = t.state()
    state["arenas"]["slot0"][0] = 3.3e38
    state["arenas"]["parameters"][0] = -3.3e38
    t.restore(state)
    tape = record(t)
    assert tape.diverged
    assert np.array_equal(tape.before, tape.after)
    assert np.array_equal(tape.before, state["arenas"]["parameters"])
    assert np.array_equal(tape.slots_after[0], tape.slots_before[0])


def test_a_half_done_step_is_finished_first():
    """Large enough to be cut into pieces."""
    data = numbers(40, inputs=500)
    cut, whole = (trainer(data, ((640, "relu"),), batch=20) for _ in range(2))
    cut.advance(lambda: False)
    assert not cut.at_boundary
    tape = record(cut)
    assert tape.step == 2
    whole.run(2)
    assert everything(cut) == everything(whole)
