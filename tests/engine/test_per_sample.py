"""Every sample by itself: outputs and losses against plain numpy, in pieces, for every loss."""

import numpy as np
import pytest

from nnviz3d.engine import per_sample
from nnviz3d.engine.objective import Objective
from tests.helpers.per_sample import forward, judged, source


@pytest.mark.parametrize(
    ("name", "edits"),
    [
        ("iris", []),
        ("iris", ["train.loss=mse"]),
        ("iris", ["train.loss=bce"]),
        ("iris", ["train.loss=huber", "train.huber_delta=0.2"]),
        ("spiral", ["network.output.activation=tanh", "train.loss=half_mse"]),
        ("xor", ["data.kind=reg-gauss"]),
    ],
)
def test_losses_are_each_samples_own(name, edits, monkeypatch):
    monkeypatch.setattr(per_sample, "MOST", 7)  # several pieces, the last one short
    s = source(name, *edits)
    outputs, loss = judged(s)
    wanted, goal = forward(s, s.data.x_test)[-1], s.trainer.objective
    assert np.allclose(outputs, wanted, atol=1e-5)
    t = goal.rows(s.data.t_test, np.float64)
    error = wanted - t
    plain = {
        "cross_entropy": lambda: -(t * np.log(wanted)).sum(1),
        "bce": lambda: -(t * np.log(wanted) + (1 - t) * np.log(1 - wanted)).mean(1),
        "mse": lambda: (error**2).mean(1),
        "half_mse": lambda: (error**2).sum(1) / 2,
        "huber": lambda: np.where(np.abs(error) <= 0.2, error**2 / 2, 0.2 * (np.abs(error) - 0.1)).mean(1),
    }[goal.loss]()
    assert np.allclose(loss, plain, rtol=1e-4, atol=1e-6)
    assert loss.mean() == pytest.approx(s.evaluate("test", 10**6)[0], rel=1e-4)  # the mean that is shown elsewhere is the mean of these


def test_rows_come_in_the_order_they_are_asked_for():
    s = source()
    outputs, loss = judged(s)
    order = np.array([40, 3, 3, 17])
    some, some_loss = judged(s, rows=order)
    assert (some == outputs[order]).all() and (some_loss == loss[order]).all()


def test_of_a_recorded_step_the_weights_before():
    s = source()
    before, _ = judged(s)
    tape = s.record()
    assert (judged(s, parameters=tape.before)[0] == before).all()
    assert (judged(s, parameters=tape.after)[0] == judged(s)[0]).all() and (judged(s)[0] != before).any()


def test_a_sure_and_wrong_answer_has_a_finite_loss():
    """The softmax of 200 against 0 is 0 in float32; its loss is 200 all the same, worked out from the logits."""
    goal = Objective("cross_entropy", "softmax", 2)
    loss = per_sample.losses(goal, np.array([[200.0, 0.0]]), np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]]))
    assert loss.tolist() == [200.0]


def test_weights_that_are_no_numbers_give_no_loss_and_no_crash():
    s = source()
    broken = np.full(s.topology.n_parameters, np.nan, np.float32)
    outputs, loss = judged(s, parameters=broken)
    assert np.isnan(loss).all() and not np.isfinite(outputs).any()


def test_a_block_is_bounded_for_any_network():
    small, large = source().topology, source("wide", steps=0).topology
    assert per_sample.block_rows(small) == per_sample.MOST
    assert per_sample.block_rows(large) * large.n_parameters <= per_sample.WORK + per_sample.FEWEST * large.n_parameters
