"""`nnviz3d train`: training without a picture, from a scene to weights, a log and a summary.

Everything that can be checked is checked before the first step, and nothing is written until then. What was finished is kept when
training diverges, when the disk is full and on Ctrl+C.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from nnviz3d.app.commands.common import Options, check_outputs, emit, plain, together
from nnviz3d.spec import endings
from nnviz3d.spec.errors import InputError, RunError
from nnviz3d.spec.scene import PACE

STEPS = 1000  # where neither the command nor the scene says how many
AT_MOST = 100_000  # the same where the scene says what is to be reached, but not how long that may take
LOG_SAMPLES = 500  # a log line's accuracy is of at most so many samples of the test part


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
            from nnviz3d.importers.nnrec_writer import check

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
) -> int:
    """Returns the exit code: 0, 3 when training diverged or a file could not be finished, 130 on Ctrl+C. Raises InputError."""
    (scene, base), *_ = together(
        lambda: options.scene(name), lambda: check_outputs(save=save, log=log), keep.check,
        lambda: endings.check(save, endings.WEIGHTS, "--save"), lambda: endings.check(log, endings.LOG, "--log"),
    )  # fmt: skip
    from nnviz3d import backend
    from nnviz3d.app.stops import check
    from nnviz3d.engine import data
    from nnviz3d.engine.trainer import Trainer

    ops = backend.choose(options.backend, tf32=scene.train.tf32)
    trainer = Trainer(scene, data.load(scene.data, base), ops)
    check(scene.train, trainer.data)
    if init is not None:
        from nnviz3d.importers import weights

        trainer.load_parameters(weights.load(init, trainer.topology, options.say))
    options.say(f"{trainer.data.name}: {trainer.data.summary}; {trainer.topology.n_parameters:,} parameters; {ops.name}: {ops.why}")
    other = _rival(scene, base, trainer, init)
    run = _Run(trainer, steps if steps is not None else _steps(trainer, scene.train), log, options)
    run.name = "A" if other else ""
    if keep.folder is not None:
        from nnviz3d.sources.recorder import Recorder

        run.recorder = Recorder(trainer, scene, base, keep.folder, keep.every or 1, keep.half, run.steps)
    run.go()
    summary = run.summary() | {"scene": str(name), "backend": ops.name, "log": log, "saved": None}
    summary |= {"recording": None if keep.folder is None else run.recorder.facts()}
    if other is not None:
        _against(summary, run, *other, log, options)
    if save is not None:
        from nnviz3d.importers import weights

        try:
            weights.save(save, trainer.parameters(), scene)
            summary["saved"] = save
        except InputError as error:  # the disk filled up since it was checked; the training is done and must still be told
            run.trouble = run.trouble or str(error)
    if as_json:
        emit(summary | {"trouble": run.trouble or None})
    else:
        sys.stdout.write(_sentence(summary) + "\n")
    if run.trouble:
        sys.stderr.write(run.trouble + "\n")
    return 3 if run.trouble else 130 if run.stopped else 0


def _steps(trainer: Any, wanted: Any) -> int:
    """How many steps where the command does not say."""
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
        from nnviz3d.importers import weights

        other.load_parameters(weights.load(init, other.topology))
    return scene, rival, other


def _against(summary: dict[str, Any], run: _Run, scene, rival, trainer: Any, log: Path | None, options: Options) -> None:
    """Train the rival on as many samples as the first network has seen, and add its numbers. A network's steps depend on nothing but
    itself, so that one after the other gives what in lockstep they would."""
    from nnviz3d.spec import compare

    first = run.trainer
    ran = first.step - run.first if run.stops.key else run.steps
    wanted = ran if first.diverged is not None or _rows(trainer) == _rows(first) else None
    second = _Run(trainer, _steps_for(trainer, first) if wanted is None else wanted, log, options, more=True)
    second.name = "B"
    if not run.stopped:
        second.go()
    run.stopped |= second.stopped
    run.trouble = "; ".join(f"{one.name} {one.trouble}" for one in (run, second) if one.trouble)
    summary["differences"] = [{"path": d.path, "a": d.a, "b": d.b} for d in compare.differences(scene, rival)]
    summary["rival"] = second.summary()


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

    def __init__(self, trainer: Any, steps: int, log: Path | None, options: Options, more: bool = False):
        """`more`: the second of two networks that are compared. The log goes on in the file that is there, and no condition ends it."""
        from nnviz3d.app.stops import Stops

        self.trainer, self.steps, self.log, self.options, self.more = trainer, steps, log, options, more
        self.name = ""  # of one of two networks that are compared
        self.first = trainer.step
        never = ("steps",) if not more else PACE  # how many steps is for the caller to say
        self.stops, self.wanted = Stops(), trainer.train.model_copy(update=dict.fromkeys(never, 0))
        self.stopped = False
        self.trouble = ""
        self.seconds = 0.0
        self.recorder: Any = None

    def go(self) -> None:
        before = signal.signal(signal.SIGINT, self._stop)
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
            signal.signal(signal.SIGINT, before)
        if self.trainer.diverged is not None:
            self.trouble = f"diverged at step {self.trainer.diverged:,}: the loss or a parameter is no longer finite. {_ADVICE}"

    @property
    def left(self) -> int:
        going = not self.stopped and not self.stops.key and self.trainer.diverged is None
        return max(0, self.first + self.steps - self.trainer.step) if going else 0

    def _take(self, steps: int) -> int:
        """So many steps, or as many as there are to where training may stop."""
        done = self.trainer.run(min(steps, self.left, self.stops.left(self.trainer, self.wanted) or steps))
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
                _, accuracy = self.trainer.evaluate(part, LOG_SAMPLES)
                line = {"step": self.trainer.step, "loss": self.trainer.loss, "accuracy": accuracy}
                line |= {"network": self.name} if self.name else {}
                file.write(json.dumps(plain(line)) + "\n")
            told = self._tell(told)

    def _stop(self, *_: Any) -> None:
        self.stopped = True

    def summary(self) -> dict[str, Any]:
        train_loss, train_accuracy = self.trainer.evaluate("train")
        has_test = len(self.trainer.data.x_test) > 0
        test_loss, test_accuracy = self.trainer.evaluate("test") if has_test else (None, None)
        done = self.trainer.step - self.first
        return {
            "data": self.trainer.data.name,
            "parameters": self.trainer.topology.n_parameters,
            "steps": done,
            "step": self.trainer.step,
            "epoch": self.trainer.epoch,
            "loss": self.trainer.loss,
            "train_loss": train_loss,
            "train_accuracy": train_accuracy,
            "test_loss": test_loss,
            "test_accuracy": test_accuracy,
            "diverged": self.trainer.diverged,
            "stopped": self.stopped,
            "ended_by": self.ended_by,
            "why": self.stops.reason or None,
            "seconds": self.seconds,
            "steps_per_second": done / self.seconds if self.seconds else None,
        }


_ADVICE = "The last finite state is kept. A smaller train.learning_rate, or train.clip_norm = 1, usually helps"


def _sentence(summary: dict[str, Any]) -> str:
    took = f"{summary['steps']:,} steps in {summary['seconds']:.1f} s ({summary['backend']})"
    text = f"{summary['data']}: {took}, loss {summary['train_loss']:.4g}"
    for part in ("train", "test"):
        if summary[f"{part}_accuracy"] is not None:
            text += f", {part} accuracy {summary[f'{part}_accuracy']:.1%}"
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
