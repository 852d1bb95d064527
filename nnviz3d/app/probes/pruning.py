"""What is left of a network without its smallest weights: its score, answering while a slider moves, and the curve over all shares.

Training's own parameters are never touched: scores are of copies, in slices, one block of rows a frame. While a panel asks, the picture
shows the pruned network (`view`). No clock: time is passed in.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np

from nnviz3d.app.probes.row_activations import moment
from nnviz3d.app.training.evaluator import quick
from nnviz3d.engine.pruning import Pruned, prune, weights
from nnviz3d.sources.protocols import Source, SourceData
from nnviz3d.sources.pruned import PrunedNetwork
from nnviz3d.spec.readout import PruningReading
from nnviz3d.spec.score import Score

SHARES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.97, 0.99)
RENEW, CURVE = 0.5, 4.0  # seconds between two looks while the network learns: at the picture, and at the whole curve
AT_ONCE = 300_000  # weights that are sorted within a frame; more on a thread


class PruningTrial:
    """One pruned network that is being scored."""

    def __init__(self, source: Source, data: SourceData, found: Pruned, arena: Any):
        """`arena`: one (P,) for all looks one after the other, so that buffers for it are made once."""
        part = source.data.held_out[0]
        self.found, self.score = found, Score(None, None)
        source.ops.write(found.parameters, arena)
        self._pieces: Iterator[Score] = data.scoring(part, quick(source), arena)
        self.over = False

    def work(self) -> None:
        """One block of rows."""
        score = next(self._pieces, None)
        if score is None:
            self.over = True
            return
        self.score = score


class Pruning:
    """Of one session. `view`: the pruned network that the picture shows; None where nothing is pruned, or nobody looks."""

    def __init__(self):
        self.view: PrunedNetwork | None = None
        self._pool: ThreadPoolExecutor | None = None
        self.forget()

    def forget(self) -> None:
        """Nobody looks."""
        self.view = None
        self._key: tuple | None = None  # layer and share, and of which moment
        self._arena: Any = None
        self._making: Future[Pruned] | None = None
        self._found: Pruned | None = None
        self._now: PruningTrial | None = None
        self._score: Score | None = None
        self._curve: dict[float, Score] = {}
        self._curve_key: tuple | None = None
        self._point: tuple[float, Future[Pruned] | PruningTrial] | None = None
        self._left: list[float] = []
        self._since = self._curve_since = 1e9

    def pass_time(self, dt: float) -> None:
        self._since += dt
        self._curve_since += dt

    def reading(self, source: Source, wanted: tuple[int, float] | None) -> PruningReading | None:
        """`wanted`: (node or -1 for all, share); None: nobody looks. Does a few milliseconds of work."""
        data = source.evaluator
        if wanted is None or data is None:
            if self._key is not None:
                self.forget()
            return None
        node, share = wanted
        node = node if weights(source.topology, node) else -1
        if self.view is not None and not self.view.fits(source):
            self.view = None
        if source.at_boundary:
            self._prune(source, data, node, share)
            self._draw_curve(source, data, node)
        return self._read(source, node, share)

    def wait(self) -> bool:
        """Until the weights are sorted, where a thread does it; whether one did."""
        return self._making is not None and self._making.result() is not None

    # ------------------------------------------------------------ the share that is chosen

    def _prune(self, source: Source, data: SourceData, node: int, share: float) -> None:
        key = (node, share, source.holds, *moment(source))
        chosen = self._key is None or key[:4] != self._key[:4]
        if key != self._key and self._making is None and (chosen or self._since >= RENEW):
            self._key, self._since = key, 0.0
            self._making = self._start(source, node, share)
        if self._making is not None and self._making.done():
            self._found, self._making = self._making.result(), None
            if isinstance(self._point, tuple) and isinstance(self._point[1], PruningTrial):  # its parameters are written over
                self._left, self._point = [self._point[0], *self._left], None
            self._now = PruningTrial(source, data, self._found, self._room(source))
            self._show(source, self._found)
        elif self._now is not None:
            self._now.work()
            if self._now.over:
                self._score, self._now = self._now.score, None

    def _start(self, source: Source, node: int, share: float) -> Future[Pruned]:
        parameters = np.array(source.ops.to_host(source.tensors("parameter")))
        if source.topology.n_weights <= AT_ONCE:
            done: Future[Pruned] = Future()
            done.set_result(prune(source.topology, parameters, share, node))
            return done
        self._pool = self._pool or ThreadPoolExecutor(1)
        return self._pool.submit(prune, source.topology, parameters, share, node)

    def _room(self, source: Source) -> Any:
        """Of the parameters that are scored."""
        if self._arena is None or self._arena.shape != source.tensors("parameter").shape:
            self._arena = source.ops.asarray(np.array(source.ops.to_host(source.tensors("parameter"))))
        return self._arena

    def _show(self, source: Source, found: Pruned) -> None:
        if not found.count:
            self.view = None
        elif self.view is None:
            self.view = PrunedNetwork(source, found.parameters)
        else:
            self.view.renew(found.parameters)
        if self.view is not None:
            self.view.follow()

    # ------------------------------------------------------------ all shares

    def _draw_curve(self, source: Source, data: SourceData, node: int) -> None:
        """One block of rows of the next point, where the chosen share is done."""
        if self._now is not None or self._making is not None:
            return
        key = (node, source.holds, *moment(source))
        other = self._curve_key is None or self._curve_key[:3] != key[:3]
        if key != self._curve_key and (other or (self._curve_since >= CURVE and not self._left)):
            self._curve_key, self._curve_since, self._left, self._point = key, 0.0, list(SHARES), None
            if other:
                self._curve = {}
        if self._point is None and self._left:
            share = self._left.pop(0)
            self._point = share, self._start(source, node, share)
        elif self._point is not None:
            share, looking = self._point
            if isinstance(looking, Future):
                if looking.done():
                    self._point = share, PruningTrial(source, data, looking.result(), self._room(source))
                return
            looking.work()
            if looking.over:
                self._curve[share], self._point = looking.score, None

    def _read(self, source: Source, node: int, share: float) -> PruningReading | None:
        found, classes = self._found, source.data.task == "classification"
        if found is None:
            return None
        curve = sorted(self._curve.items())
        known = self._score or Score(None, None)
        base = self._curve.get(0.0)
        values = [_value(score, classes) for _, score in curve]
        return PruningReading(
            node=node, share=share, count=found.count, total=found.total, threshold=found.threshold, part=source.data.held_out[0],
            rows=known.rows, of=known.of, loss=known.loss, accuracy=known.accuracy, before=base and _value(base, classes),
            share_c=np.array([at for at, _ in curve]), value_c=np.array(values, np.float64), classes=classes,
        )  # fmt: skip


def _value(score: Score, classes: bool) -> Any:
    """Accuracy of classes, loss of numbers."""
    value = score.accuracy if classes else score.loss
    return np.nan if value is None else value
