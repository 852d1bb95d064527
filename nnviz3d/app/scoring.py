"""Looks at loss and accuracy while a run goes on: how often, on how many samples, and the newest numbers. No clock: time is passed in."""

from __future__ import annotations

from dataclasses import dataclass

from nnviz3d.app.curves import Curves

EVERY = 0.5  # seconds between two looks
WORK = 1.5e8  # multiply-adds that one look may cost: about 5 ms on two cores


@dataclass(frozen=True)
class Scores:
    """One evaluation; None before the first."""

    test_loss: float | None = None
    train_accuracy: float | None = None
    test_accuracy: float | None = None
    train_loss: float | None = None


class Scoring:
    """`scores` are the newest, of `step`; -1 before the first."""

    def __init__(self):
        self.forget()

    def forget(self) -> None:
        """Another network or other data: nothing is known, and the next look is due."""
        self.scores, self.step = Scores(), -1
        self.ask()

    def ask(self) -> None:
        """The next look is due at once."""
        self._since = EVERY

    def pass_time(self, dt: float) -> None:
        self._since += dt

    @property
    def due(self) -> bool:
        return self._since >= EVERY

    def look(self, source, curves: Curves | None, limit: int | None = None, note: bool = True) -> Scores:
        """Both parts of the data, on as many samples as the budget allows (or `limit`); `note` them in the curves."""
        limit = limit or affordable(source)
        train_loss, train_accuracy = source.evaluate("train", limit)
        test_loss, test_accuracy = source.evaluate("test", limit) if len(source.data.x_test) else (None, None)
        self.note(Scores(test_loss, train_accuracy, test_accuracy, train_loss), source.step)
        if test_loss is not None and note:
            curves.add_test(source.step, test_loss, train_accuracy, test_accuracy)
        return self.scores

    def note(self, scores: Scores, step: int) -> None:
        """These are the newest."""
        self.scores, self.step, self._since = scores, step, 0.0


def affordable(source) -> int:
    """Samples that a look at one part may cost."""
    return int(min(max(WORK / max(source.topology.n_parameters, 1), 32), 2000))
