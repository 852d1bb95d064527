"""Reads recordings (`formats.nnrec.index` says what one is). Nothing of one is loaded before it is asked for."""

from __future__ import annotations

import os
from bisect import bisect_left
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open

from nnviz3d.formats.nnrec.index import SHOWN, TYPES, Chunk, Index, chunk_name
from nnviz3d.formats.weights import OpenedWeights, shapes
from nnviz3d.spec import limits, paths
from nnviz3d.spec.errors import InputError, Problem, RunError

OPEN = 2  # chunks that are mapped at a time: memory stays flat however long the recording is


class Recording:
    """A recording that can be read. `steps` (K,): the kept ones, in order; there may be none. Closes itself with the last reference."""

    def __init__(self, path: str | os.PathLike):
        """Reads the index and the head of every chunk. Raises InputError with every problem, and then no number was read."""
        self.path = Path(path)
        index = Index.read(self.path)
        self.head, self.chunks, self.end = index.head, index.chunks, index.end
        self.dtype = TYPES[self.head.dtype]
        problems: list[Problem] = []
        steps = [self._judge(chunk, problems) for chunk in self.chunks]
        if problems:
            raise InputError(*problems[:SHOWN], *_more(problems))
        self.steps = np.concatenate([np.zeros(0, np.int64), *steps])
        self._starts = np.cumsum([0, *(chunk.kept for chunk in self.chunks)])
        self._open: dict[int, safe_open] = {}

    @property
    def last(self) -> int:
        """The last step whose loss is known."""
        return self.chunks[-1].until if self.chunks else 0

    @property
    def scores(self) -> list[tuple]:
        """(step, test loss, train accuracy, test accuracy) wherever they were measured."""
        return [row for chunk in self.chunks for row in chunk.scores]

    @property
    def bytes(self) -> int:
        return sum(chunk.bytes for chunk in self.chunks)

    # which step

    def at(self, step: float) -> int:
        """The last kept step that is not after this one; the first of all before it."""
        return int(self.steps[max(int(np.searchsorted(self.steps, step, "right")) - 1, 0)])

    def beside(self, step: float, by: int) -> int:
        """The kept step `by` places further on (+) or back (-) from the one at `step`, or the end there is."""
        here = max(int(np.searchsorted(self.steps, step, "right")) - 1, 0)
        return int(self.steps[min(max(here + by, 0), len(self.steps) - 1)])

    # numbers

    def parameters(self, step: int) -> np.ndarray:
        """(P,) float32 after a kept step. Raises KeyError for a step that is not kept, RunError where its chunk can be read no longer."""
        return self._row("parameter", step)

    def activations(self, step: int) -> np.ndarray:
        """(N,) float32: what every neuron did with the recorded sample; inputs first."""
        return self._row("activation", step)

    def z(self, step: int) -> np.ndarray:
        """(N,) float32 pre-activations for the recorded sample; of inputs the inputs themselves."""
        return self._row("z", step)

    def epoch(self, step: int) -> float:
        """Finished epochs with the fraction of the running one."""
        k, t = self._place(step)
        return float(self._read(k, "epoch", t, t + 1)[0])

    def loss_at(self, step: int) -> float:
        """Of the batch of that step; nan for the first kept step of all, and where training was not a number."""
        k = bisect_left(self.chunks, step, key=lambda chunk: chunk.until)
        if k == len(self.chunks) or step <= self.chunks[k].after:
            return np.nan
        t = step - self.chunks[k].after - 1
        return float(self._read(k, "loss", t, t + 1)[0])

    @property
    def loss(self) -> np.ndarray:
        """(S,) float32 of every step, the first after `steps[0]` first."""
        return np.concatenate([np.zeros(0, np.float32), *(self._read(k, "loss") for k in range(len(self.chunks)))])

    def curve(self, points: int) -> tuple[np.ndarray, np.ndarray]:
        """(step, loss) at no more than so many evenly spread steps, those left out that are no numbers."""
        if not self.chunks:
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        start = self.chunks[0].after
        stride = -(-max(self.last - start, 1) // points)
        wanted = np.arange(self.last, start, -stride)[::-1]
        parts = []
        for k, chunk in enumerate(self.chunks):
            mine = wanted[(wanted > chunk.after) & (wanted <= chunk.until)]
            parts.append(self._read(k, "loss")[mine - chunk.after - 1] if len(mine) else np.zeros(0, np.float32))
        loss = np.concatenate(parts)
        sound = np.isfinite(loss)
        return wanted[sound], loss[sound]

    def _row(self, name: str, step: int) -> np.ndarray:
        k, t = self._place(step)
        return np.asarray(self._read(k, name, t, t + 1)[0], np.float32)

    def _place(self, step: int) -> tuple[int, int]:
        """(chunk, row)"""
        at = int(np.searchsorted(self.steps, step))
        if at == len(self.steps) or self.steps[at] != step:
            raise KeyError(f"step {step:,} is not recorded; the last recorded step before it is {self.at(step):,}")
        k = int(np.searchsorted(self._starts, at, "right")) - 1
        return k, at - int(self._starts[k])

    def _read(self, k: int, name: str, start: int = 0, stop: int | None = None) -> np.ndarray:
        """Rows of a tensor, copied out of the mapped chunk."""
        try:
            if k not in self._open:
                while len(self._open) >= OPEN:
                    del self._open[next(iter(self._open))]  # unmaps it
                self._open[k] = OpenedWeights(self.path / chunk_name(k)).open()
            whole = stop is None and start == 0  # of no rows there is no slice
            return self._open[k].get_tensor(name) if whole else self._open[k].get_slice(name)[start:stop]
        except (SafetensorError, InputError) as error:
            raise RunError(f"{self.path / chunk_name(k)} can no longer be read: {error}") from None

    # judging

    def _judge(self, chunk: Chunk, problems: list[Problem]) -> np.ndarray:
        """Every reason why a chunk is not what the index says; returns its kept steps."""
        path = self.path / chunk_name(chunk.chunk)
        where, before = str(path), len(problems)
        found: dict = {}
        steps = np.zeros(0, np.int64)
        try:
            if path.is_symlink():
                raise InputError.of(where, "", "is a link; a recording reads only its own files")
            size = paths.regular_file(path, limits.DATA_BYTES, "chunk")
            if size != chunk.bytes:
                raise InputError.of(where, "", f"{size:,} bytes; the index says {chunk.bytes:,}")
            with OpenedWeights(path, "chunk") as file:
                found = shapes(file, where)
                problems += self._misfits(where, chunk, found)
                if len(problems) == before:
                    steps = file.get_slice("step")[:]
        except InputError as error:
            problems += error.problems
            return steps
        if len(problems) == before and not ((np.diff(steps) > 0).all() and steps[0] == chunk.first and steps[-1] == chunk.last):
            problems.append(Problem(where, "step", f"expected increasing steps from {chunk.first:,} to {chunk.last:,}"))
        return steps

    def _misfits(self, where: str, chunk: Chunk, found: dict) -> list[Problem]:
        head, t = self.head, chunk.kept
        wanted = {
            "step": ((t,), "I64"), "epoch": ((t,), "F64"), "loss": ((chunk.until - chunk.after,), "F32"),
            "parameter": ((t, head.parameters), head.dtype),
            "z": ((t, head.neurons), head.dtype), "activation": ((t, head.neurons), head.dtype),
        }  # fmt: skip
        problems = [Problem(where, name, "missing") for name in wanted if name not in found]
        problems += [Problem(where, name[:60], "is not part of a recording") for name in found if name not in wanted]
        for name, (shape, dtype) in wanted.items():
            if name in found and found[name] != (shape, dtype):
                has, kind = found[name]
                problems.append(Problem(where, name, f"expected {list(shape)} of {dtype}, found {list(has)} of {kind}"))
        return problems


def _more(problems: list[Problem]) -> list[Problem]:
    return [Problem("", "", f"and {len(problems) - SHOWN:,} more problems")] if len(problems) > SHOWN else []
