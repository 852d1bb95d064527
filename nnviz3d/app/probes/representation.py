"""The samples as a cloud of points: what a layer does with each of them, as its three principal components or three chosen neurons.

Rows are passed in slices, the axes are found on a thread; while the network learns the cloud is renewed, turned so that it lies on the one
before, and the shown sample moves in every frame. No clock: time is passed in.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from nnviz3d.app.probes.cloud import cloud
from nnviz3d.app.probes.row_activations import RowPass, moment
from nnviz3d.app.probes.tsne_map import TsneMap
from nnviz3d.engine.principal import PrincipalAxes, components, rotation_onto
from nnviz3d.sources.protocols import Source
from nnviz3d.sources.viewable import Viewable
from nnviz3d.spec.readout import CloudReading, TsneAsked

MOST = 1500  # points
RENEW = 0.8  # seconds between the starts of two passes while the network changes
Wanted = tuple[int, tuple[int, int, int] | TsneAsked | None]  # node; instead of the components three of its neurons, or a map


class Representation:
    """Of one session."""

    def __init__(self):
        self._pool: ThreadPoolExecutor | None = None
        self._versions = 0
        self.map = TsneMap()
        self.forget()

    def forget(self) -> None:
        """Nobody looks."""
        self._subject: tuple | None = None
        self._running: RowPass | None = None
        self._solving: tuple[RowPass, Future[PrincipalAxes]] | None = None
        self._shown: tuple[RowPass, PrincipalAxes] | None = None
        self._xyz: np.ndarray | None = None
        self._moment: tuple = ()
        self._since = RENEW

    def pass_time(self, dt: float) -> None:
        self._since += dt

    def reading(self, source: Source, seen: Viewable, wanted: Wanted | None) -> CloudReading | None:
        """None where nobody looks, or nothing is known yet."""
        data = source.evaluator
        if wanted is None or data is None or not 0 <= wanted[0] < len(source.topology.nodes):
            if self._subject is not None:
                self.forget()
            return None
        if isinstance(wanted[1], TsneAsked):
            return self.map.reading(source, seen, wanted[0], wanted[1])
        subject = (source.topology, source.data, *wanted)
        if self._subject is None or not all(a is b or a == b for a, b in zip(subject, self._subject, strict=True)):
            self.forget()
            self._subject = subject
        node = source.topology.nodes[wanted[0]]
        if source.at_boundary:
            due = moment(source) != self._moment and self._since >= RENEW
            if self._running is None and self._solving is None and due:
                self._moment, self._since = moment(source), 0.0
                self._running = RowPass(source, data, node.number, 0, node.size, MOST)
            if self._running is not None:
                self._running.work()
        self._solve(wanted[1])
        return self._read(source, seen, wanted[0])

    def _solve(self, features: tuple[int, int, int] | None) -> None:
        """From a whole pass to axes, from axes to places."""
        if self._running is not None and self._running.over:
            run, self._running = self._running, None
            self._pool = self._pool or ThreadPoolExecutor(1)
            work = self._pool.submit(components, run.a_rn) if features is None else self._pool.submit(_chosen, run.a_rn, features)
            self._solving = run, work
        if self._solving is not None and self._solving[1].done():
            (run, work), self._solving = self._solving, None
            projection = work.result()
            xyz = projection.apply(run.a_rn)
            if features is None and self._xyz is not None and len(self._xyz) == len(xyz):
                turn = rotation_onto(xyz, self._xyz)
                xyz, projection = xyz @ turn, PrincipalAxes(projection.mean, projection.axes @ turn, projection.share_3)
            self._xyz, self._shown = xyz, (run, projection)
            self._versions += 1

    def _read(self, source: Source, seen: Viewable, node: int) -> CloudReading | None:
        if self._shown is None or self._xyz is None:
            return None
        run, projection = self._shown
        neurons = source.topology.nodes[node].neurons.slice
        a_n = np.nan_to_num(np.asarray(seen.ops.to_host(seen.tensors("activation")[neurons]), np.float64))
        return cloud(source, seen, node, run, self._versions, self._xyz, projection.apply(a_n[None])[0], projection.share_3)


def _chosen(a_rn: np.ndarray, features: tuple[int, int, int]) -> PrincipalAxes:
    """Three neurons as they are."""
    a = np.nan_to_num(np.asarray(a_rn, np.float64))
    axes = np.zeros((a.shape[1], 3))
    for k, neuron in enumerate(features):
        axes[min(max(neuron, 0), a.shape[1] - 1), k] = 1
    mean = a.mean(0)
    total = float(np.square(a - mean).sum())
    shown = np.square((a - mean) @ axes).sum(0)
    return PrincipalAxes(mean, axes, shown / total if total > 0 else np.zeros(3))
