"""Where in time one is: a walk through one iteration, moments that were kept, a recording that is played."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nnviz3d.spec.units import SquaredError
from nnviz3d.spec.walk_line import WalkLine


@dataclass(frozen=True)
class WalkReading:
    """A walk through one training iteration: where it is, and what the iteration does to the shown sample."""

    line: WalkLine  # what its time line shows: folded parts pass as one
    kinds: tuple[str, ...]  # "forward", "backward", ... of each phase
    number: float  # index of the phase + how much of it has passed
    playing: bool
    speed: float  # phases a second
    batch: int  # samples in the step's batch; the shown one is the first
    loss_before: float | None  # these four: None or "" until they are worked out
    loss_after: float | None
    answer_before: str
    answer_after: str
    symbol: str  # of what the edges show here: "|w a|"
    error: bool  # whether the edges carry the error, in its own colours
    step: int = 0  # the iteration's 1-based number
    shown: int = 0  # which sample of the batch is reported, 0-based
    loop: Literal["stop", "again", "on"] = "stop"  # what follows when it has played to its end
    mean: bool = False  # the gradient shown is the batch's mean, else the shown sample's own
    gradient: str = ""  # while the edges show one: whose gradient it is
    phase: int = 0  # which one it is in
    whole: bool = True  # what the edges show is there in every layer
    layers: tuple[int, ...] = ()  # which node each phase is of, by its number; 0: of none


@dataclass(frozen=True)
class MomentReading:
    """A kept moment. Losses and accuracies as they were measured when it was kept; None where there is none."""

    name: str  # "A" or "B"
    step: int
    epoch: float
    loss: float | None  # of the last batch
    train_loss: float | None
    test_loss: float | None
    train_accuracy: float | None
    test_accuracy: float | None
    answer: str  # of the shown sample, with the parameters of that moment
    right: bool | None
    fits: bool  # of the network that is shown now: it can be looked at
    scored: str = ""  # what the scores are of, in words
    error: SquaredError | None = None  # how its losses read in the target's unit


@dataclass(frozen=True)
class ChangeReading:
    """A weight or bias (`source` None) in two moments: into neuron `index` of `layer`, from neuron `source` of
    `source_layer`."""

    parameter: int
    layer: int
    neuron: int
    index: int
    source: int | None
    before: float
    after: float
    source_layer: int = 0


@dataclass(frozen=True)
class MomentsReading:
    """The kept moments, what is looked at ("A", "B", "B - A", or "" for now), and what differs most."""

    shown: str = ""
    kept: tuple[MomentReading, ...] = ()
    largest: tuple[ChangeReading, ...] = ()


@dataclass(frozen=True)
class RecordingReading:
    """A recording that is played: its kept steps go from `first` to `last`, every `every`-th one. `half`: 16-bit numbers. `gone`: why its
    data are not there, or "". `rows`: samples that gradients are worked out of, for none are recorded."""

    name: str
    first: int
    last: int
    every: int
    kept: int
    half: bool
    gone: str
    rows: int


LinkState = Literal["waiting", "connected", "lost", "finished", "failed", "restarted", "refused"]


@dataclass(frozen=True)
class WatchedReading:
    """A training loop elsewhere that is watched. `run`: its name; `text`: more of `state` in words; `live`: what is shown follows it.
    `newest`: its newest step; `kept` steps that can be gone back to; `dropped`: frames that were left out; `metrics`: name and value.
    `gradients`: the loop's own are shown, else those of the shown sample. `code`: the line that a loop needs, while none was found.
    `why`: its model cannot be drawn, and why. `paused`: it lends control, and waits."""

    state: LinkState
    text: str = ""
    run: str = ""
    address: str = ""
    live: bool = True
    newest: int = 0
    kept: int = 0
    dropped: int = 0
    metrics: tuple[tuple[str, float], ...] = ()
    gradients: bool = False
    code: str = ""
    why: str = ""
    paused: bool = False

    @property
    def empty(self) -> bool:
        """There is no network to draw."""
        return bool(self.code or self.why)
