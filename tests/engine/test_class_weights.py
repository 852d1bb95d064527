"""Class weights: the mean of the batch's weighted losses, its gradient, the same on every backend, and what is reported of one sample."""

from __future__ import annotations

import numpy as np
import pytest

from nnviz3d.backend import choose
from nnviz3d.backend.numpy_ops import NumpyOps
from nnviz3d.engine.data import DataSet
from nnviz3d.engine.per_sample import Judging
from nnviz3d.engine.tape import record
from nnviz3d.engine.trainer import Trainer
from nnviz3d.engine.update_explained import check_gradient, check_sample
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.scene import Layer, Network, Output, Scene, Train
from tests.backend.host_kernels import HostKernelOps

LOSSES = [("cross_entropy", "softmax"), ("bce", "sigmoid"), ("mse", "tanh"), ("mse", "softmax"), ("half_mse", "linear"), ("huber", "tanh")]


def data(n=80, test=25) -> DataSet:
    rng = np.random.default_rng(3)
    x = rng.standard_normal((n + test, 5), np.float32)
    t = (x[:, 0] > 1.1).astype(np.int32) + 2 * (x[:, 1] > 1.4).astype(np.int32)
    t = np.minimum(t, 2).astype(np.int32)
    return DataSet("rare", "classification", (5,), x[:n], t[:n], x[n:], t[n:], ("often", "rare", "rarer"))


def scene(weights="balanced", output="auto", loss="auto", **train) -> Scene:
    return Scene(
        network=Network(layers=(Layer(units=6, activation="tanh"),), output=Output(activation=output)),
        train=Train(**{"batch": 16, "optimizer": "sgd", "learning_rate": 0.1, "class_weights": weights, "loss": loss, **train}),
    )


def forward(trainer: Trainer, x: np.ndarray) -> np.ndarray:
    """Logits in float64."""
    p = {name: value.astype(np.float64) for name, value in trainer.parameters().items()}
    return np.tanh(x.astype(np.float64) @ p["layers.0.weight"].T + p["layers.0.bias"]) @ p["layers.1.weight"].T + p["layers.1.bias"]


def weighted(z: np.ndarray, t: np.ndarray, w: np.ndarray) -> float:
    """torch.nn.functional.cross_entropy(z, t, weight=w, reduction="sum") / n."""
    losses = np.log(np.exp(z - z.max(1, keepdims=True)).sum(1)) + z.max(1) - z[np.arange(len(t)), t]
    return float((w[t] * losses).mean())


def test_balanced_weights_are_scikit_learns():
    d = data()
    trainer = Trainer(scene(), d, NumpyOps())
    count = np.bincount(d.t_train)
    assert trainer.objective.weights == pytest.approx(len(d.t_train) / (3 * count), rel=1e-12)
    assert trainer.objective.weights_of(d.t_train).mean() == pytest.approx(1)


@pytest.mark.parametrize("weights", ["balanced", [1, 5, 20], {"rare": 7.5}])
def test_the_loss_of_a_batch_and_of_a_part_is_the_mean_of_weighted_losses(weights):
    d = data()
    trainer = Trainer(scene(weights), d, NumpyOps())
    w = np.asarray(trainer.objective.weights)
    if weights == [1, 5, 20]:
        assert w / w[0] == pytest.approx([1, 5, 20])
    for _ in range(4):
        before = forward(trainer, d.x_train)
        tape = record(trainer)
        assert tape.loss == pytest.approx(weighted(before[tape.rows], d.t_train[tape.rows], w), rel=1e-5)
    for part in ("train", "test"):
        x, t = getattr(d, f"x_{part}"), getattr(d, f"t_{part}")
        assert trainer.evaluate(part)[0] == pytest.approx(weighted(forward(trainer, x), t, w), rel=1e-5)
    assert trainer.evaluate("test")[1] == (forward(trainer, d.x_test).argmax(1) == d.t_test).mean(), "an accuracy is not weighted"


def test_the_scale_of_the_weights_changes_nothing():
    runs = [Trainer(scene(weights), data(), NumpyOps()) for weights in ([1, 2, 4], [3, 6, 12])]
    for trainer in runs:
        trainer.run(20)
    assert np.array_equal(*(trainer.arenas.parameters for trainer in runs))


@pytest.mark.parametrize(("loss", "output"), LOSSES)
@pytest.mark.parametrize("batch", [1, 7, 0])
def test_gradients_of_batch_and_sample_are_the_losses_slopes(loss, output, batch):
    trainer = Trainer(scene([1, 9, 30], output, loss, batch=batch), data(), NumpyOps("float64"))
    trainer.run(3)
    tape = record(trainer)
    for p in range(0, trainer.topology.n_parameters, 5):
        for whole in (True, False):
            analytic, numeric, _ = check_gradient(tape, p, batch=whole)
            assert analytic == pytest.approx(numeric, rel=1e-6, abs=1e-9)
    reported = [tape.of(k) for k in range(len(tape.rows))]
    assert np.mean([one.sample_gradient for one in reported], 0) == pytest.approx(tape.gradient, rel=1e-9, abs=1e-12), (
        "their mean is the batch's"
    )
    assert np.mean([one.old.loss for one in reported]) == pytest.approx(tape.loss, rel=1e-9)
    if loss == "cross_entropy":
        one = reported[-1]
        a, delta = (x[trainer.topology.output.neurons.slice] for x in (one.old.a, one.old.delta))
        assert delta == pytest.approx(one.factor * (a - one.target_o)), "the output's error is multiplied by the weight"


