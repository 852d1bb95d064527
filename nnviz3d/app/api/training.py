"""Training without a picture, from a scene or a checkpoint to a checkpoint, a log, a recording and a summary.

`nv.train` and `nnviz3d train` both run `TrainingRun`, with the same number of steps and the same stop conditions.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnviz3d import backend as backends
from nnviz3d.app.api import training_files
from nnviz3d.app.api.scene import open_scene
from nnviz3d.app.api.training_files import CheckpointFile
from nnviz3d.app.api.training_run import Say, TrainingRun, default_steps
from nnviz3d.app.api.training_summary import summary
from nnviz3d.app.training import blas_threads
from nnviz3d.app.training.interrupts import stopping
from nnviz3d.app.training.metric_log import Curves
from nnviz3d.app.training.stop_conditions import check
from nnviz3d.engine import data
from nnviz3d.engine.trainer import Trainer
from nnviz3d.sources.protocols import Source
from nnviz3d.spec import compare
from nnviz3d.spec.scene import Scene


@dataclass(frozen=True)
class TrainRequest:
    """What is asked of a training run; None: not. `resume`: a checkpoint to go on from, `steps` more; `checkpoint`: write `save` every so
    many steps too; `record`: a recording of every `every`-th step, in 16 bits where `half`."""

    steps: int | None = None
    init: Path | None = None
    resume: Path | None = None
    save: Path | None = None
    checkpoint: int | None = None
    log: Path | None = None
    record: Path | None = None
    every: int | None = None
    half: bool = False
    overwrite: bool = False


@blas_threads.one()
def train(scene: Scene | str | Path, steps: int | None = None, backend: str = "auto") -> Source:
    """Train without a picture and return the finished source: `.loss`, `.evaluate("test")`, `.parameters()`. Raises InputError.

    `steps`: at most so many; else the scene's `train.steps`; else 1000, or as many as its stop conditions need. These may end it earlier.
    """
    from nnviz3d.app.session.opening import new_session

    opened = open_scene(scene, train=True)
    source = new_session(opened.scene, opened.base, backend).source
    learner = source.learner
    assert learner is not None  # a scene trains, and a recording is opened as its scene here
    TrainingRun(learner, default_steps(learner, opened.scene.train) if steps is None else steps).go()
    return source


class Training:
    """A scene's network, and the one that it is compared with, ready to be trained: `go`, then `facts`.

    `typed`: settings that may be others than in the checkpoint. Raises InputError before anything is written.
    """

    def __init__(
        self, scene: Scene, base: Path, request: TrainRequest, *, backend: str = "auto", typed: Iterable[str] = (),
        say: Say = lambda text: None,
    ):  # fmt: skip
        self.scene, self.request, self.say = scene, request, say
        self.ops = backends.choose(backend, tf32=scene.train.tf32)
        self.trainer = trainer = Trainer(scene, data.load(scene.data, base), self.ops)
        check(scene.train, trainer.data)
        self._load(trainer, say)
        say(f"{trainer.data.name}: {trainer.data.description}; {trainer.topology.n_learned:,} parameters; {self.ops.name}: {self.ops.why}")
        self.second = self._compared(base)
        self._curves = [Curves(trainer.data.task == "classification") for _ in (0, 1)]
        if request.resume is not None:
            self._continue(request.resume, typed)
        steps = default_steps(trainer, scene.train) if request.steps is None else request.steps
        self.run = TrainingRun(trainer, steps, say=say)
        self.run.log, self.run.append = request.log, request.resume is not None
        self.run.name = "A" if self.second is not None else ""
        self.saved: Path | None = None  # the checkpoint, once it is written
        self._open_files(base)

    def _load(self, trainer: Trainer, say: Say = lambda text: None) -> None:
        """The weights that the network begins with."""
        if self.request.init is not None:
            from nnviz3d.formats import weights

            trainer.load_parameters(weights.load(self.request.init, trainer.topology, trainer.objective.units, say))

    def _compared(self, base: Path) -> Trainer | None:
        """The network to compare with. Raises InputError as for the first one."""
        scene = compare.second_scene(self.scene)
        if scene is None:
            return None
        held = self.trainer.data if scene.data == self.scene.data else data.load(scene.data, base)
        other = Trainer(scene, held, self.ops)
        self._load(other)
        return other

    def _continue(self, path: Path, typed: Iterable[str]) -> None:
        """Go on from a checkpoint, and in the log that is there."""
        self._curves = training_files.enter(path, self.scene, self.trainer, self.second, typed)
        steps = {"": self.trainer.step} if self.second is None else {"A": self.trainer.step, "B": self.second.step}
        training_files.go_on_in(self.request.log, steps)
        self.say(f"continues from step {self.trainer.step:,} of {path}")

    def _open_files(self, base: Path) -> None:
        request, run = self.request, self.run
        if request.save is not None:
            second = (self.second, self._curves[1]) if self.second is not None else None
            run.file = CheckpointFile(request.save, self.scene, request.checkpoint, (self.trainer, self._curves[0]), second)
            run.curves = self._curves[0]
        if request.record is not None:
            from nnviz3d.sources.training_recorder import TrainingRecorder

            run.recorder = TrainingRecorder(self.trainer, self.scene, base, request.record, request.every or 1, request.half, run.steps)

    def go(self) -> None:
        """Train. Ctrl+C, SIGTERM and SIGHUP end it after the present step; what was finished is kept."""
        run = self.run
        with stopping(run.stop):
            run.go()
            if self.second is not None:
                self._train_second(self.second)
            trouble = run.file.write() if run.file is not None else ""  # first of all: what follows may be cut short
        self.saved = self.request.save if not trouble else None  # the disk may have filled up since it was checked
        run.trouble = run.trouble or trouble

    def _train_second(self, trainer: Trainer) -> None:
        """On as many samples as the first network has seen. A network's steps depend on nothing but itself, so that one after the other
        gives what in lockstep they would."""
        run, first = self.run, self.trainer
        whole = first.step if run.stops.key else run.first + run.steps
        wanted = whole if first.diverged is not None or _rows(trainer) == _rows(first) else _steps_for(trainer, first)
        second = TrainingRun(trainer, max(wanted - trainer.step, 0), alone=False, say=self.say)
        second.log, second.append, second.name = run.log, True, "B"
        second.file, second.curves = run.file, self._curves[1]
        run.second = second
        if not run.stopped:
            second.go()
        run.stopped |= second.stopped
        run.trouble = "; ".join(f"{one.name} {one.trouble}" for one in (run, second) if one.trouble)

    def facts(self) -> dict[str, Any]:
        """How it ended (`training_summary`), with the files that were written, and the same of the network that it is compared with."""
        run, request = self.run, self.request
        found = summary(run, self.trainer) | {"backend": self.ops.name, "log": request.log, "saved": self.saved}
        found["blas_threads"] = blas_threads.count() if self.ops.name == "cpu" else None
        found["recording"] = None if run.recorder is None else run.recorder.facts()
        scene = compare.second_scene(self.scene)
        if scene is not None and self.second is not None and run.second is not None:
            found["differences"] = [{"path": d.path, "a": d.a, "b": d.b} for d in compare.differences(self.scene, scene)]
            found["rival"] = summary(run.second, self.second)
        return found


def _rows(trainer: Trainer) -> int:
    """Of a whole batch."""
    n = len(trainer.data.x_train)
    return trainer.train.rows(n)


def _steps_for(trainer: Trainer, first: Trainer) -> int:
    """Steps that need at most the samples that the first network has seen."""
    n = len(trainer.data.x_train)
    seen = round(first.epoch * n)
    return seen // n * -(-n // _rows(trainer)) + seen % n // _rows(trainer)
