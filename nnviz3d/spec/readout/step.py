"""What a training step did to parameters: gradients, the optimiser's update, and a gradient checked against the loss itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class GradientReading:
    """The gradient of one weight or bias in a recorded step. `neuron`, `index`, `a`: where a weight comes from; None for a bias."""

    parameter: int  # its place among all parameters
    sample: float  # delta_j a_i, or delta_j: the shown sample's own
    batch: float  # the mean of the batch with L1 and L2, before clipping
    change: float  # after minus before
    neuron: int | None = None
    index: int | None = None
    a: float | None = None


@dataclass(frozen=True)
class UpdateReading:
    """What the optimiser did to one parameter. `numbers`: every symbol that its rule has, by the names in `update_explained.Rule`."""

    parameter: int
    optimizer: str
    numbers: dict[str, float]
    dead: bool = False  # Playground's L1 has put the weight to rest
    applied: bool = True  # False where the step diverged
    frozen: bool = False  # the neuron is: the parameter stays as it is
    samples: int = 0  # in the batch
    kind: str = "dense"  # of the layer that it belongs to
    part: str = "weight"
    place: tuple[int, ...] = ()  # in the array `part`


@dataclass(frozen=True)
class CheckReading:
    """A gradient of the shown sample next to its central difference; `relative` to the larger of the two.

    `kink`: the loss has a corner here, so the two need not agree.
    """

    parameter: int
    analytic: float
    numeric: float
    relative: float
    kink: bool = False
    step: int = 0  # training steps that were done when it was made


@dataclass(frozen=True)
class StepReading:
    """What one recorded step did to the parameters that lead into a neuron. `delta`: before the update, for the shown sample."""

    delta: float
    samples: int  # in the batch
    gradients: tuple[GradientReading, ...]  # the weights that are distinguished, then the bias
    rest_count: int  # weights that are not
    update: UpdateReading  # of the listed weight that changed most
    updating: bool = False  # the walk is in its update: what counts is the batch's mean
