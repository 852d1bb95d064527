"""A network with some of its weights set to 0, as something to look at: beside the run, which goes on with all of them.

Looks like a source to the picture and to the readings. Never trains; which sample is shown is the running source's choice.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nnviz3d.backend import Ops
from nnviz3d.engine.data import DataSet
from nnviz3d.engine.sample_pass import Shown
from nnviz3d.sources.answer_text import answer
from nnviz3d.sources.protocols import Source
from nnviz3d.sources.viewable import Sample, next_serial
from nnviz3d.spec.neuron_locks import Holds
from nnviz3d.spec.scene import Scene

_OF_NEURONS = ("z", "activation", "delta")


class PrunedNetwork:
    """`parameters` (P,) on the host. What is reported of training (gradients, changes) is the source's own."""

    at_boundary = True
    view = None
    constant = 1.0

    def __init__(self, source: Source, parameters: np.ndarray):
        self.source, self.topology, self.objective = source, source.topology, source.objective
        self.holds: Holds = source.holds
        self.serial, self.version = next_serial(), next_serial()
        self.parameters, self._arena = parameters, source.ops.asarray(parameters.copy())
        self._shown = Shown(source.ops, self.topology, self.objective, self._arena, self.holds.killed)
        self._sample: Sample | None = None

    def renew(self, parameters: np.ndarray) -> None:
        """The same network with other parameters."""
        self.parameters = parameters
        self.ops.write(parameters, self._arena)
        self._sample = None

    def fits(self, source: Source) -> bool:
        """Whether it is still of this network, and what is killed in it is the same."""
        return (
            self.source is source and self.topology is source.topology and self.objective is source.objective and self.holds == source.holds
        )

    @property
    def ops(self) -> Ops:
        return self.source.ops

    @property
    def data(self) -> DataSet:
        return self.source.data

    @property
    def scene(self) -> Scene:
        return self.source.scene

    @property
    def sample(self) -> Sample:
        return self.source.sample

    @property
    def step(self) -> int:
        return self.source.step

    @property
    def written(self) -> int:
        return self.source.written

    @property
    def batch_size(self) -> int:
        return self.source.batch_size

    @property
    def last_batch(self) -> int:
        return self.source.last_batch

    @property
    def edited(self) -> Any:
        """Its weights are not those that the last step left."""
        return None

    def follow(self) -> None:
        """Pass the source's shown sample through, where it or the parameters are others by now."""
        if self._sample is not self.sample:
            self._sample, self.version = self.sample, next_serial()
            self._shown.show(self._sample.x, self._sample.target)

    def tensors(self, kind: str) -> Any:
        if kind in ("parameter", "after"):
            return self._arena
        if kind not in _OF_NEURONS:
            return self.source.tensors(kind)
        self.follow()
        return None if kind == "delta" and self.sample.target is None else getattr(self._shown, kind)

    def settled(self, kind: str) -> Any:
        return self.tensors(kind)

    def answer(self) -> tuple[str, bool | None]:
        return answer(self)

    def targets(self) -> np.ndarray | None:
        return self.source.targets()

    @property
    def plane_state(self) -> tuple[np.ndarray, tuple[int, ...]]:
        return self.parameters, self.holds.killed
