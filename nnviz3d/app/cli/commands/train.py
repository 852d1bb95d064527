"""`nnviz3d train`: training without a picture, from a scene or a checkpoint to a checkpoint, a log and a summary.

Everything that can be checked is checked before the first step, and nothing is written until then. What was finished is kept when
training diverges, when the disk is full, and on Ctrl+C, SIGTERM and SIGHUP (`stopping`).
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from nnviz3d.app.cli.commands import resuming
from nnviz3d.app.cli.commands.common import Options, check_outputs, emit, plain
from nnviz3d.app.training import blas_threads
from nnviz3d.app.training.interrupts import stopping
from nnviz3d.app.training.metric_log import Curves
from nnviz3d.spec import file_extensions
from nnviz3d.spec.errors import InputError, RunError, together
from nnviz3d.spec.scene import PACE
from nnviz3d.spec.score import Score, percent
from nnviz3d.spec.units import Unit

STEPS = 1000  # where neither the command nor the scene says how many
AT_MOST = 100_000  # the same where the scene says what is to be reached, but not how long that may take
POINT = 10  # steps between two points of the curve that a checkpoint keeps: always the same ones
LOG_SAMPLES = 500  # a log line's accuracy is of at most so many samples of the test part, drawn evenly


@dataclass(frozen=True)
class Keep:
    """What is recorded: every so many steps into this folder, in 16 or in 32 bits; `overwrite` what is there."""

    folder: Path | None = None
    every: int | None = None
    half: bool = False
    overwrite: bool = False

    def check(self) -> None:
        """Raises InputError, and nothing is written."""
        if self.folder is not None:
            from nnviz3d.formats.nnrec_writer import check

            check(self.folder, self.overwrite)
        elif self.every is not None or self.half or self.overwrite:
            given = (("--every", self.every is not None), ("--half", self.half), ("--overwrite", self.overwrite))
            used = " ".join(option for option, on in given if on)
            raise InputError.of("", used, "says how a recording is made; name it with --record F.nnrec")


def train(
    options: Options,
    name: str,
    *,
    steps: int | None,
    init: Path | None,
    save: Path | None,
    log: Path | None,
    as_json: bool,
    keep: Keep = Keep(),
    resume: Path | None = None,
    checkpoint: int | None = None,
) -> int:
    """Returns the exit code: 0, 3 when training diverged or a file could not be finished, 130 when it was stopped. Raises InputError.

    `resume`: go on from this checkpoint, `steps` more. `checkpoint`: write `save` every so many steps, too.
    """
    (scene, base), *_ = together(
        lambda: options.scene(name), lambda: check_outputs(save=save, log=log), keep.check,
        lambda: file_extensions.check(save, file_extensions.WEIGHTS, "--save"),
        lambda: file_extensions.check(log, file_extensions.LOG, "--log"),
        lambda: resuming.check(init, resume, save, checkpoint),
    )  # fmt: skip
    from nnviz3d import backend
    from nnviz3d.app.training.stop_conditions import check
    from nnviz3d.engine import data
    from nnviz3d.engine.trainer import Trainer

    ops = backend.choose(options.backend, tf32=scene.train.tf32)
    trainer = Trainer(scene, data.load(scene.data, base), ops)
    check(scene.train, trainer.data)
    if init is not None:
        from nnviz3d.formats import weights

        trainer.load_parameters(weights.load(init, trainer.topology, trainer.objective.units, options.say))
    options.say(f"{trainer.data.name}: {trainer.data.told}; {trainer.topology.n_parameters:,} parameters; {ops.name}: {ops.why}")
    other = _rival(scene, base, trainer, init)
    curves = [Curves(trainer.data.task == "classification") for _ in (0, 1)]
    if resume is not None:
        curves = resuming.enter(resume, scene, trainer, other and other[-1], {edit.path for edit in options.edits()})
        resuming.go_on_in(log, {"": trainer.step} if other is None else {"A": trainer.step, "B": other[-1].step})
        options.say(f"goes on from step {trainer.step:,} of {resume}")
    run = _Run(trainer, steps if steps is not None else _steps(trainer, scene.train), log, options, more=resume is not None)
    run.name = "A" if other else ""
    if save is not None:
        file = resuming.File(save, scene, checkpoint, (trainer, curves[0]), (other[-1], curves[1]) if other else None)
        run.file, run.curves = file, curves[0]
    if keep.folder is not None:
        from nnviz3d.sources.training_recorder import Recorder

        run.recorder = Recorder(trainer, scene, base, keep.folder, keep.every or 1, keep.half, run.steps)
    with stopping(run.stop):
        run.go()
        second = None if other is None else _against(run, other[-1], curves[1])
        trouble = run.file.write() if run.file is not None else ""  # first of all: what follows may be cut short
    saved = save if not trouble else None  # the disk may have filled up since it was checked; the training must still be told
    run.trouble = run.trouble or trouble
    summary = run.summary() | {"scene": str(name), "backend": ops.name, "log": log, "saved": saved}
    summary["blas_threads"] = blas_threads.count() if ops.name == "cpu" else None
    summary |= {"recording": None if keep.folder is None else run.recorder.facts()}
    if second is not None:
        summary |= {"differences": _differences(*other[:2]), "rival": second.summary()}
    if as_json:
        emit(summary | {"trouble": run.trouble or None})
    else:
        sys.stdout.write(_sentence(summary) + "\n")
    if run.trouble:
        sys.stderr.write(run.trouble + "\n")
    return 3 if run.trouble else 130 if run.stopped else 0


def _steps(trainer: Any, wanted: Any) -> int:
    """How many steps where the command does not say."""
    if wanted.steps and trainer.step:
        return max(wanted.steps - trainer.step, 0)
    if wanted.steps or not (wanted.stop_epoch or wanted.stop_train_loss or wanted.stop_test_loss or wanted.stop_accuracy):
        return wanted.steps or STEPS
    return max(wanted.stop_epoch * trainer.of_epoch[1], 0) or AT_MOST


def _rival(scene, base: Path, trainer: Any, init: Path | None):
    """(scene, its own scene, trainer) of the network to compare with, or None. Raises InputError as the first network's would."""
    from nnviz3d.engine import data
    from nnviz3d.engine.trainer import Trainer
    from nnviz3d.spec import compare

    rival = compare.rival(scene)
    if rival is None:
        return None
    other = Trainer(rival, trainer.data if rival.data == scene.data else data.load(rival.data, base), trainer.ops)
    if init is not None:
        from nnviz3d.formats import weights

        other.load_parameters(weights.load(init, other.topology, other.objective.units))
    return scene, rival, other


