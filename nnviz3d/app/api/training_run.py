"""A training run without a picture: how many steps, what ends it, and what it writes on the way.

What was finished is kept when training diverges, when the disk is full, and when it is stopped.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from nnviz3d.app.api.json_values import plain
from nnviz3d.app.api.training_files import CheckpointFile
from nnviz3d.app.training.metric_log import Curves
from nnviz3d.app.training.stop_conditions import Stops
from nnviz3d.spec.errors import RunError
from nnviz3d.spec.scene import PACE, Train
from nnviz3d.spec.score import Score

if TYPE_CHECKING:
    from nnviz3d.engine.trainer import Trainer
    from nnviz3d.sources.protocols import Learner
    from nnviz3d.sources.training_recorder import TrainingRecorder

STEPS = 1000  # where neither the caller nor the scene says how many
AT_MOST = 100_000  # the same where the scene says what is to be reached, but not how long that may take
POINT = 10  # steps between two points of the curve that a checkpoint keeps: always the same ones
LOG_SAMPLES = 500  # a log line's accuracy is of at most so many samples of the test set, drawn evenly
ADVICE = "The last finite state is kept. A smaller train.learning_rate, or train.clip_norm = 1, usually helps"

Say = Callable[[str], None]


def default_steps(trainer: Learner | Trainer, train: Train) -> int:
    """How many steps where the caller does not say: the scene's, as many as its stop conditions may need, or STEPS."""
    if train.steps and trainer.step:
        return max(train.steps - trainer.step, 0)
    if train.steps or not (train.stop_epoch or train.stop_train_loss or train.stop_test_loss or train.stop_accuracy):
        return train.steps or STEPS
    return max(train.stop_epoch * trainer.of_epoch[1], 0) or AT_MOST


class TrainingRun:
    """The loop: up to `steps` more steps, ended by the conditions of `trainer.train`, by `stop`, or when training diverges.

    In pieces short enough to answer Ctrl+C; one step at a time where a log or a recording is kept.
    """

    def __init__(self, trainer: Learner | Trainer, steps: int, *, alone: bool = True, say: Say = lambda text: None):
        """Not `alone`: the second of two that are compared, which no condition ends."""
        self.trainer, self.steps, self.say = trainer, steps, say
        self.advance: Callable[[int], int] = trainer.run  # so many steps; a source that keeps a history has its own
        self.name = ""  # of one of two networks that are compared
        self.first = trainer.step
        never = ("steps",) if alone else PACE  # how many steps is for the caller to say
        self.stops, self.wanted = Stops(), trainer.train.model_copy(update=dict.fromkeys(never, 0))
        self.stopped = False
        self.trouble = ""
        self.seconds = 0.0
        self.log: Path | None = None
        self.append = False  # the log goes on in the file that is there
        self.recorder: TrainingRecorder | None = None
        self.file: CheckpointFile | None = None
        self.curves: Curves | None = None  # for the checkpoint
        self.second: TrainingRun | None = None  # goes on when this one has ended

    def go(self) -> None:
        began = time.perf_counter()
        try:
            if self.log is not None:
                with self.log.open("a" if self.append else "w", encoding="utf-8") as file:
                    self._stepwise(file)
            elif self.recorder is not None:
                self._stepwise()
            else:
                self._pieces()
            if self.recorder is not None:
                self.recorder.close(self.ended_by)
        except OSError as error:
            self.trouble = f"{self.log}: cannot be written: {error.strerror}"
        except RunError as error:  # the disk does not take the recording
            self.trouble = str(error)
        finally:
            self.seconds = time.perf_counter() - began
        if self.trainer.diverged is not None:
            self.trouble = f"diverged at step {self.trainer.diverged:,}: the loss or a parameter is no longer finite. {ADVICE}"

    @property
    def left(self) -> int:
        going = not self.stopped and not self.stops.key and self.trainer.diverged is None
        return max(0, self.first + self.steps - self.trainer.step) if going else 0

    def _take(self, steps: int) -> int:
        """So many steps, or as many as there are to where training may stop."""
        steps = min(steps, self.left, self.stops.left(self.trainer, self.wanted) or steps)
        if self.file is not None:
            steps = min(steps, POINT - self.trainer.step % POINT, self.file.left(self.trainer.step))
        done = self.advance(steps)
        if self.file is not None and done:
            if self.curves is not None and self.trainer.step % POINT == 0:
                self.curves.add_train(self.trainer.step, self.trainer.loss)
            if self.trainer.diverged is None and (problem := self.file.due(self.trainer.step)):
                self.say(problem)
        if self.trainer.diverged is None:
            self.stops.met(self.trainer, self.wanted)
        return done

    @property
    def ended_by(self) -> str:
        """ "interrupted", "diverged", the condition's key ("train.stop_epoch", ...), or "steps"."""
        return "interrupted" if self.stopped else "diverged" if self.trainer.diverged is not None else self.stops.key or "steps"

    def _pieces(self) -> None:
        piece, shown = 1, time.perf_counter()
        while self.left:
            began = time.perf_counter()
            self._take(piece)
            now = time.perf_counter()
            if now - began < 0.05:
                piece *= 2
            shown = self._report(shown)

    def _report(self, shown: float) -> float:
        """Once a second, where somebody sees it."""
        now = time.perf_counter()
        if now - shown < 1 or not sys.stderr.isatty():
            return shown
        self.say(f"step {self.trainer.step:,} of {self.first + self.steps:,}: loss {self.trainer.loss:.4f}")
        return now

    def _stepwise(self, file: TextIO | None = None) -> None:
        """One step at a time: what is logged or recorded is of every one."""
        part, shown = self.trainer.data.held_out[0], time.perf_counter()
        while self.left:
            if not self._take(1):
                continue
            if self.recorder is not None:
                self.recorder.note()
            if file is not None:
                *_, score = self.trainer.scoring(part, LOG_SAMPLES)
                line = {"step": self.trainer.step, "loss": self.trainer.loss, **_accuracy(score)}
                error = self.trainer.objective.error
                line |= {"rmse": error.rmse(self.trainer.loss)} if error is not None else {}
                line |= {"network": self.name} if self.name else {}
                file.write(json.dumps(plain(line)) + "\n")
            shown = self._report(shown)

    def stop(self) -> None:
        self.stopped = True
        if self.second is not None:
            self.second.stopped = True


def _accuracy(score: Score) -> dict[str, Any]:
    """Of a log line: the accuracy; where classes are not equally frequent the balanced one too, and what it is of where that is not all."""
    found: dict[str, Any] = {"accuracy": score.accuracy}
    if score.classes is not None and len(set(score.classes.count_c.tolist())) > 1:
        found["balanced_accuracy"] = score.balanced
    return found if score.whole else found | {"rows": score.rows, "of": score.of}
