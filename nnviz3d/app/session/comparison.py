"""The second network of a comparison: made from the same scene with a few settings changed, trained in lockstep with the first.

Both begin with the same seed and see the same samples in the same order. The second network takes a step as soon as the first network has
seen that step's samples, and the first goes on when no such step is left: with equal batches both always stand at the same step,
otherwise within one batch. Who diverges waits, and the other goes on. The first network is never touched here but by its own `advance`.
No OpenGL, no clock.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from nnviz3d.app.training.evaluator import Scoring
from nnviz3d.app.training.metric_log import Curves
from nnviz3d.engine.step_runner import always
from nnviz3d.sources.protocols import Learner, Source
from nnviz3d.spec import compare
from nnviz3d.spec.edit import Rebuild, diff
from nnviz3d.spec.errors import InputError, Problem
from nnviz3d.spec.readout import CompareReading
from nnviz3d.spec.scene import Scene

NAMES = ("A", "B")


class SecondNetwork:
    """`source`, `curves` and `scoring` of the second network; `first` is the source of the first. Raises InputError."""

    @classmethod
    def of(cls, scene: Scene, first: Source) -> SecondNetwork:
        """Beside a source that can learn, with half of its memory for going back. Raises InputError."""
        if first.learner is None:
            raise InputError.of("", "compare", first.reasons.compare)
        return cls(scene, first, first.learner, first.learner.remember // 2)

    def __init__(self, scene: Scene, first: Source, learner: Learner, remember: int = 0):
        """`scene`: the one that `first` has or is about to have. `remember`: bytes for going back in the run."""
        self.first = first
        self.scene = compare.applied(scene)
        try:
            self.source = learner.second(self.scene, remember)
        except InputError as error:
            raise InputError(*(Problem(p.where, f"compare.{p.key}" if p.key else "compare", p.message) for p in error.problems)) from None
        self.differences = compare.differences(scene, self.scene)
        self._curves = Curves(self.source.data.task == "classification")
        self.scoring = Scoring()
        self._round = 1  # steps of the first network between two looks at the time
        self._shown: tuple | None = None
        self._reported: set[str] = set()
        self.reading: CompareReading | None = None  # the last reading that `app.readout.comparison_readout` made,
        self.reading_key: tuple | None = None  # and the moment that it is of

    # following

    def follow(self, scene: Scene) -> None:
        """The first network's scene has changed by less than a new network or new data."""
        mine = compare.applied(scene)
        self.source.apply(mine, min(diff(self.scene, mine), Rebuild.TRAIN))
        self.scene, self.differences = mine, compare.differences(scene, mine)

    @property
    def curves(self) -> Curves:
        return self._curves.follow(self.source.history)

    def show_sample(self, index: int) -> None:
        self.source.show_sample(index)

    def show_own(self, x_i: np.ndarray, label: str) -> None:
        self.source.show_own(x_i, label)

    def refresh(self) -> None:
        """Bring the shown sample's tensors up to the newest step."""
        moment = (self.source.serial, self.source.step)
        if moment != self._shown and self.source.at_boundary:
            self._shown = moment
            self.source.show()

    @property
    def oldest(self) -> int:
        """The first step of the first network to which this one can go back too: it may train on to it, but not be ahead."""
        n, size, history = len(self.source.data.x_train), self.source.batch_size, self.source.history
        oldest = None if history is None else history.oldest
        epochs, more = divmod(self.source.step if oldest is None else oldest, -(-n // size))
        return _step_at(self.first, epochs * n + more * size + self.first.batch_size - 1)

    def go_on(self, state: dict, curves: Curves) -> None:
        """From a state of this very network, as a checkpoint holds it."""
        if self.source.learner is not None:
            self.source.learner.go_on(state)
        if self.source.history is not None:
            self.source.history.take_lost("curves")
        self._curves, self._shown = curves, None

    def rewind(self, scene: Scene) -> None:
        """The first network has entered another step: back to the last remembered one that is not ahead of it."""
        history, wanted = self.source.history, _step_at(self.source, _samples(self.first))
        if self.source.step > wanted and history is not None:
            reachable = [min(last, wanted) for start, last in history.stretches() if start <= wanted]
            if reachable:
                history.enter(max(reachable))
                self.source.show()
        self._shown = None
        self.scene = self.source.scene = compare.applied(scene)
        if self.source.learner is not None and self.source.train != self.scene.train:
            self.source.learner.configure(self.scene.train)

    # training

    @property
    def alive(self) -> bool:
        """Whether there is a network left that can train."""
        return self.first.diverged is None or self.source.diverged is None

    @property
    def leader(self) -> Source:
        """Whose steps are counted: the first network's, as long as it has not diverged."""
        return self.first if self.first.diverged is None else self.source

    @property
    def due(self) -> bool:
        """The second network has a step to take before the first network may go on."""
        source = self.source
        if source.diverged is not None or self.leader is source:
            return False
        return not source.at_boundary or _samples_after(source) <= _samples(self.first)

    @property
    def even(self) -> bool:
        """Both stand between two steps, at the same place in the data."""
        return self.first.at_boundary and self.source.at_boundary and not self.due

    @property
    def same_batches(self) -> bool:
        """One step is the same samples for both."""
        a, b = self.first.scene.train, self.scene.train
        return self.first.batch_size == self.source.batch_size and (a.order, a.seed) == (b.order, b.seed)

    def advance(self, more: Callable[[], bool], steps: int | None = None) -> int:
        """Train both while `more()`, the leader by at most `steps`; returns the leader's steps finished.

        Several short steps are taken in a row by each, so that taking turns costs nothing; a long one is cut, as it is without a second
        network.
        """
        leader, done, room = self.leader, 0, math.inf if steps is None else steps
        if self.due:
            self.catch_up(more)
            if self.due or not more():
                return 0
        while done < room or not leader.at_boundary:
            done += leader.advance(more, int(min(self._round, max(room - done, 0))))
            self.catch_up(more if self._round == 1 else always)
            if self.due or leader.diverged is not None or not more():
                break
        self._round = max(1, done // 4)
        self._note(done)
        return done

    def run(self, steps: int) -> int:
        """Whole steps of the leader, and all of the second network's that belong to them. Returns the leader's."""
        done = self.leader.run(steps)
        self.catch_up()
        self._note(done)
        return done

    def catch_up(self, more: Callable[[], bool] | None = None) -> None:
        """The second network's steps that are due, while `more()`."""
        while self.due:
            behind = (_samples(self.first) - _samples(self.source)) // self.source.batch_size
            self.source.advance(more or always, max(behind, 1))
            if more is not None and not more():
                break

    def _note(self, steps: int) -> None:
        if steps:
            self.curves.add_train(self.source.step, self.source.loss)

    def look(self, limit: int | None = None) -> None:
        """Loss and accuracy of the second network, as `Scoring.look`."""
        self.scoring.look(self.source, limit)
        self._scored()

    def score(self, learning: bool, more: Callable[[], bool]) -> None:
        """The same in pieces, as `Scoring.advance`."""
        if self.scoring.advance(self.source, learning, more):
            self._scored()

    def _scored(self) -> None:
        scores = self.scoring.scores
        if scores.test is not None:
            self.curves.add_test(scores.step, scores.test_loss, scores.train_accuracy, scores.test_accuracy)

    def news(self) -> str:
        """Who has diverged since this was asked last, in words; empty where nobody has."""
        found = ""
        for second, name in enumerate(NAMES):
            source, other = (self.source, self.first) if second else (self.first, self.source)
            if source.diverged is None:
                self._reported.discard(name)
            elif name not in self._reported:
                self._reported.add(name)
                found = f"{name} ({compare.title(self.differences, bool(second))}) diverged at step {source.diverged:,}: its values "
                found += "overflowed 32-bit floating point (float32). It keeps its last finite weights"
                found += f"; {NAMES[1 - second]} continues." if other.diverged is None else "."
        return found


def _samples(source: Source) -> int:
    """Samples that a network has been trained on since its batches began."""
    return round(source.epoch * len(source.data.x_train))


def _samples_after(source: Source) -> int:
    """The same after one more step; the last batch of an epoch may be short."""
    n, seen = len(source.data.x_train), _samples(source)
    return seen // n * n + min(seen % n + source.batch_size, n)


def _step_at(source: Source, samples: int) -> int:
    """The last step that needs at most so many samples."""
    n, size = len(source.data.x_train), source.batch_size
    return samples // n * -(-n // size) + samples % n // size
