"""Writes recordings (`formats.nnrec.index` says what one is): rows gather in memory, and a full chunk goes to the disk in one piece.

Order of every write: the chunk under another name, fsync, rename, fsync of the folder, then its line in the index, fsync. So the index
never names what is not whole. Memory is one chunk, 32 MB or one step. Knows no trainer.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import numpy as np
from safetensors.numpy import save as to_bytes

from nnviz3d.formats.nnrec.index import INDEX, ROWS, TYPES, Chunk, End, Head, chunk_name
from nnviz3d.spec import paths
from nnviz3d.spec.errors import InputError, RunError
from nnviz3d.spec.file_extensions import RECORDING

CHUNK_BYTES = 32 << 20
CHUNK_ROWS = 4096  # at most: what a crash may cost a small network
CHUNK_LOSSES = 1 << 20
_OURS = re.compile(r"(\d{6}\.safetensors|index\.jsonl)((\.[0-9a-f]{8})?\.part)?")


def check(folder: Path, overwrite: bool) -> None:
    """Whether a recording can be made there; asked before any training, and nothing is written. Raises InputError."""
    where, option = str(folder), "record"
    try:
        if folder.suffix != RECORDING:
            raise InputError.option(where, option, f"expected a name that ends with {RECORDING}")
        if not folder.parent.is_dir():
            raise InputError.option(where, option, f"cannot be written: there is no folder {folder.parent}")
        if os.path.lexists(folder):
            if folder.is_symlink() or not folder.is_dir():
                raise InputError.option(where, option, "exists and is not a recording; choose another name")
            others = sorted(entry.name for entry in folder.iterdir() if not _OURS.fullmatch(entry.name))
            if others:
                names = ", ".join(others[:3])
                text = f"contains files that do not belong to a recording ({names}); choose another name"
                raise InputError.option(where, option, text)
            if not overwrite:
                raise InputError.option(where, option, "already exists", overwrite="replaces it, and its old steps are lost")
        if not os.access(folder if folder.is_dir() else folder.parent, os.W_OK | os.X_OK):
            raise InputError.option(where, option, "cannot be written: the folder is read-only for you")
    except (OSError, ValueError) as error:  # a name too long, a NUL
        raise InputError.option(where, option, f"cannot be written: {getattr(error, 'strerror', None) or error}") from None


class Writer:
    """Raises RunError where the disk does not take it; what was finished stays readable."""

    def __init__(self, folder: Path, head: Head):
        """Takes the place of a recording that is there."""
        self.folder, self.head, self.dtype = folder, head, TYPES[head.dtype]
        row = np.dtype(self.dtype).itemsize * (head.parameters + 2 * head.neurons)
        self.rows = max(min(CHUNK_BYTES // row, CHUNK_ROWS, ROWS), 1)
        self.chunks, self.kept, self.bytes = 0, 0, 0
        wide = {"parameter": head.parameters, "z": head.neurons, "activation": head.neurons}
        self._rows = {name: np.zeros((self.rows, width), self.dtype) for name, width in wide.items()}
        self._steps: list[int] = []
        self._epochs: list[float] = []
        self._losses: list[float] = []
        self._scores: list[tuple[int, float | None, float | None, float | None]] = []
        self._after = self._step = 0
        with self._input_errors():
            folder.mkdir(exist_ok=True)
            # first: it must never name chunks that are gone
            paths.replace(folder / INDEX, head.model_dump_json().encode() + b"\n", durable=True)
            for old in sorted(folder.iterdir()):
                if _OURS.fullmatch(old.name) and old.name != INDEX:
                    old.unlink()
            paths.sync(folder)

    # what happens

    def keep(self, step: int, epoch: float, parameters: np.ndarray, z: np.ndarray, activation: np.ndarray) -> None:
        """A step to keep: (P,), (N,), (N,) on the host. The first one comes before any loss."""
        if not self.chunks and not self._steps:
            self._after = self._step = step
        t = len(self._steps)
        for name, values in (("parameter", parameters), ("z", z), ("activation", activation)):
            _narrow(values, self._rows[name][t])
        self._steps.append(step)
        self._epochs.append(epoch)
        if len(self._steps) == self.rows:
            self.flush()

    def loss(self, step: int, value: float) -> None:
        """Of one step: of every one, in order."""
        self._step = step
        self._losses.append(value)
        if len(self._losses) >= CHUNK_LOSSES and self._steps:
            self.flush()

    def score(self, step: int, test_loss: float | None, train_accuracy: float | None, test_accuracy: float | None) -> None:
        loss, train, test = (value if value is None or np.isfinite(value) else None for value in (test_loss, train_accuracy, test_accuracy))
        self._scores.append((step, loss, train, test))

    def close(self, why: str, diverged: int | None = None) -> None:
        """It ended by itself: write what is left, and say why. Losses after the last kept step are not written: keep the last one."""
        self.flush()
        self._append(End(end=why, step=self._step, diverged=diverged))

    # the disk

    def flush(self) -> None:
        """Write the rows that there are as a chunk."""
        if not self._steps:
            return
        t = len(self._steps)
        tensors: dict[str, np.ndarray] = {name: rows[:t] for name, rows in self._rows.items()}
        tensors |= {"step": np.array(self._steps, np.int64), "epoch": np.array(self._epochs, np.float64)}
        with np.errstate(over="ignore"):
            tensors["loss"] = np.array(self._losses, np.float32)
        raw, name = to_bytes(tensors), chunk_name(self.chunks)
        with self._input_errors():
            paths.replace(self.folder / name, raw, durable=True)
        self._append(
            Chunk(
                chunk=self.chunks,
                bytes=len(raw),
                kept=t,
                first=self._steps[0],
                last=self._steps[-1],
                after=self._after,
                until=self._step,
                scores=tuple(self._scores),
            )
        )
        self.chunks, self.kept, self.bytes, self._after = self.chunks + 1, self.kept + t, self.bytes + len(raw), self._step
        for held in (self._steps, self._epochs, self._losses, self._scores):
            held.clear()

    def _append(self, line: Chunk | End) -> None:
        with self._input_errors(), (self.folder / INDEX).open("ab") as file:
            file.write(json.dumps(line.model_dump(), separators=(",", ":")).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def _input_errors(self):
        return _WriteErrors(self)


class _WriteErrors:
    """A disk that is full, or gone, in words."""

    def __init__(self, writer: Writer):
        self.writer = writer

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if isinstance(error, OSError):
            kept = f"{self.writer.kept:,} recorded steps are complete and can be played" if self.writer.kept else "no step is complete"
            raise RunError(f"{self.writer.folder}: cannot be written: {error.strerror or error}; {kept}") from None
        return False


def _narrow(values: np.ndarray, row: np.ndarray) -> None:
    """row[...] = values; what 16 bits do not hold becomes the largest that they do."""
    if row.dtype == values.dtype:
        np.copyto(row, values)
        return
    with np.errstate(over="ignore"):
        np.copyto(row, values, casting="same_kind")
        if not np.isfinite(row).all():
            most = np.finfo(row.dtype).max
            np.copyto(row, np.clip(values, -most, most), casting="same_kind")
