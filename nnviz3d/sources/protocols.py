"""What the program asks of anything that has a network: five small protocols, and `Source`, which holds them.

One object usually implements several of them and returns itself; None says that the source cannot, and `reasons` says why, in a sentence
that the greyed control shows. Nothing outside this package and the one function that opens a source knows a concrete class.

| protocol | asks | own training | recording | opened network |
|---|---|---|---|---|
| `Viewable` | one network at one moment, with one shown sample | yes | yes | yes |
| `Clock` | where it is in time, and going on | yes | yes | stands still |
| `History` | going back, and snapshots | yes, where it remembers | yes | no |
| `Learner` | changing it | yes | no | no |
| `SourceData` | passing rows through it | yes | yes | no |

`Playback` is what a recording adds: its kept steps and what was written down beside them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from nnviz3d.engine.data import DataSet
from nnviz3d.engine.data.plane import Plane
from nnviz3d.engine.objective import Objective
from nnviz3d.engine.run_history import Snapshot
from nnviz3d.engine.tape import Tape
from nnviz3d.sources.playback import Playback
from nnviz3d.sources.viewable import Array, Viewable
from nnviz3d.spec.edit import Rebuild
from nnviz3d.spec.layer_origins import Origins
from nnviz3d.spec.neuron_locks import Holds
from nnviz3d.spec.reasons import Reasons
from nnviz3d.spec.scene import Scene, Train
from nnviz3d.spec.score import Score
from nnviz3d.spec.topology import Topology


class Clock(Protocol):
    """Where a run is in time, and going on."""

    @property
    def step(self) -> int: ...
    @property
    def epoch(self) -> float: ...
    @property
    def of_epoch(self) -> tuple[int, int]:
        """(steps of the running epoch that are done, steps of a whole one). Between steps only."""
        ...

    @property
    def loss(self) -> float:
        """Mean over the last step's batch; nan where none is known."""
        ...

    @property
    def diverged(self) -> int | None:
        """The 1-based number of the step whose numbers were not finite."""
        ...

    @property
    def at_boundary(self) -> bool: ...
    @property
    def phase(self) -> str:
        """What comes next inside a half-done step; "" between steps."""
        ...

    @property
    def train(self) -> Train:
        """The settings that the next step follows."""
        ...

    @property
    def since(self) -> int:
        """The step at which settings were last changed."""
        ...

    @property
    def written(self) -> int:
        """How often something besides training has changed the run."""
        ...

    def advance(self, more: Callable[[], bool], steps: int | None = None) -> int:
        """Go on while `more()` (asked after each piece, at least one is done), by at most `steps`; returns the steps finished."""
        ...

    def run(self, steps: int) -> int:
        """Whole steps at once; returns the steps finished."""
        ...

    def settle(self) -> None:
        """Finish a half-done step."""
        ...


class PastState(Protocol):
    """What `Trainer.state` was at a step, by name."""

    def __getitem__(self, name: str, /) -> Any: ...


class History(Protocol):
    """Going back in a run, and snapshots of it."""

    snapshots: dict[str, Snapshot]

    @property
    def bytes(self) -> int: ...
    @property
    def oldest(self) -> int | None: ...
    @property
    def newest(self) -> int: ...
    def nearest(self, step: int) -> int:
        """The step nearest to this one that can be entered."""
        ...

    def enter(self, step: int) -> Train:
        """Be there. Returns the settings that held. Raises KeyError where `nearest` is another step."""
        ...

    def stretches(self) -> list[tuple[int, int]]: ...
    def changes(self) -> list[int]: ...
    def moments(self) -> Sequence[tuple[int, PastState]]:
        """(step, state) of some past steps that can be looked at without going there."""
        ...

    def take_lost(self, who: str = "layers") -> int | None:
        """The first step that was discarded since this reader last asked."""
        ...

    def snapshot(self, name: str) -> Snapshot: ...
    def enter_snapshot(self, name: str) -> Train: ...


class Learner(Clock, Protocol):
    """A run that trains, and what changes it."""

    @property
    def topology(self) -> Topology: ...
    @property
    def data(self) -> DataSet: ...
    @property
    def objective(self) -> Objective: ...
    def parameters(self) -> dict[str, np.ndarray]:
        """Copies on the host by name."""
        ...

    def evaluate(self, part: str, limit: int | None = None) -> tuple[float, float | None]:
        """(mean loss, accuracy or None for numbers) of "train" or "test", or of `limit` of its rows, drawn evenly."""
        ...

    def scoring(self, part: str, limit: int | None = None) -> Iterator[Score]:
        """The same in pieces: stop conditions look at them."""
        ...

    def record(self, shown: int = 0) -> Tape:
        """One step, recorded; `shown` chooses a row of its batch. Raises RunError after divergence."""
        ...

    def parameter(self, p: int) -> float: ...
    def check_parameter(self, p: int, value: float = 0.0) -> None:
        """Raises InputError where there is no such parameter, or it cannot have this value."""
        ...

    def set_parameter(self, p: int, value: float) -> float: ...
    def hold(self, holds: Holds) -> None: ...
    def load(self, parameters: dict[str, np.ndarray]) -> None:
        """Replace all parameters. Raises InputError with every one that does not fit, and then nothing has changed."""
        ...

    def configure(self, train: Train) -> None: ...
    def state(self) -> dict[str, Any]:
        """All that an exact continuation needs."""
        ...

    def go_on(self, state: dict[str, Any]) -> Train:
        """Continue from such a state with the settings of now."""
        ...

    def kept(self) -> KeptRun:
        """The present run, to be put back later; nothing is copied."""
        ...

    def put_back(self, run: Any) -> None:
        """Go on with a run that this source has left."""
        ...

    def second(self, scene: Scene, remember: int = 0) -> Source:
        """Another run beside this one, on the same device, with the same data where the scene says so. Raises InputError."""
        ...

    @property
    def remember(self) -> int:
        """Bytes that the run may be remembered in."""
        ...

    @property
    def sample_loss(self) -> float:
        """Of the shown sample."""
        ...


