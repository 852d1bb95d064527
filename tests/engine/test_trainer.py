"""The trainer: same bytes however it is driven, nothing allocated, divergence undone, batches as the contract says."""

from __future__ import annotations

import itertools
import math
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnviz3d.backend import choose
from nnviz3d.engine import plan as plans
from nnviz3d.engine.data import load
from nnviz3d.engine.evaluation import drawn
from nnviz3d.engine.trainer import Trainer
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.scene import Data, Network, Scene, Train
from tests.engine.nets import everything, numbers, trainer

LAYERS = ((24, "relu"), (16, "gelu"))


def digits(**train):
    return trainer(load(Data(), Path()), ((48, "relu"), (32, "relu")), batch=32, **train)


# the same bytes


@pytest.mark.parametrize("name", ["sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw"])
def test_twice_the_same_bytes(name):
    runs = [trainer(numbers(50), LAYERS, optimizer=name, batch=8, dropout=0.3, l2=0.01, clip_norm=1.0) for _ in range(2)]
    for t in runs:
        assert t.run(40) == 40
    assert everything(runs[0]) == everything(runs[1])


def test_another_seed_gives_other_weights():
    assert everything(trainer(seed=1)) != everything(trainer(seed=2))


def test_looking_changes_nothing():
    """show, tensors, evaluate, parameters and state between the steps: training goes on with the same bytes."""
    data = numbers(50, test=9)
    blind, seen = (trainer(data, LAYERS, batch=8, dropout=0.3) for _ in range(2))
    blind.run(30)
    for k in range(30):
        seen.run(1)
        seen.show(data.x_test[k % 9], data.t_test[k % 9])
        for kind in ("parameter", "gradient", "change", "z", "activation", "delta"):
            assert np.isfinite(seen.tensors(kind)).all()
        seen.evaluate("train"), seen.evaluate("test"), seen.parameters(), seen.state()
    assert everything(blind) == everything(seen)


def test_looking_while_a_step_is_half_done_changes_nothing(monkeypatch):
    """A step of a large convolution is left half done where a frame ends; what others work out in between has other memory."""
    monkeypatch.setattr(plans, "SMALL_FLOP", 0.0)
    layers = [{"kind": "conv2d", "channels": 6, "kernel": 3}, {"kind": "max_pool", "kernel": 2}]
    scene = Scene(network=Network.model_validate({"layers": layers}), train=Train(batch=32))
    data = load(Data(), Path())
    blind, seen = (Trainer(scene, data, choose("cpu")) for _ in range(2))
    blind.run(3)
    half = 0
    while seen.step < 3:
        seen.advance(lambda: False, 1)
        seen.show(data.x_test[half], data.t_test[half])
        seen.evaluate("test", 40)
        half += not seen.at_boundary
    assert half > 30 and everything(blind) == everything(seen)


def budget(pieces):
    """more() that allows this many pieces."""
    left = iter(range(pieces - 1))
    return lambda: next(left, None) is not None


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=12))
def test_advance_in_pieces_is_run(pieces):
    whole, cut = (trainer(numbers(20), LAYERS, batch=8, dropout=0.2) for _ in range(2))
    for t in (whole, cut):
        t._feed.compiled(8), t._feed.compiled(4)
        for compiled in t._feed._plans.values():
            compiled.groups = [[call] for call in compiled.calls]  # as a step too long for one frame
    steps = sum(cut.advance(budget(n)) for n in pieces)
    assert steps == cut.step
    cut.settle()
    assert whole.run(cut.step) == cut.step
    assert cut.at_boundary
    assert everything(whole) == everything(cut)


def test_a_long_step_is_cut_and_continued():
    t = trainer(numbers(300, inputs=400), ((1000, "relu"),), batch=256)
    assert t.advance(budget(1)) == 0
    assert not t.at_boundary
    phases = [t.phase]
    while t.advance(budget(1)) == 0:
        phases.append(t.phase)
    assert t.at_boundary
    assert t.step == 1
    assert t.phase == ""
    order = ["input", "forward 1", "forward 2", "loss", "backward 2", "backward 1", "update"]
    assert [name for name, _ in itertools.groupby(phases)] == order
    t.advance(budget(3))
    assert t.advance(lambda: True) == 1  # what began in an earlier call ends this one


def test_a_number_of_steps():
    t = trainer(numbers(20), batch=8)
    assert t.advance(lambda: True, 5) == 5
    assert t.advance(lambda: True, 0) == 0
    assert t.advance(lambda: False, 5) == 1
    assert t.step == 6


