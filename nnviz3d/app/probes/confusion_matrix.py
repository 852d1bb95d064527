"""The confusion matrix of the test set (of the training set where there is none), counted in pieces of a frame, while a panel asks for it.

All its rows are answered by the network of one moment: its parameters are copied when the count begins (above `COPY` parameters a copy
would be felt; then the steps that the count took are reported). Reads, never writes. No OpenGL and no clock.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nnviz3d.engine.evaluation import answers
from nnviz3d.sources.protocols import Source, SourceData
from nnviz3d.spec.readout import ConfusionReading

EVERY = 0.5  # seconds between the beginnings of two counts, as between two looks at the test loss
COPY = 4_000_000  # parameters: 16 MB, 3 ms


class Confusion:
    """`reading` is asked once a frame and counts one piece."""

    def __init__(self):
        self._serial = 0  # of the network that was counted
        self._pieces: Iterator | None = None
        self._reading: ConfusionReading | None = None
        self._seconds, self._moment = EVERY, None

    def pass_time(self, dt: float) -> None:
        self._seconds += dt

    def reading(self, source: Source, wanted: bool) -> ConfusionReading | None:
        """None where it is not wanted, where there are no classes, and before the first count is complete."""
        if not wanted or source.evaluator is None or source.data.task != "classification":
            return None
        if source.serial != self._serial:
            self._bind(source)
        if source.at_boundary:
            self._count(source, source.evaluator)
        return self._reading

    def find(self, truth: int, said: int, after: int) -> int | None:
        """The place in the counted part of the next sample after this one (from the start again at the end) of that class that was taken
        for that class; None where there is none."""
        if self._reading is None:
            return None
        hit = (self._truth == truth) & (self._said == said)
        found = np.flatnonzero(hit.reshape(len(hit), -1).any(1))
        return int(found[np.searchsorted(found, after, side="right") % len(found)]) if len(found) else None

    def _bind(self, source: Source) -> None:
        self._serial, self._reading, self._pieces, self._moment, self._seconds = source.serial, None, None, None, EVERY
        self._part, self._copied = source.data.held_out[0], source.topology.n_parameters <= COPY

    def _count(self, source: Source, data: SourceData) -> None:
        moment = (source.step, source.written)
        if self._pieces is None and moment != self._moment and self._seconds >= EVERY:
            self._moment, self._seconds, self._first = moment, 0.0, source.step
            parameters = np.array(source.ops.to_host(source.tensors("parameter"))) if self._copied else None
            self._truth = getattr(source.data, f"t_{self._part}")
            self._heard = np.empty(self._truth.shape, np.intp)  # of sequences by token
            self._pieces = data.judging(self._part, np.arange(len(self._truth)), parameters)
        if self._pieces is not None:
            where, outputs_no, _loss = next(self._pieces)
            said, _, scored = answers(outputs_no, self._truth[where])
            self._heard[where] = np.where(scored, said, -1)
            if where.stop == len(self._heard):
                self._finish(source)

    def _finish(self, source: Source) -> None:
        data, last = source.data, self._first if self._copied else source.step
        self._pieces = None
        if last != self._first:
            self._moment = None  # counted while it learned: once it rests, count again
        self._said = self._heard
        self._reading = ConfusionReading(
            count_cc=tally(self._truth, self._said, len(data.class_names)),
            part=self._part,
            first=self._first,
            last=last,
            mute=int(((self._said < 0) & (self._truth >= 0)).sum()),
        )


def tally(truth: np.ndarray, said: np.ndarray, classes: int) -> np.ndarray:
    """(C, C) how often class i was taken for class j; rows of `said` below 0 are left out."""
    known = said >= 0
    pairs = truth[known].astype(np.intp) * classes + said[known]
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)