class KeptRun(Protocol):
    """A run that a source has or had, to be put back."""

    @property
    def serial(self) -> int:
        """The source's while it had it."""
        ...

    @property
    def bytes(self) -> int:
        """Of a network, its buffers for a batch, and what it remembers; its data are shared or small beside them."""
        ...

    def forget(self) -> bool:
        """Let go of its past; whether there was one."""
        ...


class SourceData(Protocol):
    """What passes rows through the network, and never changes it."""

    @property
    def plane(self) -> Plane | None: ...
    def score(self, part: str, limit: int | None = None) -> Score: ...
    def scoring(self, part: str, limit: int | None = None, parameters: Array | None = None) -> Iterator[Score]:
        """The same in pieces of a few milliseconds: the score over the rows so far."""
        ...

    def judging(self, part: str, rows_r: np.ndarray, parameters: Array | None = None) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
        """Rows one by one: (where in `rows_r`, outputs (n, O), losses (n,))."""
        ...

    def activations(self, part: str, rows_r: np.ndarray, node: int, parameters: Array | None = None) -> Iterator[tuple[slice, np.ndarray]]:
        """What a node does with rows, in pieces: (where in `rows_r`, activations (n, size))."""
        ...

    def numbers(self, part: str, limit: int) -> np.ndarray:
        """Which rows `limit` evenly drawn ones are."""
        ...

    def answers(self, side: int, x_i: Any = None, parameters: Any = None, killed: Any = None) -> np.ndarray:
        """(side * side, O) outputs over the plane."""
        ...

    def responses(self, side: int, x_i: Any = None, parameters: Any = None, killed: Any = None) -> np.ndarray:
        """(side * side, N) of every neuron over the plane."""
        ...

    def logits(self, ids_nt: np.ndarray, parameters: Array | None = None) -> np.ndarray:
        """(n, T, V) of the next token at each token of rows of numbers; ValueError where the network is none of sequences."""
        ...


class Source(Viewable, Clock, Protocol):
    """What a session shows. What it cannot is None, and `reasons` says why."""

    scene: Scene  # a session moves it on; elsewhere it is only read

    @property
    def base(self) -> Path:
        """The folder that the scene's files are relative to."""
        ...

    @property
    def history(self) -> History | None: ...
    @property
    def learner(self) -> Learner | None: ...
    @property
    def evaluator(self) -> SourceData | None: ...
    @property
    def playback(self) -> Playback | None: ...
    @property
    def reasons(self) -> Reasons: ...
    @property
    def runs(self) -> bool:
        """Whether samples of no data set can be passed through it (`show_own`)."""
        ...

    @property
    def prompt(self) -> str:
        """What it is asked first, where there is no data to show; else ""."""
        ...

    @property
    def plane(self) -> Plane | None:
        """The plane of two-dimensional data, or of the two features that the scene chooses."""
        ...

    def parameters(self) -> dict[str, np.ndarray]:
        """Copies on the host by the names of a weights file (`Topology.parameter_name`)."""
        ...

    @property
    def takes(self) -> frozenset[str]:
        """The kinds of files (`spec.file_kinds`) that can be its input."""
        ...

    def give_file(self, path: Path) -> None:
        """Show what it does with such a file. Raises InputError, and then nothing has changed."""
        ...

    def message(self) -> str:
        """What to tell a person, once: "" for nothing."""
        ...

    def show_sample(self, index: int) -> None:
        """Choose the shown sample; wraps around."""
        ...

    def show_own(self, x_i: np.ndarray, label: str) -> None:
        """Show a sample (I,) of no data set, without a target, until another is chosen; a source without rows cannot."""
        ...

    def show(self) -> None:
        """Bring z, activation and delta of the shown sample up to the parameters of now."""
        ...

    def showing(self) -> Iterator[None]:
        """The same in pieces of a few milliseconds, between which the parameters must stay; all change with the last."""
        ...

    def apply(self, scene: Scene, rebuild: Rebuild, keep: bool = False, origins: Origins | None = None) -> None:
        """Become a source of `scene` by the smallest change. Raises InputError, and then nothing has changed."""
        ...