def test_state_continues_bytewise():
    data = numbers(50)
    scene = {"layers": LAYERS, "batch": 8, "dropout": 0.3, "l1": 0.01, "l1_dead_at_zero": True}
    a, b = trainer(data, **scene), trainer(data, **scene)
    a.run(17)
    state = a.state()
    b.run(5)
    b.restore(state)
    assert (b.step, b.epoch, b.loss) == (a.step, a.epoch, a.loss)
    a.run(23)
    b.run(23)
    assert everything(a) == everything(b)


# memory


@pytest.mark.parametrize("train", [{}, {"dropout": 0.2, "l1": 0.01, "l2": 0.01, "clip_norm": 1.0}, {"l1": 0.01, "l1_dead_at_zero": True}])
def test_a_step_allocates_nothing(train):
    """After warm-up six steps need less than 4 kB at any time (views, Python floats), with arrays of 32 kB in play; no array moves."""
    t = trainer(numbers(300, inputs=64), ((256, "gelu"), (64, "elu")), batch=32, **train)
    t.run(30)  # both batch sizes, and a new epoch
    arenas, plans = t.arenas.all(), t._feed._plans
    addresses = {name: array.ctypes.data for name, array in arenas.items()}
    tracemalloc.start()
    try:
        t.run(3)
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        t.run(6)  # inside an epoch: the permutation of the next one is drawn by numpy
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak - before < 4096
    assert {name: array.ctypes.data for name, array in t.arenas.all().items()} == addresses
    assert t._feed._plans is plans


def test_layers_are_views_of_one_arena():
    t = trainer()
    named = t.arenas.names()
    assert sum(r.size for r in named.values()) == t.tensors("parameter").size
    assert all(np.shares_memory(r.view(t.tensors("parameter")), t.arenas.parameters) for r in named.values())


# batches


def rows_of(order, n, size, seed, epochs):
    """The contract, written again: one permutation an epoch from Generator(PCG64(seed)), a short batch at the end."""
    rng, rows = np.random.Generator(np.random.PCG64(seed)), []
    for _ in range(epochs):
        permutation = rng.permutation(n) if order == "shuffle" else np.arange(n)
        rows += [permutation[at : at + size] for at in range(0, n, size)]
    return rows


