"""When training stops by itself: the stop conditions of `[train]`, each met at a step that does not depend on frames or machines.

Steps and epochs end at their very step. Loss and accuracy are looked at every few steps (always the same ones), in eval mode, on at most
LIMIT rows, drawn evenly; what would end the run is looked at again on all rows first. In pieces, so that a frame never waits. No clock, no
picture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import floor, nan
from typing import Protocol

from nnviz3d.engine.data import DataSet
from nnviz3d.engine.objective import Objective
from nnviz3d.engine.step_runner import always
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.scene import PACE, Train
from nnviz3d.spec.score import Score, percent

LIMIT = 2000  # rows of a part that a look reads at first
SHARE = 0.5  # of the work of training that looks may add
NICE = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


class Run(Protocol):
    """What is stopped: a trainer, or a source that learns."""

    @property
    def step(self) -> int: ...
    @property
    def epoch(self) -> float: ...
    @property
    def of_epoch(self) -> tuple[int, int]: ...
    @property
    def diverged(self) -> int | None: ...
    @property
    def written(self) -> int: ...
    @property
    def data(self) -> DataSet: ...
    @property
    def objective(self) -> Objective: ...
    def scoring(self, part: str, limit: int | None = None) -> Iterator[Score]: ...


class Runner(Protocol):
    """What takes the steps: the run itself, or two networks in lockstep."""

    def run(self, steps: int) -> int: ...


def check(train: Train, data: DataSet) -> None:
    """Raises InputError where a condition could never be met with this data."""
    if train.stop_accuracy and data.task != "classification":
        raise InputError.of("", "train.stop_accuracy", "accuracy needs classes, and the targets of this data set are numbers; use 0")


class Stops:
    """Of one run. `key` and `reason` ("train.steps", words) are of the last stop; empty where there was none.

    A condition stops training once: going on from there is possible, and it counts again when it was found not to hold, or when the run
    has gone back to before the stop.
    """

    def __init__(self):
        self.forget()

    def forget(self) -> None:
        """Another run begins."""
        self.key = self.reason = ""
        self._asked: tuple | None = None  # the moment and the conditions that were judged last
        self._look: Iterator | None = None
        self._found: dict[str, float] = {}
        self._passed: dict[str, int] = {}  # conditions that have stopped training, and where

    @property
    def pending(self) -> bool:
        """A look is not finished: training waits for it."""
        return self._look is not None

    def every(self, trainer: Run, train: Train) -> int:
        """Steps between two looks at loss and accuracy."""
        rows = sum(min(len(getattr(trainer.data, f"x_{part}")), LIMIT) for part, _ in _measured(trainer, train))
        batch = train.rows(len(trainer.data.x_train))
        least = rows / (3 * SHARE * batch)  # a look passes its rows forward; a step costs three times as much for each of its own
        return next((n for n in NICE if n >= least), NICE[-1])

    def left(self, trainer: Run, train: Train) -> int | None:
        """Steps to the next place where training stops or is looked at; None: there is none."""
        places = [train.steps - trainer.step, _to_epoch(trainer, train.stop_epoch)]
        if _measured(trainer, train):
            every = self.every(trainer, train)
            places.append(every - trainer.step % every)
        return min((n for n in places if n > 0), default=None)

    def met(self, trainer: Run, train: Train, more: Callable[[], bool] = always) -> bool:
        """Whether training stops at this moment, between two steps. False while `pending`; asked again it goes on with the look.

        True once a moment: who trains on from there is not stopped by it again.
        """
        asked = (trainer.step, trainer.written, tuple(getattr(train, name) for name in PACE))
        if asked != self._asked:
            if self._asked is None or asked[2] != self._asked[2]:
                self._passed.clear()
            self._passed = {key: step for key, step in self._passed.items() if step <= trainer.step}
            self._asked, self._look, self._found = asked, self._looking(trainer, train), {}
        if self._look is None:
            return False
        for _ in self._look:
            if not more():
                return False
        self._look = None
        return self._judge(trainer, train)

    def why(self, trainer: Run) -> str:
        """The reason, as long as the run stands where it stopped."""
        here = self._asked is not None and self._asked[:2] == (trainer.step, trainer.written)
        return self.reason if here else ""

    def _looking(self, trainer: Run, train: Train) -> Iterator[None]:
        if not _measured(trainer, train) or trainer.step % self.every(trainer, train):
            return
        for part, keys in _measured(trainer, train):
            for limit in (LIMIT, None):
                score = Score(nan, None)
                for score in trainer.scoring(part, limit):  # noqa: B007  the last one is of all that were asked for
                    yield
                measured = {key: score.accuracy if key == "stop_accuracy" else score.loss for key in keys}
                found = {key: nan if value is None else value for key, value in measured.items()}
                if score.whole or not any(_enough(train, key, value) for key, value in found.items()):
                    break
            self._found |= found

    def _judge(self, trainer: Run, train: Train) -> bool:
        self.key = self.reason = ""
        if train.steps and trainer.step == train.steps:
            self.key, self.reason = "train.steps", f"step {train.steps:,} is reached"
        elif train.stop_epoch and trainer.epoch == train.stop_epoch:
            self.key, self.reason = "train.stop_epoch", f"epoch {train.stop_epoch:,} is done"
        part = {"test": "test", "train": "training"}[trainer.data.held_out[0]]
        for key, value in self._found.items():
            wanted = getattr(train, key)
            if not _enough(train, key, value):
                self._passed.pop(key, None)
            elif key not in self._passed:
                self._passed[key] = trainer.step
                unit = _unit(trainer, value)
                words = {
                    "stop_accuracy": lambda v, w: f"{percent(v, 2)} of the {part} samples are correct, at least {100 * w:.4g} %",
                    "stop_test_loss": lambda v, w, u=unit: f"the {part} loss{u[0]} is {v:.4g}{u[1]}, below {w:.4g}",
                    "stop_train_loss": lambda v, w, u=unit: f"the training loss{u[0]} is {v:.4g}{u[1]}, below {w:.4g}",
                }[key]
                self.key, self.reason = self.key or f"train.{key}", self.reason or words(value, wanted)
        return bool(self.key)


def run(runner: Runner, trainer: Run, train: Train, steps: int, stops: Stops) -> int:
    """Up to `steps` whole steps by `runner.run`, ended by the conditions, which look at `trainer`. Returns steps finished."""
    done = 0
    while done < steps and trainer.diverged is None:
        done += runner.run(min(steps - done, stops.left(trainer, train) or steps))
        if stops.met(trainer, train):
            break
    return done


def _unit(trainer: Run, loss: float) -> tuple[str, str]:
    """What a loss is of, and what it is in the target's own unit, where it has one."""
    objective = trainer.objective
    error = objective.error
    return " of standardised targets" * objective.scaled, f" (RMSE {error.text(loss)})" if error is not None else ""


def _measured(trainer: Run, train: Train) -> list[tuple[str, list[str]]]:
    """Parts of the data to pass forward, with the conditions that each decides. Without a test set the training set stands for it."""
    test = [key for key in ("stop_accuracy", "stop_test_loss") if getattr(train, key)]
    if not trainer.objective.classes and "stop_accuracy" in test:
        test.remove("stop_accuracy")
    parts = {trainer.data.held_out[0]: test}
    if train.stop_train_loss:
        parts.setdefault("train", []).append("stop_train_loss")
    return [(part, keys) for part, keys in parts.items() if keys]


def _enough(train: Train, key: str, value: float) -> bool:
    """Whether this number meets its condition; nan never does."""
    wanted = getattr(train, key)
    return value >= wanted if key == "stop_accuracy" else value < wanted


def _to_epoch(trainer: Run, epoch: int) -> int:
    """Steps to the end of that epoch (1-based); 0 where it is over."""
    done, whole = trainer.of_epoch
    ahead = epoch - floor(trainer.epoch)
    return ahead * whole - done % whole if ahead > 0 else 0
