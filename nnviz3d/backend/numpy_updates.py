"""Optimisers on numpy: one pass of bound calls over a stretch of the arena that fits the cache. Formulas are PyTorch's (2.x).

Every pass first keeps the old parameters in `before` (the picture shows the change of a step). Constants come as 0-d views.
    sgd        p -= rate g
    momentum   b = mu b + g;              p -= rate b
    nesterov   b = mu b + g;              p -= rate (g + mu b)
    rmsprop    v = rho v + (1 - rho) g^2; p -= rate g / (sqrt v + eps)
    adam       m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2;  p -= lr/(1 - b1^t) m / (sqrt(v / (1 - b2^t)) + eps)
    adamw      p *= 1 - lr decay, then adam
Adam's corrections ride in two constants: rate = lr sqrt(1 - b2^t) / (1 - b1^t), epsilon = eps sqrt(1 - b2^t).
"""

from __future__ import annotations

from functools import partial as bind

import numpy as np

SLOTS = {"sgd": 0, "momentum": 1, "nesterov": 1, "rmsprop": 1, "adam": 2, "adamw": 2}


def update(name: str, p, g, slots, before, c, s):
    """The calls of one pass; `s` is a scratch of p's size, `c(name)` a constant."""
    calls = [bind(np.copyto, before, p)]
    if name == "sgd":
        calls += [bind(np.multiply, g, c("rate"), s)]
    elif name in ("momentum", "nesterov"):
        (b,) = slots
        calls += [bind(np.multiply, b, c("decay1"), b), bind(np.add, b, g, b)]
        if name == "nesterov":
            calls += [bind(np.multiply, b, c("decay1"), s), bind(np.add, s, g, s), bind(np.multiply, s, c("rate"), s)]
        else:
            calls += [bind(np.multiply, b, c("rate"), s)]
    else:
        v = slots[-1]
        if name == "adamw":
            calls += [bind(np.multiply, p, c("keep"), p)]
        if name != "rmsprop":
            m = slots[0]
            calls += [bind(np.multiply, m, c("decay1"), m), bind(np.multiply, g, c("gain1"), s), bind(np.add, m, s, m)]
        calls += [
            bind(np.multiply, g, g, s), bind(np.multiply, s, c("gain2"), s), bind(np.multiply, v, c("decay2"), v), bind(np.add, v, s, v),
            bind(np.sqrt, v, s), bind(np.add, s, c("epsilon"), s), bind(np.divide, g if name == "rmsprop" else m, s, s),
            bind(np.multiply, s, c("rate"), s),
        ]  # fmt: skip
    return [*calls, bind(np.subtract, p, s, p)]


def regularize(w, dw, c, l1: bool, l2: bool, s):
    """dw += l1 sign(w) + l2 w."""
    calls = []
    if l2:
        calls += [bind(np.multiply, w, c("l2"), s), bind(np.add, dw, s, dw)]
    if l1:
        calls += [bind(np.sign, w, s), bind(np.multiply, s, c("l1"), s), bind(np.add, dw, s, dw)]
    return calls


def shrink(w, before, alive, c, s, u, mask):
    """Playground's L1, after the update: w -= rate l1 sign(w before); a weight that this carries through 0 becomes 0 and stays 0."""
    return [
        bind(np.sign, before, s), bind(np.multiply, s, c("shrink"), s), bind(np.subtract, w, s, s), bind(np.multiply, w, s, u),
        bind(np.less, u, u.dtype.type(0), mask), bind(np.copyto, alive, 0, where=mask), bind(np.multiply, s, alive, w),
    ]  # fmt: skip
