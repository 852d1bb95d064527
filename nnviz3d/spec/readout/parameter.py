"""The readings of one weight or bias: at a glance, with all its equations, and what an edit by hand did.

Numbers are from the arenas or from a recorded step, nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

from nnviz3d.spec.readout.neuron import Sum
from nnviz3d.spec.readout.step import CheckReading, UpdateReading
from nnviz3d.spec.topology import EdgeRef


@dataclass(frozen=True)
class ParameterReading:
    """One parameter. `layer` and `index`: the neuron that it leads into (layer 0: input), the first of all `places` where it makes several;
    `source`: the index of the one neuron in layer `source_layer` that a weight comes from, None for others. `gradient` of the last batch
    and `change` in the last step: None before it, and where it is not known. `known`: inside a walk, what of it may be reported: "x" (`a`),
    "gradient", "update" (`change`)."""

    parameter: int
    layer: int
    index: int
    neuron: int  # id of the neuron it leads into
    value: float
    source: int | None = None
    a: float | None = None  # activation of that source for the shown sample
    gradient: float | None = None
    change: float | None = None
    label: str = ""  # of the neuron it leads into, where that has one
    frozen: bool = False
    known: frozenset[str] | None = None
    source_layer: int = 0
    part: str = "weight"
    place: tuple[int, ...] = ()  # in the array `part`
    places: int = 1  # neurons that it makes

    def there(self, name: str) -> bool:
        """Whether a walk has come to it; outside one it has."""
        return self.known is None or name in self.known


@dataclass(frozen=True)
class EdgeReading:
    """An edge without a parameter: from neuron `source_index` of node `source` (its number) to neuron `index` of node `layer`. `a`: the
    activation that it passes on."""

    edge: EdgeRef
    source: int
    source_index: int
    layer: int
    index: int
    a: float


@dataclass(frozen=True)
class ParameterEquations:
    """One weight w_ji, or one bias b_j (then `source`, `source_index` and `a` are None), for the shown sample; or a parameter that is used
    in many `places`, number `place` of the array `part`: then `used` is its gradient, the sum over them.

    `parameter`: its place among all; `neuron`: the one it leads into, number `index` of layer `layer`; `source`: the one it comes from,
    of layer `source_layer` (of a bias: where the weights come from); `kind`: of the layer that it belongs to.
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
    batch: float | None = None  # the last step's: mean over its batch, with L1 and L2 in it, before clipping
    samples: int = 0  # in that batch; 0: there was no step yet
    before: float | None = None  # the last step; None where there was none, or it is not known any more
    change: float | None = None
    edited: bool = False  # a hand has written it since
    masks: tuple[tuple[str, float, int], ...] = ()  # dropout in the step: (a or delta, factor of the shown sample, samples that kept it)
    update: UpdateReading | None = None  # inside a walk
    known: frozenset[str] | None = None  # inside a walk, as of a neuron
    renewed: bool = False
    output: bool = False  # of the last layer
    check: CheckReading | None = None
    source_layer: int = 0
    kind: str = "dense"
    part: str = "weight"
    place: tuple[int, ...] = ()
    places: int = 1  # neurons that it makes
    used: Sum | None = None  # terms: activation x error of a place; `Term.parameter`: the neuron that the activation is of, -1 of a bias

    @property
    def product(self) -> float:
        """Its share of z."""
        return self.value if self.a is None else self.value * self.a


@dataclass(frozen=True)
class EffectReading:
    """What an edit by hand did to the loss. `kind`: "value" of a `parameter` from `old` to `new`, "kill" or "prune".

    The losses before were measured at step `began`, those of now at `step`; of the shown sample, and of `rows` of the test set's `of`.
    """

    kind: str
    parameter: int
    old: float
    new: float
    began: int
    step: int
    sample_before: float
    sample_now: float
    test_before: float | None
    test_now: float | None
    rows: int = 0
    of: int = 0
