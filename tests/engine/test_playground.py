"""TensorFlow Playground's own numbers: the published algorithm, written again object by object, next to the engine for ten epochs."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nnviz3d.backend import choose
from nnviz3d.engine.data import load
from nnviz3d.engine.trainer import Trainer
from nnviz3d.spec.scene import Data, Layer, Network, Output, Scene, Train

ACTIVATIONS = {
    "tanh": (math.tanh, lambda z: 1 - math.tanh(z) ** 2),
    "relu": (lambda z: max(0.0, z), lambda z: 0.0 if z <= 0 else 1.0),
    "sigmoid": (lambda z: 1 / (1 + math.exp(-z)), lambda z: (1 - 1 / (1 + math.exp(-z))) / (1 + math.exp(-z))),
    "linear": (lambda z: z, lambda z: 1.0),
}


class Node:
    """With its incoming links: weights, dead ones, and derivatives gathered since the last update."""

    def __init__(self, weights, bias, activation):
        self.weights, self.bias = [float(w) for w in weights], float(bias)
        self.f, self.slope = ACTIVATIONS[activation]
        self.dead = [False] * len(self.weights)
        self.weight_sum, self.bias_sum, self.count = [0.0] * len(self.weights), 0.0, 0

    def forward(self, inputs):
        self.inputs = inputs
        self.z = self.bias + sum(w * x for w, x in zip(self.weights, inputs, strict=True))
        self.output = self.f(self.z)
        return self.output

    def gather(self, by_output):
        self.by_input = by_output * self.slope(self.z)
        self.bias_sum += self.by_input
        self.count += 1
        for k, x in enumerate(self.inputs):
            if not self.dead[k]:
                self.weight_sum[k] += self.by_input * x

    def update(self, rate, kind, strength):
        self.bias -= rate * self.bias_sum / self.count
        for k, w in enumerate(self.weights):
            if self.dead[k]:
                continue
            penalty = {"l1": (w > 0) - (w < 0), "l2": w, "": 0.0}[kind]
            moved = w - rate / self.count * self.weight_sum[k]
            new = moved - rate * strength * penalty
            if kind == "l1" and moved * new < 0:
                new, self.dead[k] = 0.0, True
            self.weights[k] = new
        self.weight_sum, self.bias_sum, self.count = [0.0] * len(self.weights), 0.0, 0


def reference(named, activations, x, t, epochs, batch, rate, kind, strength):
    """Weights and biases by name after so many epochs, one point at a time, in float64."""
    layers = []
    for k, activation in enumerate(activations):
        weights, biases = named[f"layers.{k}.weight"], named[f"layers.{k}.bias"]
        layers.append([Node(w, b, activation) for w, b in zip(weights, biases, strict=True)])
    for _ in range(epochs):
        for i, (point, target) in enumerate(zip(x, t, strict=True)):
            values = [float(value) for value in point]
            for layer in layers:
                values = [node.forward(values) for node in layer]
            by_output = [value - float(wanted) for value, wanted in zip(values, target, strict=True)]  # of 0.5 (output - target)^2
            for layer in reversed(layers):
                for node, derivative in zip(layer, by_output, strict=True):
                    node.gather(derivative)
                by_output = [sum(node.by_input * node.weights[j] for node in layer) for j in range(len(layer[0].weights))]
            if (i + 1) % batch == 0:
                for layer in layers:
                    for node in layer:
                        node.update(rate, kind, strength)
    out = {f"layers.{k}.weight": np.array([node.weights for node in layer]) for k, layer in enumerate(layers)}
    return out | {f"layers.{k}.bias": np.array([node.bias for node in layer]) for k, layer in enumerate(layers)}


CASES = [
    ("circle", "tanh", "tanh", 0.03, "", 0.0), ("xor", "relu", "tanh", 0.03, "", 0.0), ("gauss", "sigmoid", "tanh", 0.1, "l2", 0.01),
    ("spiral", "tanh", "tanh", 0.03, "l1", 0.01), ("reg-plane", "tanh", "linear", 0.03, "", 0.0),
    ("reg-gauss", "tanh", "linear", 0.01, "l1", 0.1),
]  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("kind", "hidden", "output", "rate", "penalty", "strength"), CASES)
def test_ten_epochs(kind, hidden, output, rate, penalty, strength, dtype):
    """[4, 2], batch 10, points in file order, half the data; classes as one output of -1 or 1, as there."""
    data = load(Data(kind=kind, test_fraction=0.5), Path())
    if data.task == "classification":
        signs = (2.0 * data.t_train[:, None] - 1).astype(np.float32)
        data = replace(data, task="regression", t_train=signs, x_test=data.x_test[:0], t_test=signs[:0], class_names=("sign",))
    layers = tuple(Layer(units=units, activation=hidden, init="playground") for units in (4, 2))
    train = Train(
        optimizer="sgd", learning_rate=rate, loss="half_mse", batch=10, order="sequential", seed=3, l1_dead_at_zero=penalty == "l1",
        **({penalty: strength} if penalty else {}),
    )  # fmt: skip
    scene = Scene(network=Network(layers=layers, output=Output(activation=output, init="playground")), train=train)
    trainer = Trainer(scene, data, choose("cpu", dtype=dtype))
    first = trainer.parameters()
    assert all((first[f"layers.{k}.bias"] == np.float32(0.1)).all() for k in range(3))
    expected = reference(first, (hidden, hidden, output), data.x_train, data.t_train, 10, 10, rate, penalty, strength)
    trainer.run(10 * len(data.x_train) // 10)
    assert trainer.epoch == 10
    got = {name: r.view(trainer.arenas.parameters) for name, r in trainer.arenas.names().items()}
    for name, values in expected.items():
        assert np.array_equal(values == 0, got[name] == 0)  # the same links are dead
        scale = 1e-5 if dtype == "float32" else 1e-9
        np.testing.assert_allclose(got[name], values, rtol=scale, atol=scale * 0.1, err_msg=name)
    assert max(np.abs(expected[name] - first[name]).max() for name in expected) > 0.05
