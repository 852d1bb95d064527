"""Files of a training run: the checkpoint that it continues, the one that it leaves for the next run, and the log that goes on."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from nnviz3d.app.session import checkpoint_resume
from nnviz3d.app.training.metric_log import Curves
from nnviz3d.spec import compare, paths
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.scene import Scene

if TYPE_CHECKING:
    from nnviz3d.engine.trainer import Trainer

LOG_BYTES = 4 << 30


def enter(path: Path, scene: Scene, trainer: Trainer, second: Trainer | None, typed: Iterable[str]) -> list[Curves]:
    """Both trainers, or the one, go on from a checkpoint; returns their curves. `typed`: settings that may be others from here on.

    Raises InputError with all that differs, or all that is wrong in the file; then nothing has changed.
    """
    found = checkpoint_resume.find(path)
    if problems := checkpoint_resume.differences(found, scene, trainer.data.digest, typed):
        raise InputError(*problems)
    a, b = checkpoint_resume.read(found, trainer, second)
    curves = [checkpoint_resume.go_on(trainer, a, found.scene.train), Curves(trainer.objective.classes > 0)]
    other = compare.second_scene(found.scene)
    if second is not None and other is not None and b is not None:
        curves[1] = checkpoint_resume.go_on(second, b, other.train)
    return curves


def go_on_in(log: Path | None, steps: dict[str, int]) -> None:
    """A log that is there goes on: lines of later steps than those of each network (by its name) have not happened. Raises InputError
    for a file that is no log, and leaves it as it is."""
    if log is None or not log.exists():
        return
    paths.regular_file(log, LOG_BYTES, "log")
    kept = []
    with log.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, start=1):
            if not line.endswith("\n"):  # cut off while it was written
                break
            try:
                entry = json.loads(line)
                last = steps[entry.get("network", "")]
                step = entry["step"] + 0
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                text = f"line {number} does not belong to a log of this training; choose another name"
                raise InputError.option(str(log), "log", text) from None
            if step <= last:
                kept.append(line)
    paths.write(log, "".join(kept).encode())


class CheckpointFile:
    """The checkpoint that a run leaves: `a`, `b` are trainers with their curves; `every` so many steps, or None."""

    def __init__(self, path: Path, scene: Scene, every: int | None, a: tuple[Trainer, Curves], b: tuple[Trainer, Curves] | None):
        self.path, self.scene, self.every, self.a, self.b = path, scene, every, a, b

    def left(self, step: int) -> int:
        """Steps to the next time that it is written."""
        return self.every - step % self.every if self.every else 1 << 62

    def due(self, step: int) -> str:
        """Write it where that is due; what went wrong: training goes on."""
        return self.write() if self.every and step % self.every == 0 else ""

    def write(self) -> str:
        """What went wrong, or ""."""
        try:
            checkpoint_resume.save(self.path, self.scene, *self.a, self.b)
        except InputError as error:
            return str(error)
        return ""
