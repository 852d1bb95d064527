"""Activation functions as curves for the inset of the Neuron panel. Only for drawing; the engine has its own."""

from __future__ import annotations

from functools import lru_cache
from math import erf, sqrt

import numpy as np

_FUNCTIONS = {
    "linear": lambda z: z,
    "relu": lambda z: np.maximum(z, 0),
    "leaky_relu": lambda z: np.where(z > 0, z, 0.01 * z),
    "elu": lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))),
    "gelu": lambda z: z * 0.5 * (1 + np.array([erf(v / sqrt(2)) for v in z])),
    "gelu_tanh": lambda z: 0.5 * z * (1 + np.tanh(sqrt(2 / np.pi) * (z + 0.044715 * z**3))),
    "silu": lambda z: z / (1 + np.exp(-z)),
    "softplus": lambda z: np.logaddexp(0, z),
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": np.tanh,
    "sin": np.sin,
}


@lru_cache(maxsize=64)
def curve(activation: str, reach: float) -> tuple[np.ndarray, np.ndarray] | None:
    """97 points of f over [-reach, reach], float64, read-only. None for softmax, which is not a function of one number."""
    if activation not in _FUNCTIONS:
        return None
    z = np.linspace(-reach, reach, 97)
    a = np.asarray(_FUNCTIONS[activation](z), float)
    z.flags.writeable = a.flags.writeable = False
    return z, a


def reach(z: float) -> float:
    """A half-width that holds z, in powers of two so that the axis does not jitter."""
    size = 4.0
    while size < abs(z) * 1.1 and size < 1e6:
        size *= 2
    return size
