"""What the panels say of one parameter and of one whole layer: numbers from the arenas or from a recorded step, nothing else.

The reading of a neuron is `spec.readout.NeuronReading`. Arrays are host copies; axes: O neurons of the layer, I of the one before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from nnviz3d.spec.readout import CheckReading, UpdateReading


@dataclass(frozen=True)
class ParameterEquations:
    """One weight w_ji, or one bias b_j (then `source`, `source_index` and `a` are None), for the shown sample.

    `parameter`: its place among all; `neuron`: the one it leads into, number `index` of layer `layer`; `source`: the one it comes from.
    """

    parameter: int
    neuron: int
    layer: int
    index: int
    fan_in: int
    value: float
    z: float  # of the neuron it leads into
    delta: float | None  # dL/dz there; None where no error was sent back (phase `after`)
    source: int | None = None
    source_index: int | None = None
    a: float | None = None
    sample: float | None = None  # dL/dw = delta_j a_i, or delta_j
    batch: float | None = None  # the last step's: mean over its batch, with L1 and L2 in it (and clipped, outside a walk)
    samples: int = 0  # in that batch; 0: there was no step yet
    before: float | None = None  # the last step
    change: float | None = None
    masks: tuple[tuple[str, float, int], ...] = ()  # dropout in the step: (a or delta, factor of the shown sample, samples that kept it)
    update: UpdateReading | None = None  # inside a walk
    check: CheckReading | None = None

    @property
    def product(self) -> float:
        """Its share of z."""
        return self.value if self.a is None else self.value * self.a


@dataclass(frozen=True, eq=False)
class LayerReading:
    """A layer with all its numbers. `back` (O,) = W'^T delta' of the next layer (None at the output); `slope` (O,) = f'(z) (None: softmax).

    `shape` = (O, I). Of very large matrices every `stride`-th row and column is told: element (r, c) of `weight`, `gradient` and `change`
    is weight (r * stride[0], c * stride[1]), and weight (j, i) is parameter `first + j * I + i`.
    """

    layer: int
    activation: str
    loss: str  # what the output is judged by; "" where that is not known
    first: int
    first_neuron: int
    first_source: int
    next_size: int  # 0 at the output
    shape: tuple[int, int]
    stride: tuple[int, int]
    weight: np.ndarray
    bias: np.ndarray
    x: np.ndarray  # (I,) activations of the layer before
    z: np.ndarray
    a: np.ndarray
    delta: np.ndarray | None
    back: np.ndarray | None
    slope: np.ndarray | None
    target: np.ndarray | None  # (O,) at the output
    gradient: np.ndarray  # the last step's batch mean
    bias_gradient: np.ndarray
    change: np.ndarray  # of the last step
    optimizer: str = ""
    rate: float | None = None  # learning rate of the step; None outside a walk
    samples: int = 0
