"""What the instruments tell that look into a network: which inputs matter, what activates a neuron, what is left after pruning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

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


@dataclass(frozen=True, eq=False)
class StrongRow:
    """A sample: `index` in its part, the `value` that it brings the neuron to (of a group: the largest in it, at `cell`)."""

    index: int
    value: float
    cell: int
    x: np.ndarray
    label: str


@dataclass(frozen=True, eq=False)
class StrongestReading:
    """The samples that activate `size` neurons from `neuron` on most: of `known` of `looked` evenly drawn rows, of a part that has `of`.

    `active`: share of the rows that bring it above 0. `shape` of a sample where it is a picture; `low`, `high` (I,) range of the inputs.
    """

    neuron: int
    size: int
    part: str
    known: int
    looked: int
    of: int
    step: int
    rows: tuple[StrongRow, ...]
    shape: tuple[int, ...]
    low: np.ndarray
    high: np.ndarray
    active: float


@dataclass(frozen=True, eq=False)
class PruningReading:
    """A network without `count` of the `total` weights of a node (-1: of all), those of at most `threshold`: its `loss` and `accuracy` over
    `rows` of the `of` rows of a part; None: not known yet.

    `share_c`, `value_c` (C,): the curve as far as it is known, of the accuracy (`classes`) or the loss. `before`: without pruning.
    """

    node: int
    share: float
    count: int
    total: int
    threshold: float
    part: str
    rows: int
    of: int
    loss: float | None
    accuracy: float | None
    before: float | None
    share_c: np.ndarray
    value_c: np.ndarray
    classes: bool


@dataclass(frozen=True)
class TracedPath:
    """A path through the network: `neurons` from beginning to end; `shares` of each edge in all that its target gets (of the bias first,
    where the path begins in a `bias`); `share` their product; `sign` of what it adds."""

    neurons: tuple[int, ...]
    shares: tuple[float, ...]
    share: float
    sign: int
    bias: bool


@dataclass(frozen=True)
class TracingReading:
    """The strongest paths `back` from a neuron, or on from it; `total`: their shares together. `over`: all have been looked for."""

    neuron: int
    back: bool
    paths: tuple[TracedPath, ...]
    total: float
    over: bool


class TsneAsked(NamedTuple):
    """A map by t-SNE. `run` counts those that were asked for: another number begins another. `on`: whether it may go on."""

    run: int
    on: bool


@dataclass(frozen=True)
class TsneReading:
    """How far t-SNE has come: `done` of `steps`; `divergence` in nats, nan before the first; `over`: done, or stopped before."""

    done: int
    steps: int
    divergence: float
    perplexity: float
    over: bool


@dataclass(frozen=True, eq=False)
class CloudReading:
    """Samples as points: of row `rows_r` of a part at `xyz_r3` (r, 3), by what the neurons of a node do with it at `step`.

    `value_r`: class ids, where `classes` names them, or numbers. `x_ni`: all rows of the part, for pictures; `shown_3`, `shown_x`: of the
    shown sample, now; `shown_row`: its row, -1 where it is of no data set. `share_3`: of the variance that each axis shows. `version`: of
    the places. `map`: of t-SNE, which does not move with the network; `shown_3` is nan where the shown sample is not in it.
    """

    node: int
    version: int
    xyz_r3: np.ndarray
    rows_r: np.ndarray
    value_r: np.ndarray
    classes: tuple[str, ...]
    x_ni: np.ndarray
    shape: tuple[int, ...]
    shown_3: np.ndarray
    shown_x: np.ndarray
    shown_row: int
    part: str
    of: int
    step: int
    share_3: np.ndarray
    size: int
    map: TsneReading | None = None


@dataclass(frozen=True, eq=False)
class AblationReading:
    """What can be killed in a node: units of `size` neurons, with their mean |a| `strength_g`; and every output's z, `z_o` as it is and
    `whole_o` with nothing killed."""

    node: int
    size: int
    strength_g: np.ndarray
    z_o: np.ndarray
    whole_o: np.ndarray
