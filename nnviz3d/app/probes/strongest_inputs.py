"""The samples of the data that activate a neuron, or a channel, a token or a head, most: looked for in slices while a panel wants them."""

from __future__ import annotations

import numpy as np

from nnviz3d.app.probes.row_activations import RENEW, RowPass, moment
from nnviz3d.sources.answer_text import words
from nnviz3d.sources.protocols import Source
from nnviz3d.spec.readout import StrongestReading, StrongRow
from nnviz3d.spec.topology import Node, Topology

TOP = 9


def extent(topology: Topology, neuron: int, grouped: bool) -> tuple[Node, int, int]:
    """(node, first neuron inside it, how many): the neuron alone, or all of its group."""
    node, index = topology.locate(neuron)
    if not grouped or node.groups < 2:
        return node, index, 1
    size = node.size // node.groups
    return node, index // size * size, size


class StrongestInputs:
    """Of one session."""

    def __init__(self):
        self._wanted: tuple | None = None
        self._running: RowPass | None = None
        self._last: RowPass | None = None
        self._since = RENEW
        self._made: tuple = (None, None)

    def pass_time(self, dt: float) -> None:
        self._since += dt

    def reading(self, source: Source, wanted: tuple[int, bool] | None) -> StrongestReading | None:
        """`wanted`: (neuron, whether all of its group is meant); None: nobody looks. Does one block."""
        data = source.evaluator
        if wanted is None or data is None or not 0 <= wanted[0] < source.topology.n_neurons:
            self._wanted = self._running = self._last = None
            return None
        subject = (source.serial, source.data, *wanted)
        if self._wanted is None or subject[0] != self._wanted[0] or subject[1] is not self._wanted[1] or subject[2:] != self._wanted[2:]:
            self._wanted, self._running, self._last, self._since = subject, None, None, RENEW
        node, first, size = extent(source.topology, *wanted)
        if source.at_boundary:
            due = self._last is None or (self._last.moment != moment(source) and self._since >= RENEW)
            if self._running is None and due:
                self._running, self._since = RowPass(source, data, node.number, first, size), 0.0
            if self._running is not None:
                self._running.work()
                if self._running.over:
                    self._last, self._running = self._running, None
        return self._read(source, node, first, size)

    def _read(self, source: Source, node: Node, first: int, size: int) -> StrongestReading | None:
        """The last whole pass; the first one as far as it has come."""
        run = self._last or self._running
        if run is None:
            return None
        key = (run, run.done)
        if self._made[0] != key:
            self._made = key, _reading(source, run, node, first, size)
        return self._made[1]


def _reading(source: Source, run: RowPass, node: Node, first: int, size: int) -> StrongestReading:
    data, strength_r = source.data, np.nan_to_num(run.a_rn[: run.done].max(1), nan=-np.inf)
    order = np.argsort(-strength_r, kind="stable")[:TOP]
    _part, x, t = data.held_out
    found = []
    for r in order.tolist():
        index = int(run.rows_r[r])
        found.append(StrongRow(index, float(strength_r[r]), int(run.a_rn[r].argmax()), x[index], words(data, t[index])))
    few = x[:: -(-len(x) // 1000)]
    low, high = (few.min(0), few.max(0)) if len(data.shape) < 2 else (np.full(x.shape[1], few.min()), np.full(x.shape[1], few.max()))
    return StrongestReading(
        neuron=node.neurons.start + first, size=size, part=run.part, known=run.done, looked=len(run.rows_r), of=run.of, step=run.step,
        rows=tuple(found), shape=data.shape if len(data.shape) > 1 else (), low=low, high=high,
        active=float((strength_r > 0).mean()) if run.done else 0.0,
    )  # fmt: skip
