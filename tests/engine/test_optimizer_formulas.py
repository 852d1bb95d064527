"""Each optimiser against PyTorch's published formulas, written again here without caches, scratch or folded constants (float64)."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nnviz3d.engine.optimizers import rate
from nnviz3d.spec.scene import Train
from tests.engine.nets import trainer


class Reference:
    """torch.optim.SGD / RMSprop / Adam / AdamW, defaults, as in the documentation's pseudo-code."""

    def __init__(self, name, lr=0.05, mu=0.8, b1=0.7, b2=0.9, rho=0.95, eps=1e-3, decay=0.1):
        self.__dict__.update(locals())
        self.b = self.m = self.v = self.t = 0

    def step(self, p, g):
        self.t += 1
        if self.name == "sgd":
            return p - self.lr * g
        if self.name in ("momentum", "nesterov"):
            self.b = self.mu * self.b + g
            return p - self.lr * (g + self.mu * self.b if self.name == "nesterov" else self.b)
        if self.name == "rmsprop":
            self.v = self.rho * self.v + (1 - self.rho) * g**2
            return p - self.lr * g / (np.sqrt(self.v) + self.eps)
        if self.name == "adamw":
            p = p - self.lr * self.decay * p
        self.m = self.b1 * self.m + (1 - self.b1) * g
        self.v = self.b2 * self.v + (1 - self.b2) * g**2
        m, v = self.m / (1 - self.b1**self.t), self.v / (1 - self.b2**self.t)
        return p - self.lr * m / (np.sqrt(v) + self.eps)


CONSTANTS = {"learning_rate": 0.05, "momentum": 0.8, "beta1": 0.7, "beta2": 0.9, "rho": 0.95, "epsilon": 1e-3, "weight_decay": 0.1}


@pytest.mark.parametrize("name", ["sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw"])
def test_formula(name):
    t, reference = trainer(optimizer=name, dtype="float64", **CONSTANTS), Reference(name)
    expected = t.tensors("parameter").copy()
    for _ in range(25):
        t.run(1)
        before, expected = expected, reference.step(expected, t.tensors("gradient"))
        np.testing.assert_allclose(t.tensors("parameter"), expected, rtol=1e-10, atol=1e-13)
        np.testing.assert_allclose(t.tensors("change"), expected - before, rtol=1e-7, atol=1e-12)


@pytest.mark.parametrize("name", ["sgd", "adam"])
def test_the_pass_over_a_large_arena_is_the_same_as_over_a_small_one(name):
    """Cut into cache-sized blocks: an element does not know its block."""
    from nnviz3d.backend.numpy_ops import NumpyOps

    rng, ops, n = np.random.default_rng(0), NumpyOps(), 700_001
    arenas = [rng.standard_normal(n).astype(np.float32) for _ in range(2)] + [rng.random(n, np.float32) for _ in range(3)]
    constants = ops.constants()
    constants.set(rate=0.1, decay1=0.9, gain1=0.1, decay2=0.99, gain2=0.01, epsilon=1e-8)
    slots = 2 if name == "adam" else 0
    cut, piece = [a.copy() for a in arenas], [a[650_000:650_100].copy() for a in arenas]
    for p, g, m, v, before in (cut, piece):
        for call in ops.update(name, p, g, [m, v][:slots], before, constants):
            call()
    for whole, part in zip(cut, piece, strict=True):
        assert np.array_equal(whole[650_000:650_100], part)


def test_clipping_by_norm_is_pytorchs():
    free, clipped = trainer(dtype="float64", optimizer="sgd"), trainer(dtype="float64", optimizer="sgd", clip_norm=0.01)
    free.run(1)
    clipped.run(1)
    g = free.tensors("gradient")
    norm = math.sqrt(float(g @ g))
    assert norm > 0.02
    np.testing.assert_allclose(clipped.tensors("gradient"), g, rtol=1e-12)
    np.testing.assert_allclose(clipped.clip, 0.01 / (norm + 1e-6), rtol=1e-12)


def test_clipping_leaves_a_short_gradient_alone():
    free, clipped = trainer(optimizer="sgd"), trainer(optimizer="sgd", clip_norm=1000.0)
    assert free.run(3) == clipped.run(3) == 3
    assert np.array_equal(free.tensors("parameter"), clipped.tensors("parameter"))


def test_schedules():
    base = {"learning_rate": 2.0, "schedule_steps": 10, "schedule_factor": 0.5}
    step = Train(schedule="step", **base)
    assert [rate(step, k) for k in (0, 9, 10, 20)] == [2.0, 2.0, 1.0, 0.5]
    cosine = Train(schedule="cosine", **base)
    assert rate(cosine, 0) == 2.0
    assert rate(cosine, 5) == pytest.approx(1.5)
    assert rate(cosine, 10) == rate(cosine, 999) == 1.0
    warm = Train(schedule="step", warmup=4, **base)
    assert [rate(warm, k) for k in range(5)] == [0.5, 1.0, 1.5, 2.0, 2.0]
    assert rate(warm, 13) == 2.0
    assert rate(warm, 14) == 1.0


def test_the_schedule_reaches_the_parameters():
    t = trainer(optimizer="sgd", dtype="float64", learning_rate=1.0, warmup=2, schedule="step", schedule_steps=1, schedule_factor=0.1)
    for expected in (0.5, 1.0, 1.0, 0.1, 0.01):
        t.run(1)
        np.testing.assert_allclose(t.tensors("change"), -expected * t.tensors("gradient"), rtol=1e-6, atol=1e-12)
