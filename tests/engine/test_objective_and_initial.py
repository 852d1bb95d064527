"""What "auto" means, which pairs are impossible, and how first weights are distributed."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from nnviz3d.engine import initializers
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.topology import Node, Range, Topology
from tests.engine.nets import numbers, trainer


@pytest.mark.parametrize(
    ("task", "loss", "output", "resolved"),
    [
        ("classification", "auto", "auto", ("cross_entropy", "softmax")),
        ("classification", "auto", "sigmoid", ("bce", "sigmoid")),
        ("classification", "auto", "tanh", ("mse", "tanh")),
        ("classification", "bce", "auto", ("bce", "sigmoid")),
        ("classification", "mse", "auto", ("mse", "softmax")),
        ("classification", "half_mse", "tanh", ("half_mse", "tanh")),
        ("regression", "auto", "auto", ("mse", "linear")),
        ("regression", "huber", "auto", ("huber", "linear")),
        ("regression", "bce", "auto", ("bce", "sigmoid")),
        ("regression", "auto", "softmax", ("mse", "softmax")),
    ],
)
def test_auto(task, loss, output, resolved):
    t = trainer(numbers(task=task), loss=loss, output=output)
    assert (t.objective.loss, t.objective.output) == resolved
    assert t.topology.output.activation == resolved[1]
    assert t.run(2) == 2


@pytest.mark.parametrize(
    ("task", "loss", "output", "count"),
    [
        ("classification", "bce", "softmax", 1),
        ("classification", "cross_entropy", "tanh", 1),
        ("classification", "cross_entropy", "linear", 1),
        ("regression", "cross_entropy", "auto", 1),
        ("regression", "cross_entropy", "tanh", 2),
    ],
)
def test_impossible_pairs_name_both_keys(task, loss, output, count):
    with pytest.raises(InputError) as error:
        trainer(numbers(task=task), loss=loss, output=output)
    assert len(error.value.problems) == count
    for problem in error.value.problems:
        assert problem.key == "train.loss"
        assert "network.output.activation" in problem.message


def test_bce_needs_targets_in_the_unit_interval():
    data = numbers(task="regression")
    data.t_train[0, 0] = 1.5
    with pytest.raises(InputError, match=r"\[0, 1\]"):
        trainer(data, loss="bce")


def test_no_rows_is_an_input_error():
    with pytest.raises(InputError, match="no rows"):
        trainer(numbers(n=0))


def test_classes_become_rows():
    soft, tanh = trainer().objective, trainer(output="tanh", loss="half_mse").objective
    assert soft.rows(np.array([2, 0]), np.float32).tolist() == [[0, 0, 1], [1, 0, 0]]
    assert tanh.rows(np.array([2, 0]), np.float32).tolist() == [[-1, -1, 1], [1, -1, -1]]


SHAPE = (300, 500)
DEVIATIONS = {
    "normal": 1.0, "uniform": 1 / math.sqrt(3), "playground": 0.5 / math.sqrt(3),
    "xavier_normal": math.sqrt(2 / 800), "xavier_uniform": math.sqrt(2 / 800),
    "he_normal": math.sqrt(2 / 500), "he_uniform": math.sqrt(2 / 500), "lecun_normal": math.sqrt(1 / 500),
}  # fmt: skip


@pytest.mark.parametrize("kind", DEVIATIONS)
def test_spread_of_the_initialisers(kind):
    w = initializers.draw(kind, SHAPE, SHAPE[::-1], np.random.Generator(np.random.PCG64(0)))
    assert w.dtype == np.float32
    assert abs(w.mean()) < 0.02 * DEVIATIONS[kind]
    assert w.std() == pytest.approx(DEVIATIONS[kind], rel=0.01)
    if "uniform" in kind or kind == "playground":
        bound = math.sqrt(3) * DEVIATIONS[kind]
        assert 0.999 * bound < np.abs(w).max() <= bound * 1.0001


@pytest.mark.parametrize("shape", [(5, 5), (3, 8), (8, 3), (4, 2, 3, 3), (9, 2, 2)])
def test_orthogonal(shape):
    """Kernels as rows of a matrix."""
    w = initializers.draw("orthogonal", shape, (1, 1), np.random.Generator(np.random.PCG64(0))).astype(np.float64)
    assert w.shape == shape
    w = w.reshape(len(w), -1)
    product = w @ w.T if w.shape[0] <= w.shape[1] else w.T @ w
    np.testing.assert_allclose(product, np.eye(min(w.shape)), atol=1e-6)


def test_zeros_scale_and_biases():
    from nnviz3d.spec.scene import Layer, Network, Output
    from nnviz3d.spec.topology_builder import build_topology

    layers = (Layer(units=4, init="zeros", bias=0.3), Layer(units=3, init="playground", init_scale=2.0))
    network = Network(layers=layers, output=Output(init="normal", init_scale=0.0))
    topology = build_topology(network, (2,), 2, "linear")
    arena = initializers.parameters(topology, 0)
    first, second, third = topology.nodes[1:]
    assert not first.weight.view(arena).any()
    assert set(first.bias.view(arena)) == {np.float32(0.3)}
    assert 0.5 < np.abs(second.weight.view(arena)).max() <= 1.0
    assert set(second.bias.view(arena)) == {np.float32(0.1)}
    assert not third.weight.view(arena).any()


def test_parts_of_other_kinds_begin_as_their_kind_says(monkeypatch):
    """A layer without weights: its scale begins at 1, its shift at 0; so do those of several axes."""
    values = {"scale": 1.0, "shift": 0.0}
    norm = SimpleNamespace(first_value=lambda table, part: values[part])
    monkeypatch.setattr(initializers, "face", lambda kind, name: norm)
    parts = ("shift", Range(0, (2, 3))), ("scale", Range(6, (2, 3)))
    source = Node("input", "input", (), (2, 3), Range(0, (2, 3)))
    node = Node("k", "norm", ("input",), (2, 3), Range(6, (2, 3)), parameters=parts, number=1, rank=1)
    topology = Topology((source, node), 12)
    assert initializers.parameters(topology, 0).tolist() == [0.0] * 6 + [1.0] * 6
    refs = [topology.parameter(p) for p in (5, 6, 11)]
    assert [(ref.node, ref.part, ref.index) for ref in refs] == [(node, "shift", (1, 2)), (node, "scale", (0, 0)), (node, "scale", (1, 2))]
    assert not any(ref.places for ref in refs), "no table says whose they are"


def test_auto_takes_he_for_the_relu_family():
    wide = trainer(numbers(inputs=50), ((400, "relu"),))
    w = wide.parameters()
    assert w["layers.0.weight"].std() == pytest.approx(math.sqrt(2 / 50), rel=0.02)
    assert w["layers.1.weight"].std() == pytest.approx(math.sqrt(2 / 403), rel=0.05)