@pytest.mark.parametrize("order", ["shuffle", "sequential"])
def test_batches_are_reproducible(order):
    data = numbers(22)
    t = trainer(data, batch=8, order=order, seed=5, dropout=0.5)  # dropout draws from a stream of its own
    for k, rows in enumerate(rows_of(order, 22, 8, 5, 3), start=1):
        t.run(1)
        assert np.array_equal(t._feed.plan.index, rows)
        assert np.array_equal(t._feed._buffers.y[0][: len(rows)], data.x_train[rows])
        assert t.epoch == pytest.approx((k - 1) // 3 + [8, 16, 22][(k - 1) % 3] / 22)


def test_batch_zero_is_the_full_set():
    data = numbers(22)
    t, other = trainer(data, batch=0, dtype="float64"), trainer(data, batch=22, order="sequential", dtype="float64")
    t.run(3)
    other.run(3)
    assert everything(t) == everything(other)
    assert t.epoch == 3


def test_the_loss_is_the_mean_of_the_batch():
    t = trainer(numbers(10), learning_rate=0.0)
    assert math.isnan(t.loss)
    t.run(1)
    assert t.loss == pytest.approx(t.evaluate("train")[0], rel=1e-6)


# divergence


def test_divergence_keeps_the_last_finite_state():
    t = trainer(numbers(40), ((8, "relu"),), loss="mse", output="linear", optimizer="momentum", learning_rate=30.0, batch=8)
    done = t.run(10_000)
    assert t.diverged == t.step + 1 == done + 1
    assert all(np.isfinite(array).all() for array in t.arenas.copies().values())
    twin = trainer(numbers(40), ((8, "relu"),), loss="mse", output="linear", optimizer="momentum", learning_rate=30.0, batch=8)
    twin.run(t.step)
    assert twin.diverged is None
    for name in ("parameters", "before", "slot0"):
        assert np.array_equal(twin.arenas.copies()[name], t.arenas.copies()[name])
    assert t.loss == twin.loss
    assert math.isfinite(t.loss)
    assert t.run(3) == t.advance(lambda: True) == 0
    t.show(np.ones(4, np.float32), 1)
    assert all(np.isfinite(t.tensors(kind)).all() for kind in ("gradient", "change", "z", "activation", "delta"))


def test_an_update_that_overflows_is_undone():
    """Loss and gradient are finite, the new parameters would not be: found at that step, and parameters and slots put back."""
    t = trainer(numbers(10), ((4, "tanh"),), optimizer="momentum", learning_rate=1.0, momentum=0.99)
    t.run(1)
    state = t.state()
    state["arenas"]["slot0"][0] = 3e38
    state["arenas"]["parameters"][0] = -2e38  # one saturated tanh: loss and gradient stay finite
    t.restore(state)
    assert t.run(5) == 0
    assert t.diverged == 2
    for name in ("parameters", "slot0", "before"):
        assert np.array_equal(t.arenas.copies()[name], state["arenas"][name])


def test_a_huge_step_that_fits_is_taken():
    """The bound says "could overflow", the look afterwards says it did not."""
    t = trainer(numbers(10), ((4, "tanh"),), optimizer="momentum", learning_rate=1.0, momentum=0.99)
    t.run(1)
    state = t.state()
    state["arenas"]["slot0"][0] = 2e37
    t.restore(state)
    assert t.run(3) == 3
    assert t.diverged is None
    assert t.tensors("parameter")[0] < -4e37


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(["sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw"]),
    st.floats(1e-3, 1e9), st.sampled_from([1e-8, 1e-20, 1e-37, 1e-45]), st.sampled_from(["relu", "linear", "elu"]), st.integers(0, 99),
)  # fmt: skip
def test_parameters_and_slots_are_always_finite(name, rate, epsilon, activation, seed):
    """Whatever the constants: after every step all that is kept is a number, and a run that stops says where."""
    data = numbers(12, task="regression")
    t = trainer(data, ((4, activation),), optimizer=name, learning_rate=rate, epsilon=epsilon, momentum=0.99, seed=seed, weight_decay=1.0)
    for _ in range(25):
        stopped = t.run(2) < 2
        assert all(np.isfinite(array).all() for array in t.arenas.copies().values())
        if stopped:
            assert t.diverged == t.step + 1
            break
    else:
        assert math.isfinite(t.loss)


def test_new_constants_pardon():
    """A run that has diverged takes no step, until its settings change."""
    t = trainer(numbers(40), loss="mse", output="linear", optimizer="sgd", learning_rate=1e9)
    first = t.arenas.parameters.copy()
    t.run(100)
    assert t.diverged
    t.arenas.parameters[:] = first
    assert t.run(1) == 0
    t.configure(t.train.model_copy(update={"learning_rate": 0.1}))
    assert t.diverged is None and t.run(1) == 1
    before = t.loss
    assert t.run(100) == 100 and t.diverged is None and t.loss < 0.9 * before


# changing


def test_configure_takes_effect_at_once_and_keeps_the_slots():
    t = trainer(optimizer="momentum", dtype="float64", learning_rate=0.1)
    t.run(3)
    slot = t.arenas.slots[0].copy()
    t.configure(t.train.model_copy(update={"learning_rate": 0.5, "momentum": 0.5, "l2": 0.1}))
    assert t.step == 3
    t.run(1)
    slot = 0.5 * slot + t.tensors("gradient")
    np.testing.assert_allclose(t.arenas.slots[0], slot, rtol=1e-12)
    np.testing.assert_allclose(t.tensors("change"), -0.5 * slot, rtol=1e-9, atol=1e-15)


def test_rebatch_keeps_parameters_and_step():
    t = trainer(numbers(30), batch=8)
    t.run(5)
    at = t.tensors("parameter").copy()
    t.rebatch(t.train.model_copy(update={"batch": 3, "order": "sequential"}))
    assert (t.step, t.epoch) == (5, 0.0)
    assert np.array_equal(at, t.tensors("parameter"))
    t.run(2)
    assert t._feed.plan.index.tolist() == [3, 4, 5]