def test_outside_a_walk_a_sample_has_its_classs_weight():
    d = data()
    trainer = Trainer(scene([1, 9, 30]), d, NumpyOps("float64"))
    trainer.run(5)
    k = int(np.flatnonzero(d.t_test == 1)[0])
    trainer.show(d.x_test[k], d.t_test[k])
    shown, output = trainer.looking.shown, trainer.topology.output.neurons.slice
    c = trainer.objective.weights[1]
    p = np.array(shown.activation[output])
    assert shown.delta[output] == pytest.approx(c * (p - np.eye(3)[1])) and shown.loss == pytest.approx(-c * np.log(p[1]))
    place = trainer.topology.output.bias.start + 1
    check = check_sample(
        trainer.topology, trainer.objective, trainer.arenas.parameters, d.x_test[k], 1, place, float(shown.delta[output][1])
    )
    assert check.analytic == pytest.approx(check.numeric, rel=1e-6)
    judging = Judging(trainer.ops, trainer.topology, trainer.objective, trainer.arenas.parameters, d)
    losses = np.concatenate([found for _, _, found in judging.blocks("train", np.arange(len(d.t_train)))])
    assert losses.mean() == pytest.approx(trainer.evaluate("train")[0], rel=1e-9)


@pytest.mark.parametrize(("loss", "output"), LOSSES)
def test_the_kernels_say_what_numpy_says(loss, output):
    try:
        other = HostKernelOps()
    except FileNotFoundError as error:
        pytest.skip(str(error))
    trainers = [Trainer(scene([1, 9, 30], output, loss), data(), ops) for ops in (choose("cpu"), other)]
    for trainer in trainers:
        trainer.run(30)
    a, b = trainers
    assert np.asarray(b.arenas.parameters) == pytest.approx(np.asarray(a.arenas.parameters), rel=1e-3, abs=1e-5)
    assert b.loss == pytest.approx(a.loss, rel=1e-3) and b.evaluate("test")[0] == pytest.approx(a.evaluate("test")[0], rel=1e-3)


def test_equal_weights_are_none():
    assert Trainer(scene([2, 2, 2]), data(), NumpyOps()).objective.weights == ()


def test_rare_classes_are_learned():
    recall = {}
    for weights in ("none", "balanced"):
        trainer = Trainer(scene(weights, learning_rate=0.3), data(800, 200), NumpyOps())
        trainer.run(300)
        recall[weights] = trainer.score("test").classes.recall_c[1:].min()
    assert recall["balanced"] > recall["none"] + 0.1


def test_a_live_change_trains_on_with_it_and_a_wrong_one_changes_nothing():
    trainer, fresh = (Trainer(scene(weights), data(), NumpyOps()) for weights in ("none", "balanced"))
    trainer.configure(scene("balanced").train)
    for one in (trainer, fresh):
        one.run(10)
    assert np.array_equal(trainer.arenas.parameters, fresh.arenas.parameters)
    with pytest.raises(InputError, match="2 weights for 3 classes"):
        trainer.configure(scene([1, 2]).train)
    assert trainer.train.class_weights == "balanced"


@pytest.mark.parametrize(
    ("weights", "message"),
    [([1, 2], "2 weights for 3 classes"), ({"never": 2}, "there is no class never; there are often, rare, rarer")],
)
def test_weights_that_fit_no_classes(weights, message):
    with pytest.raises(InputError, match=message) as caught:
        Trainer(scene(weights), data(), NumpyOps())
    assert caught.value.problems[0].key == "train.class_weights"


@pytest.mark.parametrize("wrong", [0, -1, "rare", [], [1, 0], [1, "2"], [True], {"a": 1e9}, [float("nan")]])
def test_what_is_no_weight_is_one_problem_with_the_ways_out(wrong):
    from nnviz3d.spec import toml

    with pytest.raises(InputError) as caught:
        toml.validate({"train": {"class_weights": wrong}})
    (problem,) = caught.value.problems
    assert problem.key == "train.class_weights" and "balanced" in problem.message


def test_numbers_have_no_classes():
    d = data()
    numbers = DataSet("n", "regression", (5,), d.x_train, d.x_train[:, :1], d.x_test, d.x_test[:, :1], ("y",))
    with pytest.raises(InputError, match="only classes have weights"):
        Trainer(scene(), numbers, NumpyOps())