def _against(run: _Run, trainer: Any, curves: Curves) -> _Run:
    """Train the rival on as many samples as the first network has seen. A network's steps depend on nothing but itself, so that one after
    the other gives what in lockstep they would."""
    first = run.trainer
    whole = first.step if run.stops.key else run.first + run.steps
    wanted = whole if first.diverged is not None or _rows(trainer) == _rows(first) else _steps_for(trainer, first)
    second = _Run(trainer, max(wanted - trainer.step, 0), run.log, run.options, more=True, alone=False)
    second.name, second.file, second.curves = "B", run.file, curves
    run.second = second
    if not run.stopped:
        second.go()
    run.stopped |= second.stopped
    run.trouble = "; ".join(f"{one.name} {one.trouble}" for one in (run, second) if one.trouble)
    return second


def _differences(scene, rival) -> list[dict[str, Any]]:
    from nnviz3d.spec import compare

    return [{"path": d.path, "a": d.a, "b": d.b} for d in compare.differences(scene, rival)]


def _rows(trainer: Any) -> int:
    """Of a whole batch."""
    n = len(trainer.data.x_train)
    return min(trainer.train.batch or n, n)


def _steps_for(trainer: Any, first: Any) -> int:
    """Steps that need at most the samples that the first network has seen."""
    n = len(trainer.data.x_train)
    seen = round(first.epoch * n)
    return seen // n * -(-n // _rows(trainer)) + seen % n // _rows(trainer)


