"""The gradient arena against central differences of the loss in float64: every activation with every loss, every regulariser, dropout."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnviz3d.spec.activations import ACTIVATIONS, ELEMENTWISE
from tests.engine.nets import numbers, trainer

LOSSES = ("mse", "half_mse", "huber", "cross_entropy", "bce")


def loss_at(t, parameters) -> float:
    """The data's loss at these parameters: one step with learning rate 0."""
    t.arenas.parameters[:] = parameters
    assert t.run(1) == 1
    return t.loss


def check(t, penalty=lambda p: 0.0, tolerance=2e-6):
    """|analytic - numeric| <= tolerance (1 + |numeric|) for every parameter; float64 central differences of step 1e-6 are good to 1e-9."""
    at = t.arenas.parameters.copy()
    loss_at(t, at)
    analytic = t.tensors("gradient").copy()
    numeric = np.empty_like(at)
    for k in range(at.size):
        ends = []
        for step in (1e-6, -1e-6):
            moved = at.copy()
            moved[k] += step
            ends.append(loss_at(t, moved) + penalty(moved))
        numeric[k] = (ends[0] - ends[1]) / 2e-6
    np.testing.assert_allclose(analytic, numeric, rtol=tolerance, atol=tolerance)
    assert np.abs(analytic).max() > 1e-4


@pytest.mark.parametrize("activation", ELEMENTWISE)
@pytest.mark.parametrize("loss", LOSSES)
def test_every_activation_with_every_loss(activation, loss):
    layers = ((4, activation), (3, activation))
    check(trainer(layers=layers, loss=loss, optimizer="sgd", learning_rate=0.0, huber_delta=0.4, dtype="float64"))


@pytest.mark.parametrize("output", ACTIVATIONS)
@pytest.mark.parametrize("loss", ["mse", "half_mse", "huber"])
def test_every_output_activation(output, loss):
    check(trainer(output=output, loss=loss, optimizer="sgd", learning_rate=0.0, huber_delta=0.4, dtype="float64"))


@pytest.mark.parametrize("loss", ["mse", "half_mse", "huber", "bce"])
def test_regression(loss):
    check(trainer(numbers(task="regression"), loss=loss, optimizer="sgd", learning_rate=0.0, huber_delta=0.3, dtype="float64"))


@pytest.mark.parametrize(("l1", "l2"), [(0.3, 0.0), (0.0, 0.2), (0.3, 0.2)])
def test_regularisers_act_on_weights_only(l1, l2):
    t = trainer(l1=l1, l2=l2, optimizer="sgd", learning_rate=0.0, dtype="float64")
    weight = np.zeros(t.topology.n_parameters, bool)
    for node in t.topology.nodes[1:]:
        weight[node.weight.slice] = True
    check(t, lambda p: l1 * np.abs(p[weight]).sum() + l2 / 2 * (p[weight] ** 2).sum())


@pytest.mark.parametrize("activation", ELEMENTWISE)
def test_dropout_with_a_fixed_mask(activation, monkeypatch):
    t = trainer(layers=((6, activation), (5, activation)), dropout=0.5, optimizer="sgd", learning_rate=0.0, dtype="float64")
    masks = {n: 2.0 * np.random.default_rng(n).integers(0, 2, (7, n)) for n in (5, 6)}
    monkeypatch.setattr(t._feed, "_draw", lambda mask, keep: np.copyto(mask, masks[mask.shape[1]]))
    check(t)


def test_the_shown_delta_is_the_loss_gradient_by_z():
    """delta of the shown sample = gradient of the biases of a batch that holds only this sample; inputs get dL/dx."""
    data = numbers(n=1)
    t = trainer(data, layers=((5, "gelu"), (4, "elu")), optimizer="sgd", learning_rate=0.0, dtype="float64")
    t.run(1)
    t.show(data.x_train[0], data.t_train[0])
    for node in t.topology.nodes[1:]:
        np.testing.assert_allclose(t.tensors("delta")[node.neurons.slice], t.tensors("gradient")[node.bias.slice], rtol=1e-12)
    first = t.topology.nodes[1]
    by_input = first.weight.view(t.tensors("parameter")).T @ t.tensors("delta")[first.neurons.slice]
    np.testing.assert_allclose(t.tensors("delta")[:4], by_input, rtol=1e-12)


layers = st.lists(st.tuples(st.integers(1, 6), st.sampled_from(ELEMENTWISE)), max_size=4)


@settings(max_examples=30, deadline=None)
@given(layers, st.sampled_from(LOSSES), st.integers(1, 4), st.integers(0, 2**31))
def test_random_nets_along_a_random_direction(hidden, loss, outputs, seed):
    """The slope along a direction = gradient . direction, whatever the shape (kinks get a wider tolerance)."""
    t = trainer(
        numbers(n=4, outputs=outputs, seed=seed), tuple(hidden), loss=loss, optimizer="sgd", learning_rate=0.0, seed=seed, dtype="float64"
    )
    at, direction = t.arenas.parameters.copy(), np.random.default_rng(seed).standard_normal(t.topology.n_parameters)
    loss_at(t, at)
    slope = float(t.tensors("gradient") @ direction)
    ends = [loss_at(t, at + step * direction) for step in (1e-7, -1e-7)]
    assert abs(slope - (ends[0] - ends[1]) / 2e-7) <= 1e-4 * (1 + abs(slope))