def test_playgrounds_l1():
    """w' = w - rate g, w'' = w' - rate l1 sign(w); a weight with w' w'' < 0 becomes 0 for ever. Biases are left alone."""
    data = numbers(10)
    t = trainer(data, ((6, "tanh"),), optimizer="sgd", learning_rate=0.3, l1=0.1, l1_dead_at_zero=True, dtype="float64")
    weight = np.zeros(t.topology.n_parameters, bool)
    for node in t.topology.nodes[1:]:
        weight[node.weight.slice] = True
    expected, dead = t.tensors("parameter").copy(), np.zeros_like(weight)
    for _ in range(30):
        old = expected.copy()
        t.run(1)
        mid = old - 0.3 * t.tensors("gradient")
        new = mid - 0.3 * 0.1 * np.sign(old)
        dead |= weight & (mid * new < 0)
        expected = np.where(dead, 0, np.where(weight, new, mid))
        np.testing.assert_allclose(t.tensors("parameter"), expected, rtol=1e-9, atol=1e-12)
    assert 3 < dead.sum() < weight.sum()
    t.configure(t.train.model_copy(update={"l1": 0.0}))
    t.run(20)
    assert (t.tensors("parameter")[dead] == 0).all()


def test_parameters_round_trip():
    a, b = trainer(seed=1), trainer(seed=2)
    a.run(3)
    assert list(a.parameters()) == ["layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias"]
    assert a.parameters()["layers.0.weight"].shape == (5, 4)
    b.load_parameters(a.parameters())
    assert np.array_equal(a.tensors("parameter"), b.tensors("parameter"))
    assert not b.tensors("change").any()


def test_wrong_parameters_are_reported_all_at_once():
    t = trainer()
    named, at = t.parameters(), t.tensors("parameter").copy()
    named["layers.0.weight"] = named["layers.0.weight"].T
    named["layers.0.bias"][0] = np.nan
    del named["layers.1.bias"]
    named["layers.7.bias"] = np.zeros(1)
    with pytest.raises(InputError) as error:
        t.load_parameters(named)
    assert [p.key for p in error.value.problems] == ["layers.0.weight", "layers.0.bias", "layers.1.bias", "layers.7.bias"]
    assert np.array_equal(at, t.tensors("parameter"))


def test_a_batch_that_does_not_fit_in_memory_is_refused():
    tile = np.lib.stride_tricks.as_strided
    small = numbers(10)
    x, t = tile(small.x_train, (10**6, 4), (0, 4)), tile(small.t_train, (10**6,), (0,))
    huge = replace(small, x_train=x, t_train=t)
    with pytest.raises(InputError, match=r"train\.batch"):
        trainer(huge, ((4096, "relu"),), batch=0)


# learning


def test_evaluate():
    data = numbers(40, test=600)
    t = trainer(data)
    t.run(5)
    p = t.parameters()
    z = np.tanh(data.x_test @ p["layers.0.weight"].T + p["layers.0.bias"]) @ p["layers.1.weight"].T + p["layers.1.bias"]
    logs = z - np.log(np.exp(z).sum(1, keepdims=True))
    loss, accuracy = t.evaluate("test")
    assert loss == pytest.approx(-logs[np.arange(600), data.t_test].mean(), rel=1e-5)
    assert accuracy == (z.argmax(1) == data.t_test).mean()
    some = drawn(600, data.t_test, 300)
    assert len(some) == 300 and t.evaluate("test", 300)[1] == (z[some].argmax(1) == data.t_test[some]).mean()
    empty = trainer(numbers(10))
    assert math.isnan(empty.evaluate("test")[0])
    assert empty.evaluate("test")[1] is None
    assert trainer(numbers(task="regression")).evaluate("train")[1] is None


def test_digits_are_learned():
    t = digits()
    t.run(1500)
    assert t.evaluate("test")[1] >= 0.95


@pytest.mark.parametrize(
    ("train", "golden"),
    [
        ({"optimizer": "adam"}, [2.406369, 2.357867, 2.397644, 2.132802, 1.732891, 0.974470]),
        ({"optimizer": "sgd", "learning_rate": 0.1, "l2": 0.001}, [2.406369, 2.350433, 2.238489, 1.939861, 1.027585, 0.376940]),
        ({"optimizer": "rmsprop", "clip_norm": 1.0, "order": "sequential"}, [2.50878, 2.334166, 1.912952, 1.560531, 0.539203, 0.29798]),
    ],
)
def test_golden_loss_traces(train, golden):
    """Steps 1, 2, 5, 10, 50, 100 of the digits; another machine's BLAS moves the fourth digit at most."""
    t, losses = digits(**train), []
    for step in range(1, 101):
        t.run(1)
        if step in (1, 2, 5, 10, 50, 100):
            losses.append(t.loss)
    assert losses == pytest.approx(golden, rel=1e-3)