class _Run:
    """The loop: pieces of training short enough to answer Ctrl+C, one log line a step where a log is asked for."""

    def __init__(self, trainer: Any, steps: int, log: Path | None, options: Options, more: bool = False, alone: bool = True):
        """`more`: the log goes on in the file that is there. Not `alone`: the second of two that are compared, which no condition ends."""
        from nnviz3d.app.training.stop_conditions import Stops

        self.trainer, self.steps, self.log, self.options, self.more = trainer, steps, log, options, more
        self.name = ""  # of one of two networks that are compared
        self.first = trainer.step
        never = ("steps",) if alone else PACE  # how many steps is for the caller to say
        self.stops, self.wanted = Stops(), trainer.train.model_copy(update=dict.fromkeys(never, 0))
        self.stopped = False
        self.trouble = ""
        self.seconds = 0.0
        self.recorder: Any = None
        self.file: resuming.File | None = None  # a checkpoint
        self.curves: Curves | None = None  # for it
        self.second: _Run | None = None  # goes on when this one has ended

    def go(self) -> None:
        began = time.perf_counter()
        try:
            if self.log is not None:
                with self.log.open("a" if self.more else "w", encoding="utf-8") as file:
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
            self.trouble = f"diverged at step {self.trainer.diverged:,}: the loss or a parameter is no longer finite. {_ADVICE}"

    @property
    def left(self) -> int:
        going = not self.stopped and not self.stops.key and self.trainer.diverged is None
        return max(0, self.first + self.steps - self.trainer.step) if going else 0

    def _take(self, steps: int) -> int:
        """So many steps, or as many as there are to where training may stop."""
        steps = min(steps, self.left, self.stops.left(self.trainer, self.wanted) or steps)
        if self.file is not None:
            steps = min(steps, POINT - self.trainer.step % POINT, self.file.left(self.trainer.step))
        done = self.trainer.run(steps)
        if self.file is not None and done:
            if self.trainer.step % POINT == 0:
                self.curves.add_train(self.trainer.step, self.trainer.loss)
            if self.trainer.diverged is None and (told := self.file.due(self.trainer.step)):
                self.options.say(told)
        if self.trainer.diverged is None:
            self.stops.met(self.trainer, self.wanted)
        return done

    @property
    def ended_by(self) -> str:
        """ "interrupted", "diverged", the condition's key ("train.stop_epoch", ...), or "steps"."""
        return "interrupted" if self.stopped else "diverged" if self.trainer.diverged is not None else self.stops.key or "steps"

    def _pieces(self) -> None:
        piece, told = 1, time.perf_counter()
        while self.left:
            began = time.perf_counter()
            self._take(piece)
            now = time.perf_counter()
            if now - began < 0.05:
                piece *= 2
            told = self._tell(told)

    def _tell(self, told: float) -> float:
        """Once a second, where somebody sees it."""
        now = time.perf_counter()
        if now - told < 1 or not sys.stderr.isatty():
            return told
        self.options.say(f"step {self.trainer.step:,} of {self.first + self.steps:,}: loss {self.trainer.loss:.4f}")
        return now

    def _stepwise(self, file: TextIO | None = None) -> None:
        """One step at a time: what is logged or recorded is of every one."""
        part, told = "test" if len(self.trainer.data.x_test) else "train", time.perf_counter()
        while self.left:
            if not self._take(1):
                continue
            if self.recorder is not None:
                self.recorder.note()
            if file is not None:
                line = {"step": self.trainer.step, "loss": self.trainer.loss, **_accuracy(self.trainer.score(part, LOG_SAMPLES))}
                error = self.trainer.objective.error
                line |= {"rmse": error.rmse(self.trainer.loss)} if error is not None else {}
                line |= {"network": self.name} if self.name else {}
                file.write(json.dumps(plain(line)) + "\n")
            told = self._tell(told)

    def stop(self) -> None:
        self.stopped = True
        if self.second is not None:
            self.second.stopped = True

    def summary(self) -> dict[str, Any]:
        """Scores are of all rows."""
        data = self.trainer.data
        scores = {part: self.trainer.score(part) for part in ("train", "test") if len(getattr(data, f"x_{part}"))}
        done = self.trainer.step - self.first
        return {
            "data": self.trainer.data.name,
            "parameters": self.trainer.topology.n_parameters,
            "steps": done,
            "step": self.trainer.step,
            "epoch": self.trainer.epoch,
            "loss": self.trainer.loss,
            **_scored("train", scores["train"], data.class_names),
            **_scored("test", scores.get("test"), data.class_names),
            **_in_units(self.trainer),
            "diverged": self.trainer.diverged,
            "stopped": self.stopped,
            "ended_by": self.ended_by,
            "why": self.stops.reason or None,
            "seconds": self.seconds,
            "steps_per_second": done / self.seconds if self.seconds else None,
        }


def _accuracy(score: Score) -> dict[str, Any]:
    """Of a log line: the accuracy; where classes are not equally frequent the balanced one too, and what it is of where that is not all."""
    told: dict[str, Any] = {"accuracy": score.accuracy}
    if score.classes is not None and len(set(score.classes.count_c.tolist())) > 1:
        told["balanced_accuracy"] = score.balanced
    return told if score.whole else told | {"rows": score.rows, "of": score.of}


