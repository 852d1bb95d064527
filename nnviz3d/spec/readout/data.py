"""The readings of the data: the plane, pages of samples, which classes are taken for which."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnviz3d.spec.units import Unit


@dataclass(frozen=True)
class PlaneReading:
    """The plane that plate and tiles are over. `held`: other features stay as in the shown sample. `tiles`: neurons show their responses.

    `hovered`: smallest and largest activation of the hovered neuron over the plane, as its tile shows it.
    """

    names: tuple[str, str]  # of its axes: to the right, up
    low: tuple[float, float]
    high: tuple[float, float]
    held: bool
    tiles: bool
    hovered: tuple[float, float] | None = None
    dots: tuple[int, int] = (0, 0)  # training samples that are shown on the plate, of all
    unit: Unit | None = None  # of the (first) number that the plate shows, from its smallest to its largest value; None: from -1 to 1


@dataclass(frozen=True)
class SampleQuery:
    """Which samples are wanted: `show` "all", "wrong" (classes only) or a class's number as text; `order` "worst" (first) or "number"."""

    show: str = "all"
    order: str = "worst"
    page: int = 0
    size: int = 24


@dataclass(frozen=True)
class SampleRow:
    """One sample: its number in the part (or in the batch), its true answer, what the network says, its own loss, its inputs (I,)."""

    index: int
    label: str
    said: str
    right: bool | None
    loss: float
    x: np.ndarray


@dataclass(frozen=True, eq=False)
class SamplesReading:
    """A page of samples. While `known` < `total` the network is still being asked for the first time.

    `found`: samples that the query matches; `wrong`: of all; None for numbers. `shape`: of a picture, else (). `low`, `high`: (I,) the
    range of each input over the part. `subject` changes with what is looked at: other data, another network, another step's batch.
    """

    part: str  # "test", "train" or "batch"
    subject: int
    step: int  # that the network was asked at
    total: int
    known: int
    wrong: int | None
    loss: float | None  # mean
    found: int
    shown: int  # number of the shown sample
    query: SampleQuery
    rows: tuple[SampleRow, ...]
    shape: tuple[int, ...]
    low: np.ndarray
    high: np.ndarray
    after: bool = False  # of a walk's batch: asked with the weights after its step
    errors: tuple[tuple[str, str, str], ...] = ()  # of each number with a unit: its name, root mean square and mean absolute error


@dataclass(frozen=True)
class ConfusionReading:
    """How often class i was taken for class j: `count_cc` (C, C), rows are what is true. Counted over `part` ("test" or "train") by the
    network of step `first`, or, where it is large, while that learned on to step `last`. `mute`: samples whose answer was no number."""

    count_cc: np.ndarray
    part: str
    first: int
    last: int
    mute: int = 0
