"""Looks at loss and accuracy while a run goes on: how often, on how many rows, and the newest scores. No clock: time is passed in.

A look is of one step: the parameters are copied when it begins, and its rows are passed forward in pieces, a few in each frame. While the
network learns, a look is of as many rows as are affordable, drawn evenly; once training rests, of all, and then of that very step.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

from nnviz3d.sources.protocols import Source, SourceData
from nnviz3d.sources.viewable import Array, next_serial
from nnviz3d.spec.row_work import row_work
from nnviz3d.spec.score import Score, Scores

EVERY = 0.5  # seconds between the beginnings of two looks
WORK = 1.5e9  # multiply-adds of a look at one part while the network learns: 50 ms on two cores, over at least ten frames
FEWEST, MOST = 500, 20_000  # rows of such a look
QUICK = 1.5e8, 32, 2000  # the same of a look that a frame waits for
COPIED = 1 << 19  # parameters that are copied in one go: half a millisecond
BLOCKS, FRAME = 16, 1e8  # pieces of a look, and multiply-adds, in one frame in which the network learns
KEPT = 64  # looks whose loss on the training set is remembered


class Scoring:
    """`scores` are the newest, and `version` is theirs alone; `history` (step, loss on the training set) of the last looks."""

    def __init__(self):
        self._copy: Array = None
        self._serial = 0  # of the network that the copy is of
        self.forget()

    def forget(self) -> None:
        """Another network or other data: nothing is known, and the next look is due."""
        self.scores, self.history, self.version = Scores(), deque(maxlen=KEPT), next_serial()
        self._moment = self._pieces = None
        self._copied = self._end = 0
        self.ask()

    @property
    def step(self) -> int:
        """Of the newest scores; -1 before the first."""
        return self.scores.step

    def ask(self) -> None:
        """The next look is due at once."""
        self._since = EVERY

    def pass_time(self, dt: float) -> None:
        self._since += dt

    @property
    def due(self) -> bool:
        return self._since >= EVERY

    @property
    def pending(self) -> bool:
        """A look is not finished."""
        return self._pieces is not None

    def settled(self, source: Source) -> bool:
        """The newest scores are of this very moment, and of all rows."""
        return self._moment == _moment(source) and self.scores.whole

    def look(self, source: Source, limit: int | None = None) -> Scores:
        """At both parts at once, at all rows or at `limit` of each."""
        self._pieces, data = None, source.evaluator
        if data is None:
            return self.scores
        train = data.score("train", limit)
        return self.note(Scores(train, data.score("test", limit) if len(source.data.x_test) else None, source.step), _moment(source))

    def note(self, scores: Scores, moment: tuple | None = None) -> Scores:
        """These are the newest."""
        self.scores, self._moment, self._since, self.version = scores, moment, 0.0, next_serial()
        if scores.train is not None and scores.train.loss is not None:
            while self.history and self.history[-1][0] >= scores.step:
                self.history.pop()
            self.history.append((scores.step, scores.train.loss))
        return scores

    def advance(self, source: Source, learning: bool, more: Callable[[], bool]) -> bool:
        """One frame's share of a look, where one goes on or is due; between two steps only. Returns whether one was finished."""
        if source.evaluator is None:
            return False
        if self._pieces is not None and (self._began != _identity(source) or (self._copying and self._of != source.step)):
            self._pieces = None  # edited, rewound or rebuilt since: what the look has found is of no moment that anybody is shown
            self.ask()
        pieces = self._pieces
        if pieces is None:
            if not self.due or not source.at_boundary or (_moment(source) == self._moment if learning else self.settled(source)):
                return False
            pieces = self._begin(source, source.evaluator, affordable(source) if learning else None)
        if not self.copy(source, more):
            return False
        blocks = work = 0
        for found in pieces:
            blocks, work = blocks + 1, work + found
            if (blocks >= BLOCKS or work >= FRAME) if learning else not more():
                return False
        self._pieces = None
        return True

    @property
    def _copying(self) -> bool:
        return self._pieces is not None and self._copied < self._end

    def copy(self, source: Source, more: Callable[[], bool]) -> bool:
        """Go on copying the parameters that a look is of, while `more()`: they must stay until then. Whether all are copied."""
        if not self._copying or self._of != source.step or self._began != _identity(source):
            return True
        parameters = source.tensors("parameter")
        while self._copying:
            here = slice(self._copied, self._copied + COPIED)
            source.ops.xp.copyto(self._copy[here], parameters[here])
            self._copied += COPIED
            if not more():
                break
        return not self._copying

    def _begin(self, source: Source, data: SourceData, limit: int | None) -> Iterator[float]:
        ops = source.ops
        if self._serial != source.serial:
            self._serial, self._copy = source.serial, ops.zeros(source.topology.n_parameters)
        self._copied, self._end, self._of = 0, source.topology.n_parameters, source.step
        self._began, self._since = _identity(source), 0.0
        self._pieces = pieces = self._looking(source, data, limit, source.step, _moment(source))
        return pieces

    def _looking(self, source: Source, data: SourceData, limit: int | None, step: int, moment: tuple) -> Iterator[float]:
        """The multiply-adds of each piece."""
        found: dict[str, Score] = {}
        for part in ("train", "test") if len(source.data.x_test) else ("train",):
            before = 0
            for score in data.scoring(part, limit, self._copy):
                found[part] = score
                yield (score.rows - before) * row_work(source.topology)
                before = score.rows
        self.note(Scores(**found, step=step), moment)


def affordable(source: Source) -> int:
    """Rows of one part that a look may be of while the network learns."""
    return _rows(source, WORK, FEWEST, MOST)


def quick(source: Source) -> int:
    """Rows of one part that a frame may wait for."""
    return _rows(source, *QUICK)


def _rows(source: Source, work: float, fewest: int, most: int) -> int:
    return int(min(max(work / row_work(source.topology), fewest), most))


def _identity(source: Source) -> tuple:
    """Of what is looked at: it goes on learning, but is no other."""
    return source.serial, source.written, source.objective


def _moment(source: Source) -> tuple:
    return source.step, *_identity(source)
