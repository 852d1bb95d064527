"""Editing the network itself: one parameter set, neurons frozen and killed. Numbers against plain numpy and finite differences."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnviz3d.engine.forward_pass import ForwardPass
from nnviz3d.engine.frozen_ranges import common, free_stretches, frozen_stretches
from nnviz3d.engine.run_history import Rewind
from nnviz3d.engine.tape import record
from nnviz3d.engine.update_explained import check_gradient, update
from nnviz3d.spec import limits
from nnviz3d.spec.activations import ELEMENTWISE
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.neuron_locks import Holds
from tests.engine.nets import everything, numbers, trainer

OPTIMIZERS = ["sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw"]
LAYERS = ((6, "relu"), (5, "tanh"))  # neurons: 4 inputs, 4..9, 10..14, 15..17 outputs


def net(**settings):
    return trainer(numbers(20, test=9), LAYERS, **{"batch": 8, **settings})


def incoming(t, neurons) -> np.ndarray:
    """(P,) bool: weights and biases that lead into these neurons."""
    mask = np.zeros(t.topology.n_parameters, bool)
    for neuron in neurons:
        node, j = t.topology.locate(neuron)
        node.weight.view(mask)[j] = True
        mask[node.bias.start + j] = True
    return mask


def forward(t, x_bi, killed=()):
    """(activations by node, logits) by numpy alone, in float64."""
    named, a = t.parameters(), [np.asarray(x_bi, np.float64)]
    for k, node in enumerate(t.topology.nodes[1:]):
        z = a[-1] @ named[f"layers.{k}.weight"].T.astype(np.float64) + named[f"layers.{k}.bias"]
        if node is t.topology.output:
            e = np.exp(z - z.max(1, keepdims=True))
            a.append(e / e.sum(1, keepdims=True))
        else:
            a.append(np.maximum(z, 0) if node.activation == "relu" else np.tanh(z))
        a[-1][:, [n - node.neurons.start for n in killed if node.neurons.start <= n < node.neurons.stop]] = 0
    return a


# stretches


@settings(max_examples=60, deadline=None)
@given(st.sets(st.integers(4, 17)))
def test_free_and_frozen_stretches_share_the_arena(frozen):
    t = net()
    mask = incoming(t, frozen)
    stretches = frozen_stretches(t.topology, tuple(sorted(frozen)))
    reported = np.zeros_like(mask)
    for r in stretches:
        assert not reported[r].any()
        reported[r] = True
    assert np.array_equal(reported, mask)
    free = free_stretches(t.topology, tuple(frozen))
    for r in free:
        reported[r] = True
    assert reported.all()
    assert sum(r.stop - r.start for r in (*stretches, *free)) == mask.size
    assert all(a.stop < b.start for a, b in pairwise(stretches)), "neighbours are joined"
    weight = t.topology.nodes[2].weight
    assert sum(r.stop - r.start for r in common(weight, free)) == int((~mask[weight.slice]).sum())


def test_nothing_frozen_is_one_stretch():
    t = net()
    assert free_stretches(t.topology, ()) == [slice(0, t.topology.n_parameters)]


# one parameter


@pytest.mark.parametrize("p", [0, 13, 29, 40, 58, 76])
def test_a_parameter_that_was_set_is_what_the_network_computes_with(p):
    t = net()
    t.run(3)
    before = t.parameters()
    assert t.set_parameter(p, -1.7) == np.float32(-1.7)
    flat = lambda named: np.concatenate([a.ravel() for a in named.values()])  # noqa: E731
    changed = np.flatnonzero(flat(before) != flat(t.parameters()))
    assert list(changed) == [p] and t.arenas.parameters[p] == np.float32(-1.7)
    x = t.data.x_test
    expected = forward(t, x)[-1]
    got = ForwardPass.of_rows(t.ops, t.topology, t.objective, t.arenas.parameters, x).outputs()
    assert np.allclose(got, expected, rtol=1e-5, atol=1e-6)
    loss = -np.log(expected[np.arange(len(x)), t.data.t_test]).mean()
    assert t.evaluate("test")[0] == pytest.approx(loss, rel=1e-5)
    t.show(x[2], t.data.t_test[2])
    assert t.looking.shown.loss == pytest.approx(-np.log(expected[2, t.data.t_test[2]]), rel=1e-5)
    assert t.tensors("change")[p] == 0


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 2 * limits.PARAMETER, 1e300])
def test_a_value_that_cannot_be_changes_nothing(value):
    t = net()
    t.run(2)
    before, written = everything(t), t.written
    with pytest.raises(InputError, match="a weight or a bias is a number"):
        t.set_parameter(3, value)
    for p in (-1, t.topology.n_parameters):
        with pytest.raises(InputError, match=f"there is no weight or bias {p}"):
            t.set_parameter(p, 0.0)
    assert everything(t) == before and t.written == written


def test_an_edit_inside_a_step_comes_after_it():
    t, other = (trainer(numbers(20), ((300, "relu"), (1100, "relu")), batch=8) for _ in range(2))
    assert t.advance(lambda: False) == 0 and not t.at_boundary, "the step is cut"
    t.set_parameter(5, 0.25)
    other.run(1)
    other.set_parameter(5, 0.25)
    assert t.step == 1 and everything(t) == everything(other)


def test_a_weight_that_playgrounds_l1_put_to_rest_lives_again():
    t = net(optimizer="sgd", l1=0.5, l1_dead_at_zero=True, learning_rate=0.1)
    t.run(30)
    dead = int(np.flatnonzero(t.arenas.alive == 0)[0])
    t.set_parameter(dead, 0.9)
    t.run(1)
    assert t.arenas.parameters[dead] != 0


# frozen


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize(
    "extra", [{}, {"l1": 0.01, "l2": 0.01, "clip_norm": 0.5}, {"l1": 0.02, "l1_dead_at_zero": True}], ids=["plain", "regular", "rest"]
)
def test_frozen_bytes_do_not_change(name, extra):
    t = net(optimizer=name, weight_decay=0.3, learning_rate=0.05, **extra)
    t.run(7)
    t.hold(Holds(frozen=(4, 6, 7, 12, 17)))
    mask = incoming(t, t.holds.frozen)
    arenas = [t.arenas.parameters, *t.arenas.slots, *([t.arenas.alive] if t.arenas.alive is not None else [])]
    before = [array.copy() for array in arenas]
    assert t.run(100) == 100
    for array, old in zip(arenas, before, strict=True):
        assert array[mask].tobytes() == old[mask].tobytes()
    moved = arenas[0][~mask] != before[0][~mask]
    assert moved.mean() > 0.6, "the rest learns"
    assert not t.tensors("change")[mask].any()
    assert t.tensors("gradient")[mask].any(), "the gradient is reported as it is"
    t.hold(Holds())
    t.run(1)
    assert (arenas[0][mask] != before[0][mask]).any()


def test_a_frozen_layer_learns_nothing_and_a_wholly_frozen_network_stands_still():
    t = net(optimizer="adamw")
    t.hold(Holds(frozen=tuple(range(4, 18))))
    before = t.arenas.parameters.copy()
    t.run(20)
    assert t.step == 20 and np.array_equal(t.arenas.parameters, before)


def test_what_is_free_learns_as_if_the_rest_were_not_there():
    """Freezing the first layer is learning the second over fixed features: one step of sgd by hand."""
    t = net(optimizer="sgd", learning_rate=0.1, batch=0)
    t.hold(Holds(frozen=tuple(range(4, 15))))
    node, old = t.topology.output, t.parameters()
    a = forward(t, t.data.x_train)
    d = (a[-1] - np.eye(3)[t.data.t_train]) / len(a[0])
    t.run(1)
    assert np.allclose(node.weight.view(t.arenas.parameters), old["layers.2.weight"] - 0.1 * d.T @ a[-2], atol=1e-6)
    assert np.array_equal(t.parameters()["layers.0.weight"], old["layers.0.weight"])


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_rule_of_a_frozen_parameter_says_so(name):
    t = net(optimizer=name, weight_decay=0.3)
    t.run(3)
    t.hold(Holds(frozen=(5,)))
    tape, mask = record(t), incoming(t, (5,))
    assert np.array_equal(tape.before[mask], tape.after[mask])
    for p in range(t.topology.n_parameters):
        rule = update(tape, p)
        assert rule.frozen == mask[p]
        assert rule.recorded == pytest.approx(rule.new, rel=1e-6, abs=1e-7)
        if rule.frozen:
            assert rule.new == rule.old == rule.recorded and rule.step == 0
            assert not {"m", "v", "velocity", "decay_term"} & set(rule.numbers())


# killed


@pytest.mark.parametrize("killed", [(5,), (4, 5, 6, 7, 8, 9), (6, 11, 14), tuple(range(4, 15))])
@pytest.mark.parametrize("part", ["whole", "short"])
def test_killed_is_zero_everywhere(killed, part):
    t = trainer(numbers(20, test=9), LAYERS, batch=0 if part == "whole" else 7)
    t.run(4)
    t.hold(Holds(killed=killed))
    a = forward(t, t.data.x_test, killed)
    t.show(t.data.x_test[1], t.data.t_test[1])
    shown = np.concatenate([layer[1] for layer in a])
    assert np.allclose(t.tensors("activation"), shown, rtol=1e-5, atol=1e-6)
    assert not t.tensors("activation")[list(killed)].any() and not t.tensors("delta")[list(killed)].any()
    got = ForwardPass.of_rows(t.ops, t.topology, t.objective, t.arenas.parameters, t.data.x_test, killed).outputs()
    assert np.allclose(got, a[-1], rtol=1e-5, atol=1e-6)
    assert t.evaluate("test")[0] == pytest.approx(-np.log(a[-1][np.arange(9), t.data.t_test]).mean(), rel=1e-5)
    t.run(5)
    assert np.isfinite(t.loss) and not t.tensors("gradient")[incoming(t, killed)].any(), "no gradient reaches it"
    _rows, buffers = t.batch
    for k, node in enumerate(t.topology.nodes[1:-1], start=1):
        here = [n - node.neurons.start for n in killed if node.neurons.start <= n < node.neurons.stop]
        assert not buffers.a[k][:, here].any() and not buffers.d[k][:, here].any()
    tape = record(t)
    assert not tape.old.a[list(killed)].any() and not tape.old.delta[list(killed)].any() and not tape.new.a[list(killed)].any()


@pytest.mark.parametrize("kind", ELEMENTWISE)
def test_gradients_with_killed_neurons_are_slopes_of_the_loss(kind):
    """Central differences in float64, with dropout beside it, over every parameter."""
    t = trainer(numbers(12), ((6, kind), (5, "tanh")), batch=5, dropout=0.3, dtype="float64")
    t.hold(Holds(killed=(5, 9, 12)))
    tape = record(t)
    for batch in (False, True):
        for p in range(t.topology.n_parameters):
            check = check_gradient(tape, p, batch)
            if not check.kink:
                assert check.analytic == pytest.approx(check.numeric, rel=2e-4, abs=2e-8), (kind, batch, p)


def test_released_it_is_as_before():
    t = net()
    t.run(5)
    t.show(t.data.x_test[0], 0)
    before = t.tensors("activation").copy()
    t.hold(Holds(killed=(6, 11)))
    t.hold(Holds())
    t.show(t.data.x_test[0], 0)
    assert np.array_equal(t.tensors("activation"), before)


def test_zero_cost_while_nothing_is_held():
    """The plan of a step is the same calls as before, and no buffer is made."""
    t, other = net(), net()
    other.hold(Holds(frozen=(5,), killed=(6,)))
    other.hold(Holds())
    t.run(1), other.run(1)
    assert t._feed._buffers.kills is other._feed._buffers.kills is None
    counts = [len(x._feed.plan.calls) for x in (t, other)]
    assert counts[0] == counts[1]
    assert everything(t) == everything(other)


@pytest.mark.parametrize(
    ("holds", "message"),
    [
        (Holds(frozen=(2,)), "an input holds"), (Holds(killed=(0,)), "an input holds"), (Holds(killed=(16,)), "only hidden neurons"),
        (Holds(frozen=(18,)), "there is no neuron 18"), (Holds(killed=(-1,)), "there is no neuron -1"),
    ],
)  # fmt: skip
def test_what_cannot_be_held_says_why_and_changes_nothing(holds, message):
    t = net()
    written = t.written
    with pytest.raises(InputError, match=message):
        t.hold(holds)
    assert t.holds == Holds() and t.written == written


def test_width_one_and_no_hidden_layer():
    thin = trainer(numbers(10), ((1, "relu"),), batch=4)
    thin.hold(Holds(killed=(4,), frozen=(4, 5)))
    thin.run(10)
    assert np.isfinite(thin.loss)
    flat = trainer(numbers(10), (), batch=4)
    flat.hold(Holds(frozen=(4, 5)))
    before = flat.arenas.parameters.copy()
    flat.run(10)
    assert np.array_equal(flat.arenas.parameters[incoming(flat, (4, 5))], before[incoming(flat, (4, 5))])
    with pytest.raises(InputError):
        flat.hold(Holds(killed=(5,)))


# rewind


def whole(t) -> bytes:
    state = t.state()
    return everything(t) + repr((state["noise"], state["batches"], state["step"], state["epoch"], state["holds"])).encode()


@pytest.mark.parametrize("edit", ["value", "freeze", "kill", "all"])
def test_history_before_and_after_an_edit_is_exact(edit):
    t = net(optimizer="adam", dropout=0.2)
    rewind = Rewind(t)
    rewind.spacing = rewind.longest = 7
    moments = {0: whole(t)}

    def on(steps):
        for _ in range(steps):
            rewind.run(1)
            moments[t.step] = whole(t)

    on(25)
    if edit in ("value", "all"):
        t.set_parameter(9, 0.625)
    if edit in ("freeze", "all"):
        t.hold(Holds(frozen=(5, 12)))
    if edit in ("kill", "all"):
        t.hold(Holds(frozen=t.holds.frozen, killed=(6,)))
    moments[25] = whole(t)
    on(20)
    for step in (24, 25, 26, 3, 45, 0, 31, 24, 44):
        rewind.enter(step)
        assert whole(t) == moments[step], step
        assert bool(t.holds) == (step >= 25 and edit != "value")
    rewind.enter(20)
    rewind.run(4)
    assert whole(t) == moments[24], "the numbers before the edit come again"
    rewind.enter(25)
    rewind.run(20)
    assert whole(t) == moments[45], "and those after it"


def test_training_over_the_place_of_an_edit_leaves_it_out():
    t = net()
    rewind = Rewind(t)
    rewind.run(10)
    t.hold(Holds(frozen=(5,)))
    rewind.run(10)
    rewind.enter(4)
    assert t.holds == Holds()
    rewind.run(10)
    assert t.holds == Holds(), "the freezing has not been done this time"
    rewind.enter(12)
    assert t.holds == Holds()
