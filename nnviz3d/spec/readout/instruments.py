"""What the instruments tell that look into a network: which inputs matter, what activates a neuron, what is left after pruning."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class SaliencyReading:
    """Gradient times input of one output: `product_i` (I,) = x dz/dx, `z` of the output before its activation.

    `shape`: of the input where it is a picture, else (). `reason`: why there is none, or "". `version`: of the numbers.
    """

    reason: str
    output: int = -1
    z: float = 0.0
    x_i: np.ndarray | None = None
    product_i: np.ndarray | None = None
    shape: tuple[int, ...] = ()
    version: int = 0
