"""Rewind: every remembered step bitwise, the same numbers from there, branches, the budget, snapshots."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nnviz3d.engine.data import load
from nnviz3d.engine.run_history import Rewind
from nnviz3d.engine.tape import record
from nnviz3d.spec.neuron_locks import Holds
from nnviz3d.spec.scene import Data
from tests.engine.nets import everything, numbers, trainer
from tests.helpers.runs import OPTIMIZERS, whole

LAYERS = ((6, "relu"), (5, "tanh"))


def remembered(steps, budget=64 << 20, spacing=None, **train):
    """(rewind, what every step was)."""
    t = trainer(numbers(20), LAYERS, **{"batch": 8, "dropout": 0.3, **train})
    rewind = Rewind(t, budget)
    if spacing:
        rewind.spacing = rewind.longest = spacing
    moments = {0: whole(t)}
    for _ in range(steps):
        rewind.run(1)
        moments[t.step] = whole(t)
    return rewind, moments


def different(train, **changes):
    return train.model_copy(update=changes)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_step_in_any_order(name):
    rewind, moments = remembered(60, spacing=7, optimizer=name, l2=0.01, clip_norm=1.0, schedule="cosine", warmup=9)
    assert rewind.stretches() == [(0, 60)]
    order = np.random.default_rng(0).permutation(61)
    for step in [*order, 60, 59, 58, 0, 1, 2]:
        rewind.enter(int(step))
        assert whole(rewind.trainer) == moments[step]
        assert rewind.newest == 60


def test_training_on_gives_the_same_numbers():
    rewind, moments = remembered(50, spacing=8)
    for start in (0, 13, 16, 49):
        rewind.enter(start)
        while rewind.trainer.step < 50:
            assert rewind.run(1) == 1
            assert whole(rewind.trainer) == moments[rewind.trainer.step]
    rewind.enter(20)
    assert rewind.run(40) == 40  # out of the known future into the new
    plain = trainer(numbers(20), LAYERS, batch=8, dropout=0.3)
    plain.run(60)
    assert whole(plain) == whole(rewind.trainer)
    assert rewind.stretches() == [(0, 60)]


def test_long_stretches_in_one_call_are_remembered_too():
    """`advance` looks in between; the frame loop gives it hundreds of steps at once."""
    rewind, moments = remembered(0, spacing=10)
    assert rewind.advance(lambda: True, 200) == 200
    assert len(rewind._keys) == 21
    plain = trainer(numbers(20), LAYERS, batch=8, dropout=0.3)
    for step in range(1, 101):
        plain.run(1)
        moments[step] = whole(plain)
    for step in (100, 55, 1, 99):
        rewind.enter(step)
        assert whole(rewind.trainer) == moments[step]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 30)), min_size=1, max_size=8), st.integers(1, 12))
def test_advance_is_the_trainers(calls, spacing):
    """Whatever more() allows and steps asks for: as many steps and the same bytes as without a memory."""
    t, plain = (trainer(numbers(20), LAYERS, batch=8, dropout=0.3) for _ in range(2))
    rewind = Rewind(t)
    rewind.spacing = rewind.longest = spacing
    for steps, pieces in calls:
        left = iter(range(pieces - 1))
        done = rewind.advance(lambda left=left: next(left, None) is not None, steps)
        assert done <= min(steps, pieces + steps // spacing + 1)
        plain.run(done)
        assert everything(plain) == everything(t)


def test_a_half_done_step_ends_the_call_where_it_ends():
    t = trainer(numbers(40, inputs=500), ((640, "relu"),), batch=20)
    rewind = Rewind(t)
    rewind.advance(lambda: False)
    assert not t.at_boundary
    assert rewind.advance(lambda: True) == 1
    assert rewind.advance(lambda: False, 0) == 0
    rewind.advance(lambda: False)
    assert rewind.enter(1) is t.train
    assert t.at_boundary
    assert t.step == 1


def test_other_settings_after_a_rewind_discard_the_future():
    rewind, moments = remembered(40, spacing=6)
    t = rewind.trainer
    rewind.enter(21)
    t.configure(different(t.train, learning_rate=0.5))
    rewind.run(4)
    assert rewind.newest == 25
    assert rewind.stretches() == [(0, 25)]
    new = whole(t)
    assert new != moments[25]
    rewind.enter(20)
    assert t.train.learning_rate == 0.001
    assert whole(t) == moments[20]
    assert rewind.enter(25).learning_rate == 0.5
    assert whole(t) == new


def test_settings_changed_on_the_way_come_back_with_their_steps():
    rewind, moments = remembered(10, spacing=4)
    t = rewind.trainer
    for change in ({"learning_rate": 0.1}, {"batch": 3, "order": "sequential"}, {"l1": 0.1, "l1_dead_at_zero": True}, {"huber_delta": 2.0}):
        train = different(t.train, **change)
        if "batch" in change:
            t.rebatch(train)
        t.configure(train)
        for _ in range(7):
            rewind.run(1)
            moments[t.step] = whole(t)
    assert rewind.newest == 38
    for step in np.random.default_rng(1).permutation(39):
        if step not in (10, 17, 24, 31):  # there the moment after the change is the one that is kept
            train = rewind.enter(int(step))
            assert whole(t) == moments[step]
            assert train.learning_rate == (0.001 if step < 10 else 0.1)
    rewind.enter(38)
    assert whole(t) == moments[38]


def test_training_past_a_change_without_making_it_is_a_new_branch():
    rewind, _ = remembered(10, spacing=4)
    t = rewind.trainer
    t.configure(different(t.train, learning_rate=0.1))
    rewind.run(10)
    rewind.enter(5)
    rewind.run(9)
    assert rewind.newest == 14
    plain = trainer(numbers(20), LAYERS, batch=8, dropout=0.3)
    plain.run(14)
    assert whole(plain) == whole(t)
    rewind.enter(3), rewind.enter(14)
    assert whole(plain) == whole(t)


def test_an_edited_weight_is_a_new_branch():
    rewind, moments = remembered(20, spacing=6)
    t = rewind.trainer
    rewind.enter(9)
    named = t.parameters()
    named["layers.0.weight"][0, 0] = 3.0
    t.load_parameters(named)
    rewind.run(2)
    new = whole(t)
    assert (rewind.newest, rewind.oldest) == (11, 0)
    rewind.enter(8)
    assert whole(t) == moments[8]
    rewind.enter(9)
    assert t.tensors("parameter")[0] == 3.0
    rewind.enter(11)
    assert whole(t) == new


def test_pace_and_stop_condition_are_no_branch():
    rewind, moments = remembered(20)
    t = rewind.trainer
    rewind.enter(5)
    t.configure(different(t.train, steps=500, steps_per_second=3.0))
    rewind.run(1)
    assert rewind.newest == 20
    rewind.enter(20)
    assert whole(t) == moments[20]


def test_a_recorded_step_is_remembered():
    rewind, moments = remembered(12, spacing=5)
    rewind.enter(7)
    tape = record(rewind.trainer)
    rewind.note()
    assert whole(rewind.trainer) == moments[8]
    assert tape.step == 8
    assert rewind.newest == 12


def test_divergence_can_be_rewound():
    t = trainer(numbers(40), loss="mse", output="linear", optimizer="sgd", learning_rate=1e9)
    rewind = Rewind(t)
    rewind.run(100)
    assert t.diverged
    last = t.step
    rewind.enter(0)
    assert t.diverged is None
    rewind.enter(last)
    assert t.diverged is None
    assert rewind.run(1) == 0
    assert t.diverged == last + 1
    assert rewind.enter(last) is t.train
    assert t.diverged is None


def test_1000_steps_of_digits_in_64_mb():
    t = trainer(load(Data(), Path()), ((48, "relu"), (32, "relu")), batch=32)
    rewind = Rewind(t, 64 << 20)
    rewind.advance(lambda: True, 1000)
    assert rewind.stretches() == [(0, 1000)]
    assert rewind.bytes < 8 << 20
    assert rewind.spacing * 50e-6 < 4e-3  # what re-entering trains again at worst, at 50 us a step
    at = whole(t)
    rewind.enter(431)
    rewind.enter(1000)
    assert whole(t) == at


def test_the_budget_thins_old_steps_and_keeps_the_first():
    rewind, moments = remembered(0, spacing=2)
    one = rewind.bytes
    rewind.budget = 20 * one
    for _ in range(300):
        rewind.run(1)
        moments[rewind.trainer.step] = whole(rewind.trainer)
        assert rewind.bytes <= rewind.budget
    kept = [key.step for key in rewind._keys]
    assert kept[0] == 0
    assert len(kept) >= 20
    gaps = np.diff(kept)
    assert gaps[:5].mean() > 3 * gaps[-5:].mean()
    stretches = rewind.stretches()
    assert stretches[-1][1] == 300
    for first, last in stretches:
        for step in range(first, last + 1):
            assert rewind.nearest(step) == step
            rewind.enter(step)
            assert whole(rewind.trainer) == moments[step]
    lost = next(step for step in range(300) if rewind.nearest(step) != step)
    with pytest.raises(KeyError, match="not stored; the nearest stored step is"):
        rewind.enter(lost)
    assert rewind.bytes == pytest.approx(sum({id(a): a.nbytes for k in rewind._keys for a in arrays(k)}.values()))


def test_before_it_thins_it_spreads():
    """While re-entering stays within a frame, every step stays remembered: keys just lie further apart."""
    rewind, moments = remembered(0, spacing=2)
    rewind.longest = 16
    rewind.budget = 20 * rewind.bytes
    for _ in range(250):
        rewind.run(1)
        moments[rewind.trainer.step] = whole(rewind.trainer)
    assert rewind.stretches() == [(0, 250)]
    assert rewind.spacing == 16
    assert rewind.bytes <= rewind.budget
    for step in np.random.default_rng(0).permutation(251):
        rewind.enter(int(step))
        assert whole(rewind.trainer) == moments[step]
    rewind.enter(250)
    rewind.run(400)
    assert len(rewind.stretches()) > 1


def arrays(key):
    return [*key.state["arenas"].values(), key.state["batches"]["order"]]


def test_thinned_changes_stay_changes():
    """Many changes under a small budget: what is said to be remembered is, to the byte."""
    rewind, moments = remembered(0, spacing=3)
    t, rng = rewind.trainer, np.random.default_rng(5)
    rewind.budget = 12 * rewind.bytes
    for k in range(40):
        t.configure(different(t.train, learning_rate=float(rng.random())))
        moments[t.step] = whole(t)
        for _ in range(int(rng.integers(1, 9))):
            rewind.run(1)
            moments[t.step] = whole(t)
        if k % 7 == 6:
            first, last = rewind.stretches()[int(rng.integers(len(rewind.stretches())))]
            step = int(rng.integers(first, last + 1))
            rewind.enter(step)
            assert whole(t) == moments[step]
            moments = {s: m for s, m in moments.items() if s <= step}
    for first, last in rewind.stretches():
        for step in range(first, last + 1):
            rewind.enter(step)
            if step in moments:
                assert whole(t) == moments[step]


@pytest.mark.parametrize("states", [0.5, 1.5])
def test_a_budget_too_small_trains_as_ever(states):
    size = remembered(0)[0].bytes
    rewind, moments = remembered(30, budget=int(size * states), spacing=4)
    plain = trainer(numbers(20), LAYERS, batch=8, dropout=0.3)
    plain.run(30)
    assert whole(plain) == whole(rewind.trainer) == moments[30]
    assert rewind.bytes <= size * states
    assert rewind.nearest(30) == 30
    with pytest.raises(KeyError):
        rewind.enter(3)


def test_snapshots():
    rewind, moments = remembered(12, spacing=5)
    t = rewind.trainer
    a = rewind.snapshot("A")
    assert (a.step, a.loss) == (12, t.loss)
    rewind.run(10)
    b = rewind.snapshot("B")
    assert np.array_equal(b.parameters, t.tensors("parameter"))
    assert not np.array_equal(a.parameters, b.parameters)
    at_b = whole(t)
    rewind.enter_snapshot("A")
    assert whole(t) == moments[12]
    assert rewind.newest == 22  # on this branch: the future stays
    rewind.enter(5)
    t.configure(different(t.train, learning_rate=0.3))
    rewind.run(20)
    rewind.enter_snapshot("B")
    assert whole(t) == at_b
    assert t.train.learning_rate == 0.001
    assert rewind.newest == 22
    rewind.run(3)
    end = whole(t)
    rewind.enter(22)
    assert whole(t) == at_b
    rewind.enter(25)
    assert whole(t) == end
    with pytest.raises(KeyError):
        rewind.enter_snapshot("C")


@pytest.mark.parametrize("how", ["rate", "weight", "freeze", "batch"])
def test_a_change_at_an_earlier_step_ends_the_future_at_once(how):
    rewind, moments = remembered(25, spacing=4)
    t = rewind.trainer
    rewind.enter(19)
    if how == "rate":
        t.configure(different(t.train, learning_rate=0.0123))
    elif how == "weight":
        t.set_parameter(3, 0.5)
    elif how == "freeze":
        t.hold(Holds(frozen=(t.topology.nodes[1].neurons.start,)))
    else:
        t.rebatch(different(t.train, batch=3))
    assert (rewind.newest, rewind.nearest(25), rewind.stretches(), rewind.changes()) == (19, 19, [(0, 19)], [19])
    changed = whole(t)
    rewind.enter(rewind.nearest(25))
    assert whole(t) == changed
    rewind.run(5)
    end = whole(t)
    rewind.enter(18)
    assert whole(t) == moments[18]
    rewind.enter(24)
    assert whole(t) == end


def test_before_a_kept_moment_lies_what_led_to_it():
    """Back to A of a branch that is gone: its own past where it is known, and nothing of the branch that was left."""
    rewind, moments = remembered(36, spacing=6)
    t = rewind.trainer
    rewind.snapshot("A")
    rewind.enter(9)
    t.configure(different(t.train, learning_rate=0.1))
    rewind.run(47)
    rewind.enter_snapshot("A")
    assert rewind.newest == 36 and rewind.changes() == []
    assert rewind.stretches() == [(0, 12), (36, 36)], "steps 13 to 35 lie too far from the keys that are left"
    assert all(first <= rewind.nearest(step) <= last for step in range(37) for first, last in [(0, 36)])
    for step in (12, 9, 0, 36):
        rewind.enter(step)
        assert whole(t) == moments[step]
    rewind.enter(12), rewind.run(30)
    plain = trainer(numbers(20), LAYERS, batch=8, dropout=0.3)
    plain.run(42)
    assert whole(plain) == whole(t)


def test_a_kept_moment_in_a_gap_keeps_its_future():
    rewind, moments = remembered(200, spacing=2, budget=1 << 30)
    rewind.enter(101), rewind.snapshot("A"), rewind.enter(200)
    rewind.budget = rewind.bytes // 20
    rewind.run(4)
    assert rewind.nearest(101) != 101
    end = whole(rewind.trainer)
    rewind.budget *= 2
    rewind.enter_snapshot("A")
    assert whole(rewind.trainer) == moments[101] and rewind.newest == 204 and rewind.nearest(101) == 101
    rewind.enter(204)
    assert whole(rewind.trainer) == end


def test_a_slider_that_is_dragged_copies_nothing():
    rewind, _ = remembered(10, spacing=4)
    held = rewind.bytes
    for k in range(50):
        rewind.trainer.configure(different(rewind.trainer.train, learning_rate=0.1 + k))
        assert rewind.newest == 10
    assert rewind.bytes <= held


def test_nothing_is_remembered_before_the_start():
    rewind, _ = remembered(3)
    assert rewind.nearest(-5) == 0
    assert rewind.nearest(10**9) == 3
    with pytest.raises(KeyError):
        rewind.enter(4)
    assert math.isfinite(rewind.trainer.loss)


ACTS = ["run", "run", "enter", "configure", "edit", "record", "A", "to A"]


@settings(max_examples=60, deadline=None)
@example([("run", 4), ("configure", 0), ("run", 1), ("enter", 0), ("run", 4)], 1, 3)  # the change's own key is thinned away
@given(st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 25)), max_size=14), st.integers(1, 6), st.integers(3, 30))
def test_any_history(acts, spacing, states):
    """Against a model that keeps every moment of the branch: whatever was done, what is remembered is that moment, to the byte."""
    t = trainer(numbers(20), ((3, "tanh"),), batch=8, optimizer="momentum")
    rewind = Rewind(t)
    rewind.spacing = rewind.longest = spacing
    rewind.budget = states * rewind.bytes
    moments, changes, kept = {0: whole(t)}, set(), None

    def here(change=False):
        """The trainer has come to a moment: the same as it was known, or a new branch from here."""
        if change or t.step in changes or moments.get(t.step) != whole(t):
            for step in [step for step in moments if step >= t.step]:
                del moments[step]
            changes.intersection_update(moments)
            if change:
                changes.add(t.step)
        moments[t.step] = whole(t)

    for act, n in acts:
        if act == "run":
            for _ in range(n):
                rewind.run(1)
                here()
        elif act == "record":
            record(t)
            rewind.note()
            here()
        elif act == "enter":
            rewind.enter(rewind.nearest(n))
            assert whole(t) == moments[t.step]
        elif act == "configure":
            t.configure(different(t.train, learning_rate=t.train.learning_rate * 1.5))
            rewind.note()
            here(change=True)
        elif act == "edit":
            t.load_parameters({name: value + np.float32(0.01) for name, value in t.parameters().items()})
            rewind.note()
            here(change=True)
        elif act == "A":
            rewind.snapshot("A")
            kept = whole(t), {s: m for s, m in moments.items() if s <= t.step}, {s for s in changes if s <= t.step}
        elif kept is not None:
            rewind.enter_snapshot("A")
            assert whole(t) == kept[0]
            if moments.get(t.step) != kept[0]:  # another branch, with what led to it
                moments, changes = dict(kept[1]), set(kept[2])
        assert rewind.nearest(t.step) == t.step
        assert rewind.newest == max(moments)
        assert rewind.bytes <= rewind.budget
    for first, last in rewind.stretches():
        for step in range(first, last + 1):
            rewind.enter(step)
            assert whole(t) == moments[step]


def test_the_first_step_that_was_discarded_is_reported_once():
    rewind, _ = remembered(40, spacing=8)
    assert rewind.take_lost() == 0 and rewind.take_lost() is None, "the run itself began"
    assert rewind.take_lost("curves") == 0, "each reader is reported"
    rewind.enter(20)
    rewind.run(10)
    assert rewind.take_lost() is None, "the same future"
    for step, rate in ((25, 0.5), (12, 0.25)):
        rewind.enter(step)
        rewind.trainer.configure(different(rewind.trainer.train, learning_rate=rate))
        rewind.run(3)
    assert rewind.take_lost() == 12 and rewind.take_lost() is None


def test_moments_are_what_was_held_at_their_steps():
    rewind, moments = remembered(40, spacing=8)
    held = rewind.moments()
    assert [step for step, _ in held] == [0, 8, 16, 24, 32, 40]
    for step, state in held:
        rewind.enter(step)
        assert all((state["arenas"][name] == rewind.trainer.arenas.copies()[name]).all() for name in ("parameters", "gradients", "before"))
        assert whole(rewind.trainer) == moments[step]
