"""How training goes: curves, what is unusual about it, and two networks beside each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnviz3d.spec.compare import Difference
from nnviz3d.spec.score import UNSCORED, Scores
from nnviz3d.spec.topology import Topology
from nnviz3d.spec.units import SquaredError


@dataclass(frozen=True, eq=False)
class Charts:
    """Curves so far; each array is float32 and read-only, `*_step` in training steps."""

    train_step: np.ndarray
    train_loss: np.ndarray
    test_step: np.ndarray
    test_loss: np.ndarray
    train_accuracy: np.ndarray  # at test_step; empty for regression
    test_accuracy: np.ndarray


@dataclass(frozen=True)
class Finding:
    """Something unusual about the network or its training: what, the numbers that show it, and what to try.

    Of one layer (`layer`, its node's number): `sign`, the title without the layer's name, and `share`, how much of the layer it is.
    """

    title: str
    how: str
    remedy: str
    layer: int = -1
    sign: str = ""
    share: float = 0.0


@dataclass(frozen=True)
class NetworkReading:
    """One of two networks that are compared, at a moment that is the same for both."""

    name: str  # "A", "B"
    title: str  # what makes it different: "adam"
    topology: Topology
    step: int
    epoch: float
    epoch_steps: int  # steps in an epoch
    loss: float | None
    test_loss: float | None
    train_accuracy: float | None
    test_accuracy: float | None
    answer: str  # what it says of the shown sample
    right: bool | None
    reached: tuple[int | None, ...]  # the step at which each share of `CompareReading.shares` was first seen
    diverged: int | None
    charts: Charts
    hovered: float | None = None  # activation of the neuron under the pointer, and of the same one in the other network
    held: int = 0  # neurons that are frozen or killed by hand
    scores: Scores = UNSCORED  # what test loss and both accuracies are of
    error: SquaredError | None = None  # how its losses read in the target's unit


@dataclass(frozen=True)
class CompareReading:
    """Two networks beside each other."""

    networks: tuple[NetworkReading, NetworkReading]
    differences: tuple[Difference, ...]
    same_batches: bool  # one step is the same samples for both
    layer_by_layer: bool  # whether a common scale is one of each layer pair
    shares: tuple[float, ...]  # of right answers on the test set that `NetworkReading.reached` is about
    waits: str = ""  # the network that waits, or ""