def _scored(part: str, score: Score | None, names: tuple[str, ...]) -> dict[str, Any]:
    """Everything that is said of one part: `test_loss`, ..., null where there is none. Recalls by class name, null without samples."""
    classes = score and score.classes
    recall = classes and {name: None if share != share else share for name, share in zip(names, classes.recall_c.tolist(), strict=True)}
    return {
        f"{part}_loss": score and score.loss,
        f"{part}_accuracy": score and score.accuracy,
        f"{part}_balanced_accuracy": score and score.balanced,
        f"{part}_recall": recall,
        f"{part}_rows": score.rows if score else 0,
        f"{part}_of": score.of if score else 0,
    }


UNEVEN = 0.05  # between accuracy and balanced accuracy, from which on both are told
_ADVICE = "The last finite state is kept. A smaller train.learning_rate, or train.clip_norm = 1, usually helps"


def _in_units(trainer: Any) -> dict[str, Any]:
    """What numeric targets with units are scaled by, and the errors in their units, of all rows. `loss_of`: what the losses are of."""
    from nnviz3d.engine.per_sample import errors

    units = trainer.objective.units
    if not units:
        return {}
    found = {part: errors(trainer, part) for part in ("train", "test")}
    targets = []
    for k, unit in enumerate(units):
        told = {"name": unit.name, "mean": unit.mean, "deviation": unit.deviation, "spread": unit.spread}
        for part, pair in found.items():
            told |= {
                f"{part}_rmse": None if pair is None else float(pair[0][k]),
                f"{part}_mae": None if pair is None else float(pair[1][k]),
            }
        targets.append(told)
    of = "standardised targets" if trainer.objective.scaled else "targets as they are"
    one = {key: targets[0][key] if len(targets) == 1 else None for key in ("train_rmse", "test_rmse", "train_mae", "test_mae")}
    return {"loss_of": of, **one, "targets": targets}


def _errors(summary: dict[str, Any]) -> str:
    """ ", RMSE of price 9,010 (train 8,650), MAE 7,102": in the unit of each target."""
    text = ""
    for told in summary.get("targets", ()):
        unit = Unit(told["name"], spread=told["spread"])
        part = "test" if told["test_rmse"] is not None else "train"
        beside = f" (training {unit.error(told['train_rmse'])})" if part == "test" else ""
        text += f"; {part} RMSE of {unit.name} {unit.error(told[f'{part}_rmse'])}{beside}, MAE {unit.error(told[f'{part}_mae'])}"
    return text


def _balanced(summary: dict[str, Any], part: str) -> str:
    """Where frequent classes make the accuracy, what it hides: the mean over the classes, and the one that is recognised least."""
    balanced = summary[f"{part}_balanced_accuracy"]
    if balanced is None or abs(balanced - summary[f"{part}_accuracy"]) < UNEVEN:
        return ""
    known = {name: share for name, share in (summary[f"{part}_recall"] or {}).items() if share is not None}
    least = min(known, key=known.__getitem__)
    return f" (balanced {percent(balanced)}; of {json.dumps(least, ensure_ascii=False)} {percent(known[least])})"


def _sentence(summary: dict[str, Any]) -> str:
    took = f"{summary['steps']:,} steps in {summary['seconds']:.1f} s ({summary['backend']})"
    of = " of standardised targets" if summary.get("loss_of", "").startswith("standardised") else ""
    text = f"{summary['data']}: {took}, loss{of} {summary['train_loss']:.4g}"
    for part in ("train", "test"):
        if summary[f"{part}_accuracy"] is not None:
            text += f", {part} accuracy {percent(summary[f'{part}_accuracy'])}{_balanced(summary, part)}"
    text += _errors(summary)
    if summary["why"]:
        text += f"; stopped because {summary['why']}"
    if "rival" in summary:
        from nnviz3d.spec import compare

        what = ", ".join(
            f"{compare.name_of(d['path'])} {compare.words(d['path'], d['a'])} / {compare.words(d['path'], d['b'])}"
            for d in summary["differences"]
        )
        other = _sentence(summary["rival"] | {"backend": summary["backend"], "saved": None})
        text = f"A: {text}\nB: {other}\nA and B differ in: {what or 'nothing'}"
    made = summary.get("recording")
    text += f"; {made['kept']:,} steps recorded in {made['file']} ({made['bytes'] / 1e6:,.3g} MB)" if made else ""
    return text + (f"; weights{' of A' if 'rival' in summary else ''} in {summary['saved']}" if summary["saved"] else "")
