"""What a walk through one iteration tells on the stage, beside the network: a part of the readout, made by `app`, drawn by `ui`.

Numbers are the tape's own, never blended for the eye; `share` says how far a phase has come. Places are in imgui's units.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nnviz3d.spec.units import Unit

if TYPE_CHECKING:
    from nnviz3d.spec.readout.neuron import NeuronReading

PICKED = "picked"


@dataclass(frozen=True)
class WeightsShown:
    """`mode`: look.weights. `factor`: by what differences are multiplied, `typical`: what "auto" makes of it.

    `on`: edges show weights of this step's two moments. `diverged`: nothing was applied.
    """

    mode: str
    factor: float
    typical: float
    on: bool
    diverged: bool = False


@dataclass(frozen=True, eq=False)
class Outputs:
    """The outputs of the shown sample, (K,) each: all of them, or the strongest of `total`. `index_k`: their numbers in the layer.

    `probability`: each lies in [0, 1]. `difference`: delta is output minus target (softmax with cross-entropy, one sigmoid with bce).
    `label`: the class that is asked for, by its number in the layer; -1 for numbers.
    """

    names: tuple[str, ...]
    index_k: np.ndarray
    before_k: np.ndarray
    target_k: np.ndarray
    delta_k: np.ndarray
    after_k: np.ndarray
    total: int
    probability: bool
    difference: bool
    label: int
    loss: str
    loss_before: float
    loss_after: float
    huber_delta: float
    p: float  # the output of the class that is asked for, or the only output
    class_weight: float | None = None  # what the loss is multiplied by
    token: int = -1  # of a sequence: whose outputs these are; its loss is of this token alone
    units: tuple[Unit, ...] = ()  # of each listed output that is a number with a unit: what people read is `unit.own(value)`


@dataclass(frozen=True, eq=False)
class OutputsTable:
    """`kind`: "loss" (output beside target) or "after" (before beside after). `x_k`, `y_k`: where they are seen, `reach` their radius."""

    outputs: Outputs
    kind: str
    share: float
    x_k: tuple[float, ...]
    y_k: tuple[float, ...]
    reach: float


@dataclass(frozen=True, eq=False)
class ActivationCurve:
    """An activation function around z: `z_c`, `a_c` (C,), the point (`z`, `a`), its `slope` f'(z) (None for softmax) and the new point."""

    activation: str
    z_c: np.ndarray
    a_c: np.ndarray
    z: float
    a: float
    slope: float | None
    new: tuple[float, float]


@dataclass(frozen=True, eq=False)
class Inset:
    """A neuron's function beside it. `summed`, `applied`: how much of z is there, and of a, in [0, 1]. `moved`: the new point's share.

    `incoming`: of a neuron without weights and without a function: from which layer each number comes, and the number.
    """

    curve: ActivationCurve
    layer: int
    index: int
    why: str  # PICKED, or how it was found
    summed: float
    applied: float
    moved: float
    tangent: bool  # the error has come: its slope matters now
    x: float
    y: float
    reach: float
    renewed: bool = False  # its numbers are those of the new weights
    incoming: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, eq=False)
class WindowCard:
    """The cell that a window writes at this moment of a forward phase, or the one pointed at: `held`. `layer`: its box in `boxes`."""

    reading: NeuronReading
    layer: int
    held: bool


@dataclass(frozen=True, eq=False)
class Moment:
    """`boxes` (B, 4): left, top, right, bottom of the layers as they are seen, so that nothing covers them."""

    weights: WeightsShown
    boxes: np.ndarray
    table: OutputsTable | None = None
    inset: Inset | None = None
    window: WindowCard | None = None  # instead of the inset
