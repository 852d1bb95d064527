"""t-SNE of what a layer does with the samples at one step: worked out on a thread in short slices, shown while it forms, stopped at will.

It is of the step at which it was begun and does not move with the network: every map is another one, so two of them cannot be compared
point by point. While nobody looks it rests. No clock.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from nnviz3d.app.probes.cloud import cloud, own
from nnviz3d.app.probes.row_activations import RowPass
from nnviz3d.engine.tsne import STEPS, Tsne, divergence
from nnviz3d.sources.protocols import Source
from nnviz3d.sources.viewable import Viewable
from nnviz3d.spec.readout import CloudReading, TsneAsked, TsneReading

MOST = 1000  # points: time and memory grow with their square
SLICE = 5  # steps at once


class TsneMap:
    """Of one session."""

    def __init__(self):
        self._pool: ThreadPoolExecutor | None = None
        self._versions = 0
        self._forget(None)

    def _forget(self, subject: tuple | None) -> None:
        self._subject = subject
        self._pass: RowPass | None = None
        self._work: Tsne | None = None
        self._slice: Future[tuple[Tsne, np.ndarray, float]] | None = None
        self._places: np.ndarray | None = None
        self._divergence = float("nan")

    def reading(self, source: Source, seen: Viewable, node: int, asked: TsneAsked) -> CloudReading | None:
        """None until the first places are known."""
        subject = (source.topology, source.data, node, asked.run)
        if self._subject is None or not all(a is b or a == b for a, b in zip(subject, self._subject, strict=True)):
            self._forget(subject)
        if self._places is None and self._pass is None and source.at_boundary and source.evaluator is not None:
            self._pass = RowPass(source, source.evaluator, node, 0, source.topology.nodes[node].size, MOST)
        if self._pass is not None and not self._pass.over:
            self._pass.work()
        self._go_on(asked.on)
        return self._read(source, seen, node, asked)

    def _go_on(self, on: bool) -> None:
        """Take up a slice that is done, and begin the next."""
        if self._slice is not None and self._slice.done():
            self._work, self._places, self._divergence = self._slice.result()
            self._slice, self._versions = None, self._versions + 1
        if self._slice is None and self._pass is not None and self._pass.over and on and not (self._work is not None and self._work.over):
            self._pool = self._pool or ThreadPoolExecutor(1)
            self._slice = self._pool.submit(_slice, self._work, self._pass.a_rn)

    def _read(self, source: Source, seen: Viewable, node: int, asked: TsneAsked) -> CloudReading | None:
        run, work, places = self._pass, self._work, self._places
        if run is None or work is None or places is None:
            return None
        at = np.flatnonzero(run.rows_r == seen.sample.index) if not own(seen) else []
        shown_3 = places[at[0]] if len(at) else np.full(3, np.nan)
        over = work.over or (not asked.on and self._slice is None)
        progress = TsneReading(work.step, STEPS if not work.over else work.step, self._divergence, work.perplexity, over)
        return cloud(source, seen, node, run, self._versions, places, shown_3, np.zeros(3), progress)


def _slice(work: Tsne | None, a_rn: np.ndarray) -> tuple[Tsne, np.ndarray, float]:
    """On the thread: a few steps; the first slice finds the similarities of the rows."""
    if work is None:
        work = Tsne(a_rn)
    else:
        work.run(SLICE)
    apart = divergence(work.p_rr, work.y_rk) if work.p_rr is not None else 0.0
    return work, work.y_rk, apart
