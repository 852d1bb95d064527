"""Which edges of each layer pair are drawn, which carry signals, and the scale they are drawn by; renewed a pair at a time. No OpenGL.

A pair that is drawn between groups has ribbons in the place of edges. What is large is looked through a stretch at a time, over many
frames (`edge_search`); until that is done, the old choice stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nnviz3d.bridge import edge_metrics
from nnviz3d.bridge.edge_groups import Groups, Ribbons
from nnviz3d.bridge.edge_search import AT_ONCE, Found, Search, Stretches, Wanted, ribbons, strongest_of
from nnviz3d.bridge.shown_edges import ShownEdges
from nnviz3d.bridge.weight_change import Moved
from nnviz3d.layers.shared.edge_quantities import Numbers
from nnviz3d.layout.folding import Stack
from nnviz3d.spec.scene import Look
from nnviz3d.spec.topology import Topology

SIGNALS = 128  # edges of a pair that carry signals, at most
WHOLE = 1 << 20  # parameters that are uploaded whole: 4 MB, a millisecond; of more, those of listed edges alone
CALM = 8  # pairs of ribbons that are as bright as if each were alone
BETWEEN = 240  # ribbons that carry signals, at most
STRETCHES = 2  # of large pairs in a frame, each about a millisecond
FIRST = 8  # the same while there is one of which nothing has been found yet
MANY, EACH = 1 << 19, 1 << 14  # edges of other pairs that are looked through in a frame; for so many counts a pair, however small it is


@dataclass(frozen=True)
class Around:
    """Edges of one neuron: `edges` inside pair `pair`, and the value that is drawn brightest of them where the pair itself is ribbons."""

    pair: int
    edges: np.ndarray
    magnitude: np.ndarray


class EdgeChoice:
    """By layer pair k. `chosen`, `signals`: edges (or ribbons) inside the pair; `bright` (K,): the value from which they are drawn
    brightest; `largest` (K,): the largest of all. `sums`: of pairs that are drawn as ribbons, (R,) with their signs.

    `scales` (K, 2) float32: 1 / the value that is drawn brightest, and the gain. `all_edges`: every edge and ribbon is drawn; of complete
    pairs `chosen` is not used then.
    """

    def __init__(self, topology: Topology, ops, capacity: int):
        """`capacity`: edges that can be listed."""
        self.topology, self.ops, self.xp = topology, ops, ops.xp
        self.groups = Groups(topology)
        self.pairs = [edge_metrics.Pair.of(c, c.number, self.xp) for c in topology.connections]
        count, nothing = len(self.pairs), np.zeros(0, np.int64)
        self.all_edges = True
        self.chosen: list[np.ndarray] = [nothing] * count
        self.signals: list[np.ndarray] = [nothing] * count
        self.sums: list[np.ndarray] = [np.zeros(0)] * count
        self.bright, self.largest = np.zeros(count), np.zeros(count)
        self.scales = np.ones((count, 2), np.float32)
        self._levels: list[np.ndarray] = [nothing] * count  # |quantity| of what is drawn (or of a sample of it)
        self._sums = np.zeros((count, 2))  # summed |quantity|: chosen, all
        self._made_for: tuple | None = None
        self._turn = 0
        self._due: list[int] = []  # quick pairs to be chosen anew
        self._known: set[int] = set()  # pairs of which something has been found
        self._stacks: dict[int, tuple[np.ndarray, np.ndarray]] = {}  # by pair: inputs that stand by themselves, those in its stack
        self._folded = 0
        self._within: frozenset[int] = frozenset()  # pairs inside slabs: not drawn
        self._between = sum(each is not None for each in self.groups.ribbons)
        self._search = Search()
        self._wanted: dict[int, Wanted] = {}  # of large pairs, as they were asked for last
        self._waiting: dict[int, Found] = {}  # found since, and not drawn yet
        self._fixed = frozenset(k for k, pair in enumerate(self.pairs) if pair.face.fixed)
        self._every = [np.arange(0)] * count  # all edges of pairs that are listed whole
        self.drawable = sum(map(self._size, range(count)))
        self.capacity = min(self.drawable, capacity)

    def ribbons(self, k: int) -> Ribbons | None:
        """What pair k is drawn as, where it is not its edges."""
        return None if k in self._stacks else self.groups.ribbons[k]

    def fold(self, stacks: Sequence[Stack], within: frozenset[int] = frozenset()) -> None:
        """What the layout has folded; pairs `within` slabs are not drawn."""
        self._within = within
        for k in within:
            nothing = np.zeros(0, np.int64)
            self.chosen[k] = self.signals[k] = self._levels[k] = nothing
            self._sums[k], self.largest[k], self.bright[k] = 0, 0.0, 0.0
        self._stacks, self._folded = {}, sum(len(stack.folded_m) for stack in stacks)
        for k, pair in enumerate(self.pairs):
            for stack in stacks:
                if self.topology.nodes[stack.node] is pair.connection.source:
                    first = pair.connection.source.neurons.start
                    self._stacks[k] = stack.shown_k - first, stack.folded_m - first
        self.drawable = sum(map(self._size, range(len(self.pairs))))
        self._made_for = None

    @property
    def renewing(self) -> bool:
        """Some pairs are still to have their turn."""
        return self._turn > 0 or bool(self._due) or self._search.busy or bool(self._waiting)

    def whole(self, k: int) -> bool:
        """Whether all edges of the pair are drawn, straight out of the numbers."""
        return (
            k not in self._within
            and self.all_edges
            and self.topology.n_parameters <= WHOLE
            and self.pairs[k].face.complete
            and self.ribbons(k) is None
        )

    @np.errstate(all="ignore")  # a network that has diverged holds infinities: they are drawn, and the diagnosis reports them
    def renew(
        self, numbers: Numbers, look: Look, budget: int, particles: int, exact: bool, moved: Moved | None, fresh: bool = True
    ) -> None:
        """The strongest edges of those pairs whose turn it is (`exact`, or another way to choose: of all), and scales. `fresh`: the numbers
        are others than last time."""
        budget = min(budget, self.capacity) if self.capacity < self.drawable else budget
        self.all_edges = self.drawable <= budget and not self._stacks
        quotas = edge_metrics.share_out(budget, tuple(map(self._size, range(len(self.pairs)))))
        what = (numbers.flow, look.edges, moved and moved.how)
        made_for = (*what, look.scale, budget, particles)
        anew = made_for != self._made_for
        seen = [k for k in range(len(self.pairs)) if k not in self._within and k not in self._fixed]
        slow = [] if exact else [k for k in seen if self._slow(k)]
        quick = [k for k in seen if k not in slow]
        due = self._take_turns(quick, exact, anew)
        wanted = {k: Wanted(numbers, quotas[k], particles, self.all_edges) for k in {*due, *slow}}
        for k in due:
            self._settle(k, self._found_now(k, wanted[k]))
        due = [*due, *(self._take_fixed(particles) if anew or exact else ())]
        self._search.follow(slow, what, fresh)
        if anew:
            self._waiting = {}
        found, self._waiting, self._wanted = self._waiting, {}, {k: wanted[k] for k in slow}
        found |= self._go(wanted)
        for k, each in found.items():
            self._settle(k, each)
        again = {*slow, *self._due} if anew and self._made_for is not None else set()
        self._made_for = made_for
        self._rescale([*due, *found], [k for k in again if k not in found], numbers, look, moved)

    def search(self) -> None:
        """A frame's work on large pairs, in which nothing else is drawn anew."""
        self._waiting |= self._go(self._wanted) if self._wanted else {}

    def _take_fixed(self, particles: int) -> list[int]:
        """Choose the lines that never change: returns the numbers of their pairs."""
        found = [k for k in self._fixed if k not in self._within]
        for k in found:
            self._settle(k, Found(np.zeros(1, np.int64), np.ones(1), 1.0, 1.0, sample_s=np.ones(1), signals=particles))
        return found

    def _go(self, wanted: dict[int, Wanted]) -> dict[int, Found]:
        """What is found of large pairs in this frame."""
        most = STRETCHES if self._known.issuperset(self._wanted) else FIRST
        return self._search.go(most, lambda k: self._stretches(k, wanted[k]))

    def _take_turns(self, quick: list[int], exact: bool, anew: bool) -> list[int]:
        """Which of these pairs are chosen in this frame: all of them if `exact`, as many as a frame has time for where all are chosen
        `anew`, else one."""
        if exact:
            self._turn, self._due = 0, []
            return quick
        self._due = list(quick) if anew else [k for k in self._due if k in set(quick)]
        if not self._due:
            due = quick[self._turn % max(len(quick), 1) :][:1]
            self._turn = (self._turn + 1) % len(quick) if quick else 0
            return due
        cost_k = np.cumsum([self.pairs[k].connection.size + EACH for k in self._due])
        count = max(int(np.searchsorted(cost_k, MANY, "right")), 1)
        due, self._due = self._due[:count], self._due[count:]
        return due

    def _rescale(self, settled: list[int], kept: list[int], numbers: Numbers, look: Look, moved: Moved | None) -> None:
        """Scales of the pairs that were chosen anew, and of those that keep what was chosen by other numbers."""
        for k in kept:
            if self.ribbons(k) is None:
                self._levels[k] = self._magnitudes(k, self.chosen[k], numbers)
        drawn = {}
        for k in (*settled, *kept):
            # relative to what is shown: of the strongest thousandth, the strongest paths must still stand out
            drawn[k], self.bright[k] = self._measured(k, moved)
        peak = self._peak
        for k, level in drawn.items():
            scale = peak if look.scale == "global" else float(self.bright[k])
            mean = edge_metrics.mean_energy(level / scale) if scale > 0 else 0.0
            calm = 1.0 if self.ribbons(k) is None else min(1.0, (CALM / self._between) ** 0.5)  # so many pairs share one picture
            self.scales[k] = 1.0 / scale if scale > 1e-20 else 0.0, calm * edge_metrics.gain(mean * self.count(k))

    @property
    def shown(self) -> ShownEdges:
        """For the legend."""
        chosen, whole = (float(total_k.sum()) for total_k in self._sums.T)
        counts = [self.count(k) for k in range(len(self.pairs))]
        between = [k for k in range(len(self.pairs)) if self.ribbons(k) is not None and k not in self._within]
        share = 1.0 if self.all_edges else chosen / whole if whole > 0 else float(sum(counts) > 0 or not self.pairs)
        there = self._known | self._within
        layer = self.pairs[int(self.largest.argmax())].connection.target.number if self.pairs else 0
        return ShownEdges(
            shown=sum(counts[k] for k in range(len(counts)) if k not in between),
            total=self.topology.n_edges,
            share=share,
            peak=float(self.largest.max(initial=0.0)),
            layer=layer,
            whole=whole,
            folded=self._folded,
            ribbons=sum(counts[k] for k in between),
            bundled=sum(self.pairs[k].connection.size for k in between),
            inside=sum(self.pairs[k].connection.size for k in self._within),
            waiting=sum(pair.connection.size for k, pair in enumerate(self.pairs) if k not in there),
        )

    def _size(self, k: int) -> int:
        """Edges or ribbons of a pair that can be drawn."""
        c, between = self.pairs[k].connection, self.ribbons(k)
        if k in self._within:
            return 0
        if between is not None:
            return between.count
        if k not in self._stacks:
            return c.size
        return c.size // c.source.size * (len(self._stacks[k][0]) + 1)

    def _slow(self, k: int) -> bool:
        """Whether the pair is looked through over many frames."""
        pair = self.pairs[k]
        return self.ribbons(k) is not None or (pair.connection.size > AT_ONCE and (pair.face.complete or k not in self._stacks))

    def pair_energies(self, bright_k: np.ndarray) -> np.ndarray:
        """(K,) the summed energy of what is shown of each pair, where `bright_k` are drawn brightest."""
        means = [
            edge_metrics.mean_energy(level / bright) if bright > 0 else 0.0 for level, bright in zip(self._levels, bright_k, strict=True)
        ]
        return np.array(means) * [self.count(k) for k in range(len(self.pairs))]

    def around(self, neuron: int, numbers: Numbers, most: int, field: int) -> list[Around]:
        """The strongest edges into and out of one neuron, at most so many of a pair; `field` where the pair is drawn as ribbons: a
        receptive field is seen whole."""
        node, index = self.topology.locate(neuron)
        found = []
        for k, pair in enumerate(self.pairs):
            c = pair.connection
            if node not in (c.source, c.target) or k in self._within:
                continue
            edges = pair.face.into(c, index) if node is c.target else pair.face.out_of(c, index)
            magnitude = self._magnitudes(k, edges, numbers)
            if k in self._stacks and node is c.target:
                alone_e = np.isin(pair.face.ends(c, edges)[0] - c.source.neurons.start, self._stacks[k][0])
                kept = edge_metrics.with_strongest(alone_e, magnitude)
                edges, magnitude = edges[kept], magnitude[kept]
            top = edge_metrics.strongest(magnitude, most if self.ribbons(k) is None else field)
            found.append(Around(k, edges[top], magnitude[top]))
        return found

    @property
    def _peak(self) -> float:
        return float(self.bright.max(initial=0.0))

    def count(self, k: int) -> int:
        """Edges or ribbons of a pair that are drawn."""
        return self.pairs[k].connection.size if self.whole(k) else len(self.chosen[k])

    def _magnitudes(self, k: int, edges: np.ndarray, numbers: Numbers) -> np.ndarray:
        pair, xp = self.pairs[k], self.xp
        return np.nan_to_num(self.ops.to_host(pair.face.picked(pair.connection, xp.asarray(edges), numbers, xp)), posinf=0.0)

    def _found_now(self, k: int, wanted: Wanted) -> Found:
        """All at once."""
        if self.ribbons(k) is None:
            return self._at_once(k, wanted)
        stretches = self._stretches(k, wanted)
        while True:
            try:
                next(stretches)
            except StopIteration as done:
                return done.value

    def _stretches(self, k: int, wanted: Wanted) -> Stretches:
        """The same as stretches of work; returns what was found."""
        between = self.ribbons(k)
        if between is not None:
            return ribbons(self.pairs[k], between, wanted, self.ops)
        return strongest_of(self.pairs[k], self._stacks.get(k), wanted, self.ops)

    def _at_once(self, k: int, wanted: Wanted) -> Found:
        pair, xp, host = self.pairs[k], self.xp, self.ops.to_host
        sample_s = pair.sampled(wanted.numbers, xp)
        magnitude_e = sample_s if pair.whole else pair.magnitudes(wanted.numbers, xp)
        most = wanted.most(magnitude_e.size)
        if k in self._stacks:
            may = pair.face.bundled(pair.connection, magnitude_e, *self._stacks[k], xp)
            top = may[edge_metrics.strongest(magnitude_e[may], most, None, xp)]
        else:
            top = edge_metrics.strongest(magnitude_e, most, sample_s, xp)
        whole, largest = float(magnitude_e.sum()), float(magnitude_e.max(initial=0.0))
        return Found(host(top), host(magnitude_e[top]), whole, largest, sample_s=host(sample_s), signals=wanted.particles)

    def _settle(self, k: int, found: Found) -> None:
        """Draw these from now on."""
        self._known.add(k)
        self.largest[k] = found.largest
        signals = min(found.signals, SIGNALS if self.ribbons(k) is None else max(BETWEEN // self._between, 2))
        self.signals[k] = found.edges[edge_metrics.strongest(found.magnitude, signals)]
        if found.sums is not None:
            self.sums[k] = found.sums
        if self.all_edges and self.ribbons(k) is None:
            if len(self._every[k]) != self.pairs[k].connection.size:
                self._every[k] = np.arange(self.pairs[k].connection.size)
            self.chosen[k], self._levels[k] = self._every[k], found.sample_s if found.sample_s is not None else found.magnitude
            self._sums[k] = found.whole, found.whole
        else:
            self.chosen[k], self._levels[k] = found.edges, found.magnitude
            self._sums[k] = float(found.magnitude.sum()), found.whole

    def _measured(self, k: int, moved: Moved | None) -> tuple[np.ndarray, float]:
        """|what is drawn| of a pair's edges (or of a sample of them), and what counts as brightest."""
        if moved is None or self.ribbons(k) is not None:
            return self._levels[k], edge_metrics.bright(self._levels[k])
        # by the weights themselves, whichever moment is drawn: switching must not change the scale
        pair, xp = self.pairs[k], self.xp
        edges = pair.sample_s if self.all_edges else xp.asarray(self.chosen[k])
        largest = self.ops.to_host(moved.largest(pair, pair.sample_s, xp))
        return self.ops.to_host(moved.shown(pair, edges, xp)), edge_metrics.bright(largest)
