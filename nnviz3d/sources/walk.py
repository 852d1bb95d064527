"""Walking through recorded steps: a `Walk` looks like a source to the picture, and is at a place of one step.

The step is applied exactly once: when it is recorded. Looking never touches the trainer.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import replace

import numpy as np

from nnviz3d.backend import Ops
from nnviz3d.engine.data import DataSet
from nnviz3d.engine.objective import Objective
from nnviz3d.engine.tape import Tape
from nnviz3d.sources.answer_text import verdict, words
from nnviz3d.sources.protocols import Source
from nnviz3d.sources.step_view import StepView
from nnviz3d.sources.viewable import Array, Sample, next_serial
from nnviz3d.spec.neuron_locks import Holds
from nnviz3d.spec.phases import Place
from nnviz3d.spec.scene import Scene
from nnviz3d.spec.topology import Topology

BATCH = {"running_mean": "mean", "running_var": "variance"}  # what a step uses instead of the numbers that are kept


class Walk:
    """Looks like a source to the picture. Made from a source that learns; takes one real step at once, and one at each `next`. Of a loop
    that is watched the step is worked out here (`Playback.record`).

    `tape`, `view`, and `version`, which changes whenever something else is to be seen. Raises RunError where training has diverged.
    """

    at_boundary = True
    written = 0
    constant = 1.0
    edited: Mapping[int, tuple[float, float]] = {}

    def __init__(self, source: Source, shown: int = 0):
        self.source, self.shown = source, shown
        self._take(batch=False)

    @property
    def ops(self) -> Ops:
        return self.tape.ops

    @property
    def topology(self) -> Topology:
        return self.tape.topology

    @property
    def data(self) -> DataSet:
        return self.tape.data

    @property
    def objective(self) -> Objective:
        return self.tape.objective

    @property
    def scene(self) -> Scene:
        return self.source.scene

    @property
    def holds(self) -> Holds:
        return self.tape.holds

    @property
    def step(self) -> int:
        return self.tape.step

    @property
    def epoch(self) -> float:
        return self.source.epoch

    @property
    def loss(self) -> float:
        return self.tape.loss

    @property
    def diverged(self) -> int | None:
        return self.tape.step if self.tape.diverged else None

    @property
    def batch_size(self) -> int:
        return len(self.tape.rows)

    @property
    def last_batch(self) -> int:
        return len(self.tape.rows)

    @property
    def phase(self) -> str:
        return self.view.place.title(self.topology)

    @property
    def place(self) -> Place:
        return self.view.place

    @property
    def front(self) -> float:
        return self.view.front

    @property
    def kind(self) -> str:
        return self.view.kind

    @property
    def version(self) -> Hashable:
        return self.serial, self.place, self.view.batch

    @property
    def stale(self) -> bool:
        """The source has another network by now: leave."""
        return self.source.topology is not self.topology

    def tensors(self, kind: str) -> Array:
        return self.view.tensors(kind)

    @property
    def plane_state(self) -> tuple[np.ndarray, None]:
        """The parameters before the step; in its last phase, those after it."""
        return self.tape.after if self.view.renewed else self.tape.before, None

    def settled(self, kind: str) -> Array:
        """The same when the wave has passed: what scales and choices are made from, so that they do not pulse with it."""
        tape = self.tape
        if kind == "parameter" and self.topology.coupled:
            return tape.ops.asarray(self._of_the_batch(self.view.renewed))
        found = tape.new if self.view.renewed else tape.old
        whole = {"activation": found.a, "delta": tape.old.delta, "parameter": tape.after if self.view.renewed else tape.before}
        if kind == "gradient":
            return tape.ops.asarray(tape.gradient if self.view.batch else tape.sample_gradient)
        return tape.ops.asarray(whole[kind]) if kind in whole else self.tensors(kind)

    def _of_the_batch(self, after: bool) -> np.ndarray:
        """(P,) parameters, where a layer normalises by its batch with the batch's own mean and variance in the place of the running ones:
        what its edges multiply by in this step."""
        tape = self.tape
        parameter_p = np.array(tape.after if after else tape.before)
        for name, batch_statistics in (tape.new if after else tape.old).statistics.items():
            for part, r in self.topology.by_name[name].parameters:
                if (batch := BATCH.get(part)) is not None:
                    parameter_p[r.slice] = batch_statistics[batch]
        return parameter_p

    def go(self, place: Place | float) -> None:
        """To a place of this step, or to a number along it (0 to the number of phases; outside it to the nearest end)."""
        self.view = replace(self.view, place=place if isinstance(place, Place) else Place.at(place, self.topology))

    def show_gradient(self, batch: bool) -> None:
        """The batch's mean gradient, or the shown sample's."""
        self.view = replace(self.view, batch=batch)

    def show_sample(self, shown: int) -> None:
        """Another row of the same batch (wraps around), at the same place."""
        self.shown = shown
        self._hold(self.tape.of(shown), self.place, self.view.batch)

    def next(self) -> None:
        """The next step, from its start."""
        self._take(self.view.batch)

    def _take(self, batch: bool) -> None:
        stepping = self.source.learner or self.source.playback
        assert stepping is not None  # only such a source is walked through
        self._hold(stepping.record(self.shown), Place(0, 0.0), batch)

    def _hold(self, tape: Tape, place: Place, batch: bool) -> None:
        """`serial` is that of the tape."""
        self.tape, self.serial = tape, next_serial()
        self.view = StepView(tape, place, batch)
        self.sample = Sample(tape.row, len(tape.data.x_train), "train", tape.x, tape.target, words(tape.data, tape.target))

    # the source's own

    def targets(self) -> np.ndarray:
        return np.asarray(self.tape.target_o, np.float64)

    def answer(self) -> tuple[str, bool | None]:
        """What the network says of the shown sample: nothing before its output is there, in `after` by the new parameters."""
        return self.said(self.view.renewed) if self.view.answered else ("", None)

    def said(self, after: bool) -> tuple[str, bool | None]:
        """What it says with the parameters before the step, or `after` it."""
        output = self.topology.output
        found = self.tape.new if after else self.tape.old
        return verdict(self.data, output.activation, self.tape.objective.own(found.a[output.neurons.slice]), self.sample.target)
