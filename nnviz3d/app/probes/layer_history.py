"""What each layer's weights, gradients and activations looked like over the steps: samples at a steady cadence, of bounded number.

Works only while a panel asks for it. When one begins to ask, the past is filled in from the states that going back holds, one a frame, so
that nothing need be recorded before. Reads, never writes: activations are computed in buffers of its own. No OpenGL and no clock.
Measured on two cores: 0.5 ms a sample (64-48-32-10), 2.5 ms (784-1024-1024-10), ten a second and fewer as the run grows longer.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field

import numpy as np

from nnviz3d.app.probes.health import spread as evenly
from nnviz3d.engine.forward_pass import ForwardPass
from nnviz3d.engine.statistics import BINS, Spread, rms, spots, spread
from nnviz3d.sources.protocols import PastState, Source
from nnviz3d.spec.node_names import short_name
from nnviz3d.spec.readout import LayersReading
from nnviz3d.spec.topology import Topology

EVERY = 0.15  # seconds between two samples, doubled each time that they are thinned
MOST = 160  # moments: one for two pixels of the plot; when there are more, every second one is dropped
VALUES, LEAST = 16_384, 64  # numbers of one kind in a sample, and of one layer at least
ROWS, WORK = 256, 1e7  # samples whose activations are looked at, and the multiply-adds that may cost
COPY = 1_000_000  # parameters: so many are copied, so that a past moment's activations can be computed too
PAST = 96  # moments that are filled in


@dataclass(frozen=True)
class LayerSample:
    """One sample. A quantity that is not known there is absent: before the first step there is no gradient."""

    step: int
    spreads: dict[str, Spread] = field(default_factory=dict)
    ratio: np.ndarray | None = None  # (L,) rms of the change / rms of the weights


class Probe:
    """Where one network's numbers are looked at: places in the arenas, rows of the data, buffers for their activations."""

    def __init__(self, source: Source):
        self.source, self.serial, topology = source, source.serial, source.topology
        self.killed, self.topology = source.holds.killed, topology
        self.layers = [node for node in topology.nodes if node.weight is not None]
        weights = [node.weight for node in self.layers if node.weight is not None]
        most = max(VALUES // len(weights), LEAST)
        places = [weight.start + spots(weight.size, most) for weight in weights]
        self.starts = np.cumsum([0, *map(len, places)])
        self.where = np.concatenate(places)
        self._where = source.ops.asarray(self.where, np.intp)
        size, ops = topology.n_parameters, source.ops
        self.rows = int(min(max(WORK / size, 1), ROWS)) if size <= WORK else 0  # 0: the shown sample alone
        self.copy = ops.zeros(size) if size <= COPY else None
        if self.rows:
            x_ni = evenly(source.data.held_out[1], self.rows)
            self.rows = len(x_ni)
            parameters = source.tensors("parameter") if self.copy is None else self.copy
            self._response = ForwardPass.of_rows(ops, topology, source.objective, parameters, x_ni, self.killed)
        cells = [max(self.rows, 1) * node.size for node in self.layers]
        self._cells = [spots(n, most) for n in cells]
        self._cell_starts = np.cumsum([0, *map(len, self._cells)])
        self.seen = {"weight": np.diff(self.starts), "gradient": np.diff(self.starts), "activation": np.diff(self._cell_starts)}
        self.total = {"weight": [weight.size for weight in weights], "activation": cells}
        self.total["gradient"] = self.total["weight"]

    def now(self) -> LayerSample:
        """This moment; between two steps only."""
        source, xp = self.source, self.source.ops.xp
        parameters = source.tensors("parameter")
        if self.copy is not None:
            xp.copyto(self.copy, parameters)
        gradients, before = source.tensors("gradient"), source.tensors("before")
        assert before is not None  # of what learns, was recorded or is watched: `LayerHistory.reading` asks nothing else
        known = gradients is not None  # a watched loop may send none
        three = xp.stack([arena[self._where] for arena in (parameters, gradients if known else before, before)])
        w, g, old = source.ops.to_host(three)
        return self._moment(source.step, w, g if known else None, old, self._activations())

    def then(self, step: int, state: PastState) -> LayerSample:
        """A moment of the past, from `Trainer.state` as it was."""
        arenas, activations = state["arenas"], None
        if self.copy is not None and state["holds"].killed == self.killed:
            self.source.ops.write(arenas["parameters"], self.copy)
            activations = self._activations()
        w, before = (arenas[name][self.where] for name in ("parameters", "before"))
        g = None if arenas["gradients"] is None else arenas["gradients"][self.where]
        return self._moment(step, w, g, before, activations)

    def _activations(self) -> np.ndarray:
        if self.rows:
            whole = self._response.activations()
            a_ni = [whole[node.number] for node in self.layers]
        else:
            a_n = self.source.ops.to_host(self.source.tensors("activation"))
            a_ni = [a_n[node.neurons.slice] for node in self.layers]
        return np.concatenate([a.ravel()[cells] for a, cells in zip(a_ni, self._cells, strict=True)])

    def _moment(self, step: int, w: np.ndarray, g: np.ndarray | None, before: np.ndarray, a: np.ndarray | None) -> LayerSample:
        spreads, ratio = {"weight": spread(w, self.starts)}, None
        if a is not None:
            spreads["activation"] = spread(a, self._cell_starts)
        if step and g is not None:
            spreads["gradient"] = spread(g, self.starts)
        if step:
            size = spreads["weight"].rms
            with np.errstate(all="ignore"):
                ratio = np.where(size > 0, rms(w - before, self.starts) / size, np.nan)
        return LayerSample(step, spreads, ratio)


class LayerHistory:
    """`reading` is asked once a frame; it samples where one is due. Follows the run: what going back has discarded is dropped."""

    def __init__(self):
        self._moments: list[LayerSample] = []
        self._topology: Topology | None = None
        self._probe: Probe | None = None
        self._reading: LayersReading | None = None
        self._every, self._seconds = EVERY, 0.0
        self._sampled: tuple | None = None
        self._past: list[int] = []  # steps that wait to be filled in
        self._open = False

    def pass_time(self, dt: float) -> None:
        self._seconds += dt

    def reading(self, source: Source, wanted: tuple[str, int] | None) -> LayersReading | None:
        """`wanted`: the quantity and the layer (0: the first with weights) whose histograms are shown; None: nothing is, and nothing is
        done. The same object as long as nothing has changed."""
        if wanted is None or (source.learner is None and source.playback is None):
            self._open = False
            return None
        probe = self._follow(source)
        self._take(source, probe)
        quantity, layer = wanted[0], min(max(wanted[1], 0), len(probe.layers) - 1)
        old = self._reading
        if old is None or (old.quantity, old.layer) != (quantity, layer):
            self._reading = self._read(probe, quantity, layer)
        return self._reading

    def _follow(self, source: Source) -> Probe:
        """Another network, another branch of the run, or a panel that has just been opened."""
        probe = self._probe
        new = probe is None or probe.source is not source or probe.serial != source.serial or probe.killed != source.holds.killed
        if probe is None or new:
            same = probe is not None and source.topology == self._topology
            self._topology, self._probe, self._sampled = source.topology, (probe := Probe(source)), None
            self._keep([m for m in self._moments if m.step < source.step] if same else [])
        lost = source.history.take_lost() if source.history else None
        if lost is not None and self._moments and self._moments[-1].step >= lost:
            self._keep([m for m in self._moments if m.step < lost])
            self._sampled = None
        if new or not self._open:
            self._past = self._missing(source)
        self._open = True
        return probe

    def _keep(self, moments: list[LayerSample]) -> None:
        self._moments, self._reading = moments, None
        if not moments:
            self._every = EVERY

    def _take(self, source: Source, probe: Probe) -> None:
        """The present where it is due, else one moment of the past."""
        moment = (source.step, source.written)
        if moment != self._sampled and source.at_boundary and (self._seconds >= self._every or self._sampled is None):
            self._sampled, self._seconds = moment, 0.0
            if source.history is None:  # nothing leads back to what came after
                self._keep([m for m in self._moments if m.step < source.step])
            self._insert(probe.now())
        elif self._past and source.at_boundary and source.history is not None:
            state = dict(source.history.moments()).get(step := self._past.pop())
            if state is not None:
                self._insert(probe.then(step, state))

    def _missing(self, source: Source) -> list[int]:
        """Steps of held states far from every moment that is known, the oldest last."""
        if source.history is None:
            return []
        held = np.array([step for step, _ in source.history.moments()])
        known = np.array([-np.inf, *(m.step for m in self._moments), np.inf])
        at = np.searchsorted(known, held)
        far = np.minimum(held - known[at - 1], known[at] - held) > source.history.newest / MOST
        held = held[far & (held != source.step)]
        return held[np.unique(np.linspace(0, len(held) - 1, PAST).astype(int))][::-1].tolist() if len(held) else []

    def _insert(self, moment: LayerSample) -> None:
        at = bisect_left(self._moments, moment.step, key=lambda m: m.step)
        there = at < len(self._moments) and self._moments[at].step == moment.step
        self._moments[at : at + there] = [moment]
        self._reading = None
        if len(self._moments) > MOST:
            del self._moments[1:-1:2]
            self._every *= 2

    def _read(self, probe: Probe, quantity: str, layer: int) -> LayersReading:
        moments = self._moments
        nothing = np.full(len(probe.layers), np.nan)
        with_it = [m for m in moments if quantity in m.spreads]

        def rows(of) -> np.ndarray:
            return np.array([nothing if (row := of(m)) is None else row for m in moments]).reshape(len(moments), len(nothing))

        def one(name: str) -> np.ndarray:
            return np.array([getattr(m.spreads[quantity], name)[layer] for m in with_it])

        return LayersReading(
            names=tuple(short_name(probe.topology, node.number) for node in probe.layers),
            step_t=np.array([m.step for m in moments], float),
            gradient_tl=rows(lambda m: m.spreads["gradient"].rms if "gradient" in m.spreads else None),
            ratio_tl=rows(lambda m: m.ratio),
            quantity=quantity,
            layer=layer,
            seen_t=np.array([m.step for m in with_it], float),
            low_t=one("low"),
            high_t=one("high"),
            rms_t=one("rms"),
            count_tb=one("count").reshape(len(with_it), BINS),
            seen=int(probe.seen[quantity][layer]),
            total=int(probe.total[quantity][layer]),
            rows=probe.rows,
            nodes=tuple(node.number for node in probe.layers),
            rms_tl=np.array([m.spreads[quantity].rms for m in with_it]).reshape(len(with_it), len(nothing)),
        )
