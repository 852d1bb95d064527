"""A kept moment as something to look at, and the difference of two: parameters that no longer change, and the shown sample in them.

Looks like a source to the picture and to the readings. Never trains; which sample is shown is the running source's choice.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nnviz3d.backend import Ops
from nnviz3d.engine.data import DataSet
from nnviz3d.engine.objective import Objective
from nnviz3d.engine.run_history import Snapshot
from nnviz3d.engine.sample_pass import Shown
from nnviz3d.sources.answer_text import answer
from nnviz3d.sources.protocols import Source
from nnviz3d.sources.viewable import Sample, next_serial
from nnviz3d.spec.neuron_locks import Holds
from nnviz3d.spec.topology import Topology


class KeptMoment:
    """`source` is the run that the moment is of: the same topology. Tensors follow the source's shown sample."""

    at_boundary = True
    written = 0
    view = None
    constant = 1.0

    def __init__(self, source: Source, snapshot: Snapshot, objective: Objective):
        self.source, self.snapshot, self.objective = source, snapshot, objective
        self.serial = self._version = next_serial()
        kept = snapshot.state["arenas"]
        self._whole = {"parameter": source.ops.asarray(kept["parameters"].copy()), "gradient": source.ops.asarray(kept["gradients"].copy())}
        self._whole["change"] = source.ops.asarray(kept["parameters"] - kept["before"])
        self._whole["before"], self._whole["after"] = source.ops.asarray(kept["before"].copy()), self._whole["parameter"]
        self.holds: Holds = snapshot.state["holds"]  # what was frozen and killed then
        self._shown = Shown(source.ops, source.topology, objective, self._whole["parameter"], self.holds.killed)
        self._sample: Sample | None = None
        self.scene = source.scene.model_copy(update={"train": snapshot.train})  # its settings then
        self.edited, self.last_batch = snapshot.state["edited"], snapshot.state["rows"]

    @property
    def ops(self) -> Ops:
        return self.source.ops

    @property
    def topology(self) -> Topology:
        return self.source.topology

    @property
    def data(self) -> DataSet:
        return self.source.data

    @property
    def sample(self) -> Sample:
        return self.source.sample

    @property
    def step(self) -> int:
        return self.snapshot.step

    @property
    def batch_size(self) -> int:
        return self.source.batch_size

    @property
    def loss(self) -> float:
        return self.snapshot.loss

    @property
    def numbers(self) -> KeptMoment:
        """What the readings are of."""
        return self

    @property
    def version(self) -> int:
        self._follow()
        return self._version

    def _follow(self) -> None:
        """Pass the source's shown sample through, where it is another one by now."""
        if self._sample is not self.sample:
            self._sample, self._version = self.sample, next_serial()
            self._shown.show(self._sample.x, self._sample.target)

    def tensors(self, kind: str) -> Any:
        """ "parameter", "gradient", "change" (P,) as they were kept; "z", "activation", "delta" (N,) of the shown sample."""
        if kind in self._whole:
            return self._whole[kind]
        if kind == "delta" and self.sample.target is None:
            return None
        self._follow()
        return getattr(self._shown, kind)

    def settled(self, kind: str) -> Any:
        return self.tensors(kind)

    def answer(self) -> tuple[str, bool | None]:
        """What the network said of the shown sample at that moment."""
        return answer(self)

    def targets(self) -> np.ndarray | None:
        return self.source.targets()

    @property
    def parameters(self) -> np.ndarray:
        """(P,) on the host, read-only."""
        return self.snapshot.parameters

    @property
    def plane_state(self) -> tuple[np.ndarray, tuple[int, ...]]:
        return self.parameters, self.holds.killed


class SnapshotDifference:
    """Second moment minus first: of every parameter, and of what every neuron does with the shown sample. What else there is, is the
    second's."""

    at_boundary = True
    constant = 0.0  # difference of the values of an edge without a parameter
    written = 0
    view = None

    def __init__(self, first: KeptMoment, second: KeptMoment):
        self.first, self.second = first, second
        self.ops, self.topology, self.data, self.scene = second.ops, second.topology, second.data, second.scene
        self.objective, self.holds, self.step, self.serial = second.objective, second.holds, second.step, second.serial
        self.edited, self.last_batch, self.batch_size = second.edited, second.last_batch, second.batch_size

    @property
    def sample(self) -> Sample:
        return self.second.sample

    @property
    def numbers(self) -> KeptMoment:
        """What the readings are of."""
        return self.second

    @property
    def version(self) -> tuple[int, int]:
        return self.first.version, self.second.version

    def tensors(self, kind: str) -> Any:
        second, first = self.second.tensors(kind), self.first.tensors(kind)
        return None if second is None or first is None else second - first

    def settled(self, kind: str) -> Any:
        return self.tensors(kind)

    @property
    def plane_state(self) -> tuple[np.ndarray, tuple[int, ...]]:
        return self.second.plane_state

    def answer(self) -> tuple[str, bool | None]:
        return self.second.answer()

    def targets(self) -> np.ndarray | None:
        return self.second.targets()
