"""Equations of the update against the arenas, and gradients against central differences."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnviz3d.engine.tape import record
from nnviz3d.engine.update_explained import check_gradient, update
from tests.engine.nets import numbers, trainer

OPTIMIZERS = ["sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw"]
nets = st.lists(st.tuples(st.integers(1, 4), st.sampled_from(["relu", "tanh", "gelu", "sigmoid"])), max_size=2)
trains = st.fixed_dictionaries(
    {
        "optimizer": st.sampled_from(OPTIMIZERS), "learning_rate": st.floats(1e-4, 0.5), "momentum": st.floats(0, 0.99),
        "beta1": st.floats(0, 0.99), "beta2": st.floats(0, 0.999), "rho": st.floats(0, 0.99), "epsilon": st.sampled_from([1e-8, 1e-3]),
        "weight_decay": st.floats(0, 0.5), "l1": st.sampled_from([0.0, 0.01, 0.3]), "l1_dead_at_zero": st.booleans(),
        "l2": st.sampled_from([0.0, 0.1]), "clip_norm": st.sampled_from([0.0, 0.01, 1.0]), "batch": st.integers(1, 9),
        "schedule": st.sampled_from(["constant", "step", "cosine"]), "schedule_steps": st.integers(1, 5), "warmup": st.integers(0, 3),
        "dropout": st.sampled_from([0.0, 0.4]), "seed": st.integers(0, 9),
    }
)  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(nets, trains, st.integers(0, 6))
def test_the_rule_gives_the_arenas_new_value(hidden, train, steps):
    """old - ... = new for every parameter, worked out in float64 from the printed symbols, is the arena's to float32's rounding."""
    t = trainer(numbers(), tuple(hidden), **train)
    t.run(steps)
    tape = record(t)
    assert not tape.diverged
    for p in range(t.topology.n_parameters):
        rule = update(tape, p)
        assert rule.recorded == float(t.tensors("parameter")[p])
        assert (rule.old, rule.t) == (float(tape.before[p]), steps + 1)
        scale = abs(rule.old) + abs(rule.step) + abs(rule.shrink or 0) + abs(rule.decay_term or 0)
        assert abs(rule.new - rule.recorded) <= 2e-6 * scale + 1e-30
        recomputed = rule.old - (rule.decay_term or 0) - rule.learning_rate * rule.direction - (rule.shrink or 0)
        assert rule.new == (0 if rule.dead else recomputed)
        total = rule.data_gradient + (rule.l1_term or 0) + (rule.l2_term or 0)
        assert total == pytest.approx(rule.gradient, rel=1e-12, abs=1e-15)
        moments(rule)


def moments(rule):
    """The arenas' own moments follow the printed equations."""
    near = {"rel": 1e-5, "abs": 1e-5 * abs(rule.used) + 1e-30}
    if rule.velocity is not None:
        assert rule.velocity == pytest.approx(rule.momentum * rule.velocity_before + rule.used, rel=1e-5, abs=1e-5 * abs(rule.used) + 1e-7)
    if rule.m is not None:
        assert rule.m == pytest.approx(rule.beta1 * rule.m_before + (1 - rule.beta1) * rule.used, **near)
        assert rule.m_hat * rule.correction1 == pytest.approx(rule.m, rel=1e-12)
        assert rule.correction2 == 1 - rule.beta2**rule.t
    if rule.v is not None:
        keep = rule.rho if rule.optimizer == "rmsprop" else rule.beta2
        assert rule.v == pytest.approx(keep * rule.v_before + (1 - keep) * rule.used**2, rel=1e-5, abs=1e-5 * rule.used**2 + 1e-38)


def test_symbols_of_adam_by_hand():
    """First step: m = (1 - beta1) g, v = (1 - beta2) g^2, both hats undo it: the step is the learning rate's size, sign(g)."""
    t = trainer(optimizer="adam", learning_rate=0.01, l2=0.1)
    tape = record(t)
    rule = update(tape, 7)
    assert rule.name == "layers.0.weight[1, 3]"
    assert rule.l2_term == pytest.approx(0.1 * rule.old)
    assert rule.m_hat == pytest.approx(rule.gradient, rel=1e-5)
    assert rule.step == pytest.approx(math.copysign(0.01, rule.gradient), rel=1e-3)
    assert rule.l1 is rule.velocity is rule.rho is rule.decay_term is rule.shrink is None
    assert "velocity" not in rule.numbers()
    assert rule.numbers()["correction1"] == pytest.approx(0.1)
    bias = update(tape, t.topology.nodes[1].bias.start + 2)
    assert bias.name == "layers.0.bias[2]"
    assert bias.l2_term is None
    assert bias.gradient == bias.data_gradient


def test_a_weight_that_playgrounds_l1_put_to_rest():
    t = trainer(numbers(10), optimizer="sgd", learning_rate=0.3, l1=0.1, l1_dead_at_zero=True)
    t.run(25)
    tape = record(t)
    dead = np.flatnonzero(tape.alive == 0)
    assert len(dead) > 3
    for p in dead:
        rule = update(tape, int(p))
        assert rule.dead
        assert rule.new == rule.recorded == 0


def test_a_step_that_diverged_changes_nothing():
    t = trainer(numbers(40), loss="mse", output="linear", optimizer="sgd", learning_rate=1e9)
    while not (tape := record(t)).diverged:
        pass
    rule = update(tape, 3)
    assert rule.new == rule.old == rule.recorded


@pytest.mark.parametrize("p", [-1, 43])
def test_only_parameters_have_rules(p):
    t = trainer()
    assert t.topology.n_parameters == 43
    tape = record(t)
    for ask in (update, check_gradient):
        with pytest.raises(IndexError, match="is not in"):
            ask(tape, p)


@settings(max_examples=40, deadline=None)
@given(nets, trains, st.sampled_from(["classification", "regression"]), st.booleans(), st.integers(0, 99))
def test_central_differences_agree(hidden, train, task, batch, p):
    """Sample and batch, with dropout's masks, L1 and L2: the float32 gradient is right to its rounding wherever the loss has a slope."""
    t = trainer(numbers(task=task), tuple(hidden), **train)
    tape = record(t, 1)
    before, random = t.tensors("parameter").copy(), t.state()["noise"]
    check = check_gradient(tape, p % t.topology.n_parameters, batch)
    assert check.kink or check.analytic == pytest.approx(check.numeric, rel=2e-4, abs=2e-6)
    assert np.array_equal(before, t.tensors("parameter"))
    assert t.state()["noise"] == random


def test_the_check_finds_a_wrong_gradient():
    tape = record(trainer())
    tape.sample_gradient.flags.writeable = True
    tape.sample_gradient[4] += 0.01
    check = check_gradient(tape, 4)
    assert abs(check.analytic - check.numeric) == pytest.approx(0.01, rel=1e-3)


def test_a_kink_is_reported():
    """A ReLU whose z is exactly 0, and |w| at w = 0 under L1."""
    data = numbers(1)
    t = trainer(data, ((1, "relu"),), loss="mse", output="linear", l1=0.5)
    named = t.parameters()
    named["layers.0.weight"][...] = 0
    named["layers.0.bias"][...] = 0
    t.load_parameters(named)
    tape = record(t)
    assert check_gradient(tape, t.topology.nodes[1].bias.start).kink
    assert check_gradient(tape, 0, batch=True).kink
    assert not check_gradient(tape, t.topology.nodes[2].bias.start).kink
