"""A kept moment as something to look at, and the difference of two: parameters that no longer change, and the shown sample in them.

Looks like a source to the picture and to the readings. Never trains; which sample is shown is the running source's choice.
"""

from __future__ import annotations

import numpy as np

from nnviz3d.engine.objective import Objective
from nnviz3d.engine.run_history import Snapshot
from nnviz3d.engine.sample_pass import Shown
from nnviz3d.sources.own import OwnTraining, verdict


class KeptMoment:
    """`source` is the run that the moment is of: the same topology. Tensors follow the source's shown sample."""

    at_boundary = True

    def __init__(self, source: OwnTraining, snapshot: Snapshot, objective: Objective):
        self.source, self.snapshot, self.objective = source, snapshot, objective
        kept = snapshot.state["arenas"]
        self._whole = {"parameter": source.ops.asarray(kept["parameters"].copy()), "gradient": source.ops.asarray(kept["gradients"].copy())}
        self._whole["change"] = source.ops.asarray(kept["parameters"] - kept["before"])
        self._whole["before"], self._whole["after"] = source.ops.asarray(kept["before"].copy()), self._whole["parameter"]
        self.holds = snapshot.state["holds"]  # what was frozen and killed then
        self._shown = Shown(source.ops, source.topology, objective, self._whole["parameter"], self.holds.killed)
        self._sample = None
        self.scene = source.scene.model_copy(update={"train": snapshot.train})  # its settings then
        self.edited, self.last_batch = snapshot.state["edited"], snapshot.state["rows"]

    ops = property(lambda self: self.source.ops)
    topology = property(lambda self: self.source.topology)
    data = property(lambda self: self.source.data)
    sample = property(lambda self: self.source.sample)
    step = property(lambda self: self.snapshot.step)
    batch_size = property(lambda self: self.source.batch_size)
    told = property(lambda self: self)  # what the readings are of
    loss = property(lambda self: self.snapshot.loss)
    version = property(lambda self: (id(self), id(self.sample)))

    def tensors(self, kind: str):
        """ "parameter", "gradient", "change" (P,) as they were kept; "z", "activation", "delta" (N,) of the shown sample."""
        if kind in self._whole:
            return self._whole[kind]
        if self._sample is not self.sample:
            self._sample = self.sample
            self._shown.show(self.sample.x, self.sample.target)
        return getattr(self._shown, kind)

    def answer(self) -> tuple[str, bool | None]:
        """What the network said of the shown sample at that moment."""
        output = self.topology.output
        told = self.objective.own(self.ops.to_host(self.tensors("activation")[output.neurons.slice]))
        return verdict(self.data, output.activation, told, self.sample.target)

    def target_of(self, output: int) -> float:
        return self.source.target_of(output)

    @property
    def parameters(self) -> np.ndarray:
        """(P,) on the host, read-only."""
        return self.snapshot.parameters


class Difference:
    """Second moment minus first: of every parameter, and of what every neuron does with the shown sample. Readings are the second's."""

    at_boundary = True
    constant = 0.0  # difference of the values of an edge without a parameter

    def __init__(self, first: KeptMoment, second: KeptMoment):
        self.first, self.second = first, second

    ops = property(lambda self: self.second.ops)
    topology = property(lambda self: self.second.topology)
    data = property(lambda self: self.second.data)
    sample = property(lambda self: self.second.sample)
    told = property(lambda self: self.second)
    holds = property(lambda self: self.second.holds)
    version = property(lambda self: (self.first.version, self.second.version))

    def tensors(self, kind: str):
        return self.second.tensors(kind) - self.first.tensors(kind)

    def answer(self) -> tuple[str, bool | None]:
        return self.second.answer()

    def target_of(self, output: int) -> float:
        return self.second.target_of(output)
