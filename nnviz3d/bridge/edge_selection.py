"""Which edges of each layer pair are drawn, which carry signals, and the scale they are drawn by; renewed a pair at a time. No OpenGL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nnviz3d.bridge import edge_metrics
from nnviz3d.bridge.weight_change import Moved
from nnviz3d.layers.shared.edge_quantities import Numbers
from nnviz3d.layout.folding import Stack
from nnviz3d.spec.scene import Look
from nnviz3d.spec.topology import Topology

SIGNALS = 128  # edges of a pair that carry signals, at most


@dataclass
class ShownEdges:
    """What the legend says of the edges: how many of how many, what share of the summed |quantity|, and the largest |quantity| with the
    layer that its edge leads into (its number). None of it but `shown` and `share` depends on how many edges are drawn."""

    shown: int = 0
    total: int = 0
    share: float = 1.0
    peak: float = 0.0
    layer: int = 0
    whole: float = 0.0  # summed |quantity| of all edges
    folded: int = 0  # neurons in stacks: of those only the strongest edges can be shown

    def with_those(self, other: ShownEdges) -> ShownEdges:
        """Of two networks together; the brightest is that of both."""
        whole = self.whole + other.whole
        share = (self.share * self.whole + other.share * other.whole) / whole if whole > 0 else 1.0
        most = self if self.peak >= other.peak else other
        folded = self.folded + other.folded
        return ShownEdges(self.shown + other.shown, self.total + other.total, share, most.peak, most.layer, whole, folded)


class EdgeChoice:
    """By layer pair k. `chosen`, `signals`: edges inside the pair; `bright` (K,): the value from which edges are drawn brightest; `largest`
    (K,): the largest of all.

    `scales` (K, 2) float32: 1 / the value that is drawn brightest, and the gain. `all_edges`: every edge is drawn, `chosen` is not used.
    """

    def __init__(self, topology: Topology, ops, capacity: int):
        """`capacity`: edges that can be listed."""
        self.topology, self.ops, self.xp, self.capacity = topology, ops, ops.xp, min(topology.n_edges, capacity)
        self.pairs = [edge_metrics.Pair.of(c, c.number, self.xp) for c in topology.connections]
        count, nothing = len(self.pairs), np.zeros(0, np.int64)
        self.all_edges = True
        self.chosen: list[np.ndarray] = [nothing] * count
        self.signals: list[np.ndarray] = [nothing] * count
        self.bright, self.largest = np.zeros(count), np.zeros(count)
        self.scales = np.ones((count, 2), np.float32)
        self._levels: list[np.ndarray] = [nothing] * count  # |quantity| of what is drawn (or of a sample of it)
        self._sums = np.ones((count, 2))  # summed |quantity|: chosen, all
        self._made_for: tuple | None = None
        self._turn = 0
        self._stacks: dict[int, tuple[np.ndarray, np.ndarray]] = {}  # by pair: inputs that stand by themselves, those in its stack
        self._folded = 0

    def fold(self, stacks: Sequence[Stack]) -> None:
        """What the layout has folded."""
        self._stacks, self._folded = {}, sum(len(stack.folded_m) for stack in stacks)
        for k, pair in enumerate(self.pairs):
            for stack in stacks:
                if self.topology.nodes[stack.node] is pair.connection.source:
                    first = pair.connection.source.neurons.start
                    self._stacks[k] = stack.shown_k - first, stack.folded_m - first
        self._made_for = None

    @property
    def renewing(self) -> bool:
        """Some pairs are still to have their turn."""
        return self._turn > 0

    @np.errstate(all="ignore")  # a network that has diverged holds infinities: they are drawn, and told by the diagnosis
    def renew(self, numbers: Numbers, look: Look, budget: int, particles: int, exact: bool, moved: Moved | None) -> None:
        """The strongest edges of those pairs whose turn it is (`exact`, or another way to choose: of all), and scales."""
        count = max(len(self.pairs), 1)
        budget = min(budget, self.capacity) if self.capacity < self.topology.n_edges else budget
        self.all_edges = self.topology.n_edges <= budget and not self._stacks
        quotas = edge_metrics.share_out(budget, tuple(map(self._size, range(len(self.pairs)))))
        made_for = (numbers.flow, look.edges, look.scale, budget, particles, moved and moved.how)
        due = range(len(self.pairs)) if exact or made_for != self._made_for else [self._turn % count]
        self._turn = 0 if exact else (self._turn + 1) % count
        self._made_for = made_for
        drawn = {}
        for k in due:
            self._choose(k, numbers, quotas[k], particles)
            # relative to what is shown: of the strongest thousandth, the strongest paths must still stand out
            drawn[k], self.bright[k] = self._measured(k, moved)
        peak = self._peak
        for k in due:
            scale = peak if look.scale == "global" else float(self.bright[k])
            mean = edge_metrics.mean_energy(drawn[k] / scale) if scale > 0 else 0.0
            self.scales[k] = 1.0 / scale if scale > 1e-20 else 0.0, edge_metrics.gain(mean * self._count(k))

    @property
    def shown(self) -> ShownEdges:
        """For the legend."""
        chosen, whole = (float(total_k.sum()) for total_k in self._sums.T)
        share = 1.0 if self.all_edges or whole <= 0 else chosen / whole
        layer = self.pairs[int(self.largest.argmax())].connection.target.number if self.pairs else 0
        count = sum(map(self._count, range(len(self.pairs))))
        return ShownEdges(count, self.topology.n_edges, share, float(self.largest.max(initial=0.0)), layer, whole, self._folded)

    def _size(self, k: int) -> int:
        """Edges of a pair that can be drawn."""
        c = self.pairs[k].connection
        if k not in self._stacks:
            return c.size
        return c.size // c.source.size * (len(self._stacks[k][0]) + 1)

    def pair_energies(self, bright_k: np.ndarray) -> np.ndarray:
        """(K,) the summed energy of what is shown of each pair, where `bright_k` are drawn brightest."""
        means = [
            edge_metrics.mean_energy(level / bright) if bright > 0 else 0.0 for level, bright in zip(self._levels, bright_k, strict=True)
        ]
        return np.array(means) * [self._count(k) for k in range(len(self.pairs))]

    def around(self, neuron: int, numbers: Numbers, most: int) -> np.ndarray:
        """(n, 2) the strongest edges into and out of one neuron, at most so many on each side."""
        node, index = self.topology.locate(neuron)
        found = [np.zeros(0, np.int64)] * len(self.pairs)
        for k, pair in enumerate(self.pairs):
            c = pair.connection
            if node not in (c.source, c.target):
                continue
            edges = pair.face.into(c, index) if node is c.target else pair.face.out_of(c, index)
            magnitude = self.ops.to_host(edge_metrics.Pair(c, self.xp.asarray(edges)).picked(numbers, self.xp))
            if k in self._stacks and node is c.target:
                alone_e = np.isin(pair.face.ends(c, edges)[0] - c.source.neurons.start, self._stacks[k][0])
                kept = edge_metrics.with_strongest(alone_e, magnitude)
                edges, magnitude = edges[kept], magnitude[kept]
            found[k] = edges[edge_metrics.strongest(magnitude, most)]
        return listed(found)[: 2 * most]

    @property
    def _peak(self) -> float:
        return float(self.bright.max(initial=0.0))

    def _count(self, k: int) -> int:
        """Edges of a pair that are drawn."""
        return self.pairs[k].connection.size if self.all_edges else len(self.chosen[k])

    def _choose(self, k: int, numbers: Numbers, quota: int, particles: int) -> None:
        pair, xp, host = self.pairs[k], self.xp, self.ops.to_host
        sample_s = pair.sampled(numbers, xp)
        magnitude_e = sample_s if pair.whole else pair.magnitudes(numbers, xp)
        wanted = particles if self.all_edges else max(quota, min(particles, magnitude_e.size))
        if k in self._stacks:
            may = pair.face.bundled(pair.connection, magnitude_e, *self._stacks[k], xp)
            top = may[edge_metrics.strongest(magnitude_e[may], wanted, None, xp)]
        else:
            top = edge_metrics.strongest(magnitude_e, wanted, sample_s, xp)
        values = magnitude_e[top]
        whole = float(magnitude_e.sum())
        self._sums[k], self.largest[k] = (whole, whole), float(magnitude_e.max(initial=0.0))
        if self.all_edges:
            self._levels[k] = host(sample_s)
        else:
            self.chosen[k] = host(top)
            self._levels[k] = host(values)
            self._sums[k, 0] = float(values.sum())
        self.signals[k] = host(top[edge_metrics.strongest(values, min(particles, SIGNALS), None, xp)])

    def _measured(self, k: int, moved: Moved | None) -> tuple[np.ndarray, float]:
        """|what is drawn| of a pair's edges (or of a sample of them), and what counts as brightest."""
        if moved is None:
            return self._levels[k], edge_metrics.bright(self._levels[k])
        # by the weights themselves, whichever moment is drawn: switching must not change the scale
        pair, xp = self.pairs[k], self.xp
        edges = pair.sample_s if self.all_edges else xp.asarray(self.chosen[k])
        largest = self.ops.to_host(moved.largest(pair, pair.sample_s, xp))
        return self.ops.to_host(moved.shown(pair, edges, xp)), edge_metrics.bright(largest)


def listed(edges_k: list[np.ndarray]) -> np.ndarray:
    """(n, 2) int32 pair, edge inside the pair."""
    out = np.empty((sum(map(len, edges_k)), 2), np.int32)
    at = 0
    for k, edges in enumerate(edges_k):
        out[at : at + len(edges), 0] = k
        out[at : at + len(edges), 1] = edges
        at += len(edges)
    return out
