"""What can be looked at: one network at one moment, with one shown sample. The first of the protocols of `sources.protocols`."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any, Literal, Protocol, overload

import numpy as np

from nnviz3d.backend import Ops
from nnviz3d.engine.data import DataSet
from nnviz3d.engine.objective import Objective
from nnviz3d.spec.neuron_locks import Holds
from nnviz3d.spec.scene import Scene
from nnviz3d.spec.topology import Topology

if TYPE_CHECKING:
    from nnviz3d.sources.step_view import StepView

Array = Any  # of `ops.xp`: numpy or cupy
OWN = "own"  # part of a sample that a person has drawn or opened
next_serial = count(1).__next__  # numbers for networks and moments, never used twice in a process: what caches are keyed by


@dataclass(frozen=True, eq=False)
class Sample:
    """The shown sample: the `index`-th of `count` rows of `part`. `target` is a class id, (O,) numbers, or None where none is known;
    `label` its words. Of part `OWN` it is a person's own, of no data set, and `index` is that of the sample it stands in for. `unknown`:
    numbers of the nodes of which nobody knows what they hold for it."""

    index: int
    count: int
    part: str
    x: np.ndarray
    target: Any
    label: str
    unknown: frozenset[int] = frozenset()


class Viewable(Protocol):
    """One network at one moment, with one shown sample: what the picture, picking and the Neuron panel read."""

    @property
    def ops(self) -> Ops: ...
    @property
    def topology(self) -> Topology: ...
    @property
    def serial(self) -> int:
        """Of this network, or of this moment of it: another one after another number, and never used again."""
        ...

    @property
    def version(self) -> Hashable:
        """Equal versions are drawn the same."""
        ...

    @property
    def at_boundary(self) -> bool:
        """No step is half done: all tensors are of one moment."""
        ...

    @property
    def step(self) -> int: ...
    @property
    def written(self) -> int:
        """How often something besides training has changed it."""
        ...

    @property
    def scene(self) -> Scene:
        """With the settings that hold at this moment."""
        ...

    @property
    def data(self) -> DataSet:
        """Names, shapes and rows; a source without data has no rows (`no_data`)."""
        ...

    @property
    def objective(self) -> Objective:
        """Its loss is "" where none is known (`NO_OBJECTIVE`)."""
        ...

    @property
    def sample(self) -> Sample: ...
    @property
    def holds(self) -> Holds:
        """What is frozen and killed."""
        ...

    @property
    def batch_size(self) -> int:
        """Rows of a whole batch; 0 where there are none."""
        ...

    @property
    def last_batch(self) -> int:
        """Rows that the gradient is the mean of; 0 where there is none."""
        ...

    @property
    def edited(self) -> Mapping[int, tuple[float, float]] | None:
        """By parameter, its values before and after the last step, where it was written by hand since; None where all were replaced."""
        ...

    @property
    def constant(self) -> float:
        """The value of an edge that has no parameter: 1, or 0 of a difference."""
        ...

    @overload
    def tensors(self, kind: Literal["parameter", "activation"]) -> Array: ...
    @overload
    def tensors(self, kind: str) -> Array | None:
        """ "parameter", "gradient", "change", "before", "after" (P,); "z", "activation", "delta" (N,): to be read, not kept.

        None where this source does not know it; "parameter" and "activation" are always there."""
        ...

    def settled(self, kind: str) -> Array | None:
        """The same when a wave that runs has passed: what scales and choices are made from."""
        ...

    def answer(self) -> tuple[str, bool | None]:
        """What the network says of the shown sample, and whether that is right: ("3 (97.2 %)", True)."""
        ...

    def targets(self) -> np.ndarray | None:
        """(O,) float64, what the loss compares the shown sample's outputs with: 0 or 1 of a class (-1 or 1 for tanh), or the numbers."""
        ...

    @property
    def plane_state(self) -> tuple[np.ndarray | None, tuple[int, ...] | None]:
        """(P,) parameters and killed neurons that the answers over the plane are computed with; None for either: those of the run now."""
        ...

    @property
    def view(self) -> StepView | None:
        """Where it stands inside a recorded training step; None for what does not."""
        ...
