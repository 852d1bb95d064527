"""Why an output, and what a neuron reaches: the strongest paths of the shown sample, looked for in slices while a panel wants them.

No clock: time is passed in. Nothing of the network is changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from time import perf_counter

from nnviz3d.app.probes.paths import Path, Tracer
from nnviz3d.sources.viewable import Viewable
from nnviz3d.spec.readout import TracedPath, TracingReading
from nnviz3d.spec.topology import EdgeRef

MOST = 24  # paths at most
SLICE = 2.5e-3  # seconds of work in a frame
RENEW = 0.7  # seconds between two looks while the network learns


class Tracing:
    """Of one session. `edges`: what lights up in the picture."""

    def __init__(self):
        self.edges: tuple[EdgeRef, ...] = ()
        self._subject: tuple | None = None
        self._moment: tuple = ()
        self._work: Iterator[list[Path]] | None = None
        self._partial: list[Path] = []
        self._paths: list[Path] | None = None
        self._since = RENEW

    def pass_time(self, dt: float) -> None:
        self._since += dt

    def reading(self, seen: Viewable, wanted: tuple[int, bool, int, int] | None) -> TracingReading | None:
        """`wanted`: (neuron, -1 for the largest output; back or on; how many paths; the one that lights up alone, -1 for all)."""
        if wanted is None:
            self.edges, self._subject, self._work, self._paths = (), None, None, None
            return None
        neuron, back, count, alone = wanted
        if not 0 <= neuron < seen.topology.n_neurons:
            neuron = _answer(seen)
        if seen.at_boundary:
            self._look(seen, neuron, back, min(max(count, 1), MOST))
        paths = self._partial if self._paths is None else self._paths
        shown = paths if not 0 <= alone < len(paths) else [paths[alone]]
        self.edges = tuple(dict.fromkeys(edge for path in shown for edge in path.edges))
        traced = tuple(TracedPath(path.neurons, path.shares, path.share, path.sign, path.bias) for path in paths)
        return TracingReading(neuron, back, traced, sum(path.share for path in paths), self._work is None)

    def _look(self, seen: Viewable, neuron: int, back: bool, count: int) -> None:
        subject, moment = (seen.topology, neuron, back, count, seen.sample), (seen.serial, seen.version)
        other = self._subject is None or not all(a is b or a == b for a, b in zip(subject, self._subject, strict=True))
        if other:
            self._paths, self._partial = None, []
        if other or (moment != self._moment and self._work is None and self._since >= RENEW):
            self._subject, self._moment, self._since = subject, moment, 0.0
            tracer = Tracer(seen)
            self._work = tracer.back(neuron, count) if back else tracer.on(neuron, count)
        end = perf_counter() + SLICE
        while self._work is not None and perf_counter() < end:
            found = next(self._work, None)
            if found is None:
                self._work, self._paths = None, self._partial
            else:
                self._partial = found


def _answer(seen: Viewable) -> int:
    """The largest output."""
    output = seen.topology.output.neurons
    return output.start + int(seen.ops.to_host(seen.tensors("activation")[output.slice]).argmax())
