"""The strongest edges of a large pair, and the sums between its groups, found a stretch at a time over many frames. No OpenGL.

Stretches are counted, not timed: the same run makes the same pictures on any machine.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass

import numpy as np

from nnviz3d.bridge import edge_metrics
from nnviz3d.bridge.edge_groups import Ribbons
from nnviz3d.layers.shared.edge_quantities import Numbers

AT_ONCE = 1 << 18  # edges of a pair that are looked through in one go: about a millisecond
STRETCH = 1 << 18  # edges of a matrix that are looked through in a millisecond
FEW = 1 << 15  # of other kinds, whose edges are looked up one by one


@dataclass(frozen=True)
class Wanted:
    """What a pair is looked through for: its `quota` of edges, and those that carry `particles`."""

    numbers: Numbers
    quota: int
    particles: int
    all_edges: bool

    def most(self, size: int) -> int:
        return self.particles if self.all_edges else max(self.quota, min(self.particles, size))


@dataclass(frozen=True)
class Found:
    """`edges` (or ribbons) inside the pair, rising, with their |quantity|; `whole`: summed over all, `largest` of all edges. `sums`: of
    ribbons, all of them, with their signs. `signals`: how many of them carry signals."""

    edges: np.ndarray
    magnitude: np.ndarray
    whole: float
    largest: float
    sums: np.ndarray | None = None
    sample_s: np.ndarray | None = None
    signals: int = 0


Stretches = Generator[None, None, Found]


class Search:
    """Whose turn it is among the large pairs, and how far its work has come."""

    def __init__(self):
        self._pairs: list[int] = []
        self._what: tuple | None = None
        self._running: tuple[int, Stretches] | None = None
        self._left: set[int] = set()  # pairs to be looked through since the numbers changed last
        self._begun_for, self._moment = -1, 0
        self._next = 0

    @property
    def busy(self) -> bool:
        """Some pair has not been looked through since the numbers changed."""
        return bool(self._left)

    def follow(self, pairs: list[int], what: tuple, fresh: bool) -> None:
        """`what`: quantity that is looked for; another one begins again."""
        if (pairs, what) != (self._pairs, self._what):
            self._pairs, self._what, self._running = pairs, what, None
            fresh = True
        if fresh:
            self._moment += 1
            self._left = set(pairs)

    def go(self, most: int, begin: Callable[[int], Stretches]) -> dict[int, Found]:
        """At most so many stretches; returns what was found of those pairs that are done."""
        found: dict[int, Found] = {}
        for _ in range(most if self._left else 0):
            if self._running is None:
                k = self._pairs[self._next % len(self._pairs)]
                self._next = (self._next + 1) % len(self._pairs)
                self._running, self._begun_for = (k, begin(k)), self._moment
            k, stretches = self._running
            try:
                next(stretches)
            except StopIteration as done:
                found[k], self._running = done.value, None
                if self._begun_for == self._moment:
                    self._left.discard(k)
        return found


def ribbons(pair: edge_metrics.Pair, between: Ribbons, wanted: Wanted, ops) -> Stretches:
    """The strongest ribbons between groups. The largest |quantity| of a single edge is read from a sample."""
    c, xp = pair.connection, ops.xp
    total = xp.zeros((2, between.target.count, between.source.count))
    for part in pair.face.group_strengths(c, wanted.numbers, between.sizes, xp):
        total += part
        yield
    strength_r, sum_r = np.nan_to_num(ops.to_host(total), posinf=0.0, neginf=0.0).reshape(2, -1)
    top = edge_metrics.strongest(strength_r, max(wanted.quota, min(wanted.particles, between.count)))
    top = top[strength_r[top] > 0]
    largest = _clean(pair.picked(wanted.numbers, xp), xp).max(initial=0.0)
    sums = np.where(sum_r < 0, -strength_r, strength_r)  # as bright as all its edges, in the colour of their sum
    return Found(top, strength_r[top], float(strength_r.sum()), float(largest), sums, signals=wanted.particles)


def strongest_of(pair: edge_metrics.Pair, stack: tuple[np.ndarray, np.ndarray] | None, wanted: Wanted, ops) -> Stretches:
    """The strongest edges, by a threshold that is read from a sample. `stack`: see `EdgesFace.bundled`."""
    c, face, xp = pair.connection, pair.face, ops.xp
    most = wanted.most(c.size)
    share = max(1 - 1.6 * most / c.size - 0.004, 0)
    threshold = 0.0 if stack else float(xp.quantile(_clean(pair.picked(wanted.numbers, xp), xp), share))
    step = max(STRETCH // c.source.size, 1) * c.source.size if face.complete else FEW
    edges, magnitudes, whole, largest = [], [], 0.0, 0.0
    for first in range(0, c.size, step):
        magnitude_e = _clean(face.magnitudes(c, wanted.numbers, xp, first, min(first + step, c.size)), xp)
        whole, largest = whole + float(magnitude_e.sum()), max(largest, float(magnitude_e.max()))
        if stack:
            kept = face.bundled(c, magnitude_e, *stack, xp)
        else:
            kept = xp.flatnonzero(magnitude_e >= threshold if threshold > 0 else magnitude_e > 0)
        edges.append(first + kept)
        magnitudes.append(magnitude_e[kept])
        yield
    edge_e, magnitude_e = ops.to_host(xp.concatenate(edges)), ops.to_host(xp.concatenate(magnitudes))
    top = edge_metrics.strongest(magnitude_e, most)
    return Found(edge_e[top], magnitude_e[top], whole, largest, signals=wanted.particles)


def _clean(magnitude_e, xp):
    """Nothing non-finite: the sum is finite when all are."""
    if xp.isfinite(magnitude_e.sum()):
        return magnitude_e
    return xp.nan_to_num(magnitude_e, nan=0.0, posinf=0.0)
