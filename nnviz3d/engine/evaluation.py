"""Loss, accuracy and answers by class over rows of a part of the data, in eval mode, with buffers of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from nnviz3d.backend import Ops
from nnviz3d.engine.buffers import Buffers
from nnviz3d.engine.data.split import split
from nnviz3d.engine.forward_pass import ForwardPass
from nnviz3d.engine.objective import Objective
from nnviz3d.spec.row_work import row_work
from nnviz3d.spec.score import Classes, Score
from nnviz3d.spec.topology import Topology

ROWS, VALUES = 256, 1 << 22  # of one block: at most so many rows, and so many activations
WORK, FEWEST = 1e8, 8  # multiply-adds of one block: 2 ms, so that a frame may end after it; but so many rows
# OpenBLAS multiplies in the caller's thread up to so many multiply-adds. Beyond, its threads wait for the rasteriser's (llvmpipe), which
# cost one frame in a hundred 40 ms; a network too wide for LEAST rows below it gains more from the threads than it loses.
ONE_THREAD, LEAST = 1 << 18, 32


class Evaluation:
    """One block's plan, reused. `parameters` is the trainer's arena, or a copy of it."""

    def __init__(self, ops: Ops, topology: Topology, objective: Objective, parameters, killed: tuple[int, ...] = ()):
        self.ops, self.objective, self.classes, self.parameters = ops, objective, objective.classes, parameters
        self.rows = block_rows(topology)
        self._topology, self._buffers = topology, Buffers.make(ops, topology, self.rows, killed=killed)
        self._passes: dict[int, ForwardPass] = {}

    def pieces(self, x_ni, t_no, truth_n: np.ndarray, of: int) -> Iterator[Score]:
        """After every block: the score over the rows so far. A frame may stop between two blocks.

        `truth_n`: (n,) class ids of the rows, on the host; `of`: rows of the part that they were taken from.
        """
        xp, total, done, judged, whole = self.ops.xp, 0.0, 0, 0, 0
        counts = np.zeros((3, self.classes), np.intp)  # of the class, right, said
        while done < len(x_ni):
            n = min(self.rows, len(x_ni) - done)
            through = self._pass(n)
            b = through.buffers
            xp.copyto(b.a[0], x_ni[done : done + n])
            xp.copyto(b.t, t_no[done : done + n])
            through.run()
            truth = truth_n[done : done + n]
            here = int((truth >= 0).sum()) if self.objective.tokens else n  # what the block's loss is the mean of
            total, judged, done = total + float(b.cell[0]) * here, judged + here, done + n
            if self.classes:
                found, right = self._answers(b, truth)
                counts, whole = counts + found, whole + right
            sequences = whole / done if self.objective.tokens else None
            yield self._score(total / max(judged, 1), counts, judged, Score(None, None, done, of, sequences=sequences))

    def _answers(self, b: Buffers, truth_n: np.ndarray) -> tuple[np.ndarray, int]:
        """(3, C) of one block, and how many rows are right throughout. What is not a number is no answer."""
        said, right, scored = answers(self.ops.to_host(b.a[-1]), truth_n)
        kinds = truth_n[scored], truth_n[right & scored], said[scored & (said >= 0)]
        rows = (right | ~scored).reshape(len(truth_n), -1).all(1)
        return np.stack([np.bincount(ids, minlength=self.classes) for ids in kinds]), int(rows.sum())

    def _score(self, loss: float, counts: np.ndarray, judged: int, seen: Score) -> Score:
        if not self.classes:
            return replace(seen, loss=loss)
        return replace(seen, loss=loss, accuracy=int(counts[1].sum()) / max(judged, 1), classes=Classes(*counts.copy()))

    def _pass(self, n: int) -> ForwardPass:
        if n not in self._passes:
            self._passes[n] = ForwardPass(self.ops, self._topology, self.objective, self.parameters, self._buffers.rows(n))
        return self._passes[n]


def answers(out_no: np.ndarray, truth_n: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The class with the largest output (-1 where an output is not a number), whether it is right, and whether it is scored; each of the
    shape of `truth_n`, (n,) classes or (n, T) of tokens, of which those below 0 are not scored."""
    out = out_no.reshape(*truth_n.shape, -1)
    said = np.where(np.isfinite(out).all(-1), out.argmax(-1), -1)
    return said, said == truth_n, truth_n >= 0


def block_rows(topology: Topology) -> int:
    """Rows of one block."""
    widest = max(connection.size for connection in topology.connections)
    alone = ONE_THREAD // widest
    rows = min(ROWS if alone < LEAST else min(alone, ROWS), VALUES // topology.n_neurons)
    return max(1, min(rows, max(FEWEST, int(WORK / row_work(topology)))))


def drawn(n: int, classes_n: np.ndarray | None, limit: int | None) -> np.ndarray | None:
    """Ascending numbers of `limit` of n rows, drawn evenly, always the same ones; every class by its share, none left out while there is
    room. None: all of them."""
    if limit is None or limit >= n:
        return None
    return split(n, classes_n, 1 - limit / n, np.random.Generator(np.random.PCG64(0)))[0]
