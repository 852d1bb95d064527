"""Activation functions as curves for the inset of the Neuron panel."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from nnviz3d.spec.activations import ACTIVATIONS


@lru_cache(maxsize=64)
def curve(activation: str, reach: float) -> tuple[np.ndarray, np.ndarray] | None:
    """97 points of f over [-reach, reach], float64, read-only. None for softmax, which is not a function of one number."""
    row = ACTIVATIONS[activation]
    if row.rowwise:
        return None
    z = np.linspace(-reach, reach, 97)
    a = np.asarray(row.formula(z), float)
    z.flags.writeable = a.flags.writeable = False
    return z, a


def reach(z: float) -> float:
    """A half-width that holds z, in powers of two so that the axis does not jitter."""
    size = 4.0
    while size < abs(z) * 1.1 and size < 1e6:
        size *= 2
    return size
