"""The readings of one neuron: its weighted sums, its error, its place. The arrays are host copies."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nnviz3d.spec.readout.step import StepReading
from nnviz3d.spec.readout.window import SharesReading, WindowReading
from nnviz3d.spec.units import Unit


@dataclass(frozen=True)
class Term:
    """One addend of a weighted sum: `weight * value`, with the neuron that `value` belongs to."""

    neuron: int
    index: int  # of the neuron inside its layer, 0-based
    weight: float
    value: float
    parameter: int = -1  # of the weight
    place: str = ""  # what the neuron is called inside its layer: "map 3, row 4, column 7"

    @property
    def called(self) -> str:
        return self.place or f"neuron {self.index}"

    @property
    def product(self) -> float:
        return self.weight * self.value


@dataclass(frozen=True)
class Sum:
    """A weighted sum of any width: its largest terms by |product|, and the rest summed. Along one connection, or along several: then it
    has a part for each.

    `node`: number of the node at the other end, called `name`, with `size` neurons that are called `labels` where they have names, `rank`
    steps from the input. `kind`: of the node that the connection leads into; `slot`: which of its inputs it is. Where an edge has no
    weight, 1 stands for it.
    """

    terms: tuple[Term, ...]
    rest_count: int
    rest: float
    total: float  # without a bias
    node: int = 0
    kind: str = "dense"
    slot: int = 0
    size: int = 0
    name: str = ""
    rank: int = 0
    labels: tuple[str, ...] = field(default=(), repr=False)
    parts: tuple[Sum, ...] = ()
    given: dict[str, np.ndarray] = field(default_factory=dict, compare=False, repr=False)  # what the kind's equations asked for

    @property
    def connections(self) -> tuple[Sum, ...]:
        """One for each connection."""
        return self.parts or (self,)


@dataclass(frozen=True)
class NeuronReading:
    """Everything the Neuron panel says of one neuron, for the shown sample; all from the arenas."""

    neuron: int
    layer: int  # number of its node; 0: input
    layer_name: str
    index: int
    activation: str
    a: float
    label: str = ""
    z: float | None = None  # None for an input
    bias: float | None = None
    incoming: Sum | None = None
    outgoing: Sum | None = None  # sum_k w_kj delta_k over all that it feeds; None for an output
    delta: float | None = None  # dL/dz for the shown sample
    slope: float | None = None  # f'(z); None where it is not a number (softmax)
    target: float | None = None  # output neurons: what the sample asks for
    bias_gradient: float | None = None  # of the last training step's batch
    step: StepReading | None = None  # inside a walk
    frozen: bool = False
    killed: bool = False
    network: str = ""  # "A" or "B" while two networks are compared
    loss: str = ""  # output neurons: what they are judged by
    outputs: int = 0  # how many there are
    loss_slope: float | None = None  # dL/da; None where the loss works on logits (cross_entropy, bce)
    slope_mean: float | None = None  # softmax under another loss: sum_k dL/da_k a_k
    class_weight: float | None = None  # what loss and error of the sample are multiplied by; None without class weights
    softmax_sum: float | None = None  # sum_k e^z_k; None where that is no number to print
    unit: Unit | None = None  # of an output that is a number with a unit
    first: int = -1  # parameter of the first incoming weight
    first_source: int = -1  # neuron that it comes from
    bias_parameter: int = -1
    known: frozenset[str] | None = None  # inside a walk: what has been worked out of its layer ("z", "a", "delta", "gradient", "update")
    renewed: bool = False  # inside a walk: by the new weights
    weights: np.ndarray | None = field(default=None, compare=False, repr=False)  # (I,) all incoming ones
    values: np.ndarray | None = field(
        default=None, compare=False, repr=False
    )  # (I,) the activations they multiply; of an input: of all inputs
    strengths: np.ndarray | None = field(default=None, compare=False, repr=False)  # of an input: (I,) summed |weight| of each input
    table: Any = field(default=None, compare=False, repr=False)  # the layer's table of the scene
    kind: str = "dense"  # what made its layer; "input" for an input
    given: dict[str, np.ndarray] = field(default_factory=dict, compare=False, repr=False)  # what the kind's equations asked for
    masked: tuple[float, int, int] | None = None  # dropout in a walk's step: factor of the shown sample; samples that kept it, of how many
    window: WindowReading | None = field(default=None, compare=False, repr=False)  # of a cell that reads maps
    shares: SharesReading | None = field(default=None, compare=False, repr=False)  # of an output of a softmax
