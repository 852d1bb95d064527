"""Which edges are worth a triangle, and how bright the brightest is. Arithmetic over arrays, numpy or CuPy (`xp`); no OpenGL.

Everything is a function of the quantity alone, so that the same state gives the same picture on every run.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from nnviz3d.layers.edge_lookup import edges_of
from nnviz3d.layers.shared.edge_quantities import Numbers
from nnviz3d.layers.shared.edges_face import EdgesFace
from nnviz3d.spec.activations import ACTIVATIONS
from nnviz3d.spec.topology import Connection, Topology

SAMPLE = 4096  # values that stand for a whole matrix when its scale is read: the 98.5th percentile is then good to about 0.3 points
TOGETHER = 1 << 18  # numbers of small layers that are looked at together
MANY = 1 << 17  # neurons of a layer, about, that its scale is read from
BRIGHT = 98.5
POWER = 1.35  # as in shaders/include/edge.glsl
FOLD_WEIGHTS = 1_000_000  # that are summed where inputs fold: half a millisecond
REFERENCE_ENERGY = 110.0  # summed energy of a layer pair that looks right without correction: 64 to 48 neurons on a digit


@dataclass(frozen=True)
class Pair:
    """A connection with the places where its values are sampled (fixed, from its own seed; all of them when it is small)."""

    connection: Connection
    sample_s: np.ndarray

    @classmethod
    def of(cls, connection: Connection, number: int, xp=np) -> Pair:
        if connection.size <= SAMPLE:
            places = np.arange(connection.size)
        else:
            places = np.random.Generator(np.random.PCG64(number)).integers(0, connection.size, SAMPLE)
        return cls(connection, xp.asarray(places))

    @property
    def whole(self) -> bool:
        """Whether the sample is all edges."""
        return self.connection.size <= SAMPLE

    @property
    def face(self) -> EdgesFace:
        return edges_of(self.connection)

    def magnitudes(self, numbers: Numbers, xp=np):
        """(E,) |quantity| of every edge of the pair."""
        return self.face.magnitudes(self.connection, numbers, xp)

    def sampled(self, numbers: Numbers, xp=np):
        """(S,) |quantity| at the sampled places."""
        if self.whole and self.sample_s.size == self.connection.size:
            return self.magnitudes(numbers, xp)
        return self.picked(numbers, xp)

    def picked(self, numbers: Numbers, xp=np):
        """The same by looking up each place, in the order of the places."""
        return self.face.picked(self.connection, self.sample_s, numbers, xp)


def with_strongest(alone_e: np.ndarray, magnitude_e: np.ndarray) -> np.ndarray:
    """Indices of the edges whose sources stand by themselves, and the strongest of the others, rising."""
    others = np.flatnonzero(~alone_e)
    at = magnitude_e[others].argmax() if len(others) else 0
    return np.sort(np.concatenate([np.flatnonzero(alone_e), others[at : at + 1]]))


def strongest(magnitude_e, k: int, sample_s=None, xp=np):
    """Indices of the `k` largest, in rising order of index. With `sample_s` (some of the values) a large array is only scanned."""
    n = magnitude_e.size
    if k <= 0:
        return xp.arange(0)
    if k >= n:
        return xp.arange(n)
    candidates = None
    if sample_s is not None and n > 4 * SAMPLE:
        threshold = xp.quantile(sample_s, max(1 - 1.6 * k / n - 0.004, 0))
        candidates = xp.flatnonzero(magnitude_e >= threshold)
        if candidates.size < k:
            candidates = None
    if candidates is None:
        return xp.sort(xp.argpartition(magnitude_e, n - k)[n - k :])
    if candidates.size > k:
        candidates = candidates[xp.argpartition(magnitude_e[candidates], candidates.size - k)[candidates.size - k :]]
    return xp.sort(candidates)


@lru_cache(maxsize=64)
def share_out(total: int, sizes: tuple[int, ...]) -> list[int]:
    """How many edges each pair gets of `total`: equal parts, and what a small pair does not need goes to the others."""
    out = [0] * len(sizes)
    left, open_pairs = total, sorted(range(len(sizes)), key=lambda k: sizes[k])
    while open_pairs:
        k = open_pairs.pop(0)
        out[k] = min(sizes[k], left // (len(open_pairs) + 1))
        left -= out[k]
    return out


def gain(energy: float) -> float:
    """Correction of brightness from the summed energy of the edges shown: few edges shine a little more, a million far less each."""
    return float(min(1.4, (REFERENCE_ENERGY / max(energy, 1e-9)) ** 0.82))


def bright(value_s, xp=np) -> float:
    """The value that counts as brightest: the 98.5th percentile, but at least a third of the largest (one edge among zeros must be
    seen); 0 of nothing. By partition, five times as fast as `percentile`."""
    if not value_s.size:
        return 0.0
    kth = int(BRIGHT / 100 * (value_s.size - 1))
    return max(float(xp.partition(value_s, kth)[kth]), float(value_s.max()) / 3)


def mean_energy(level_e, xp=np) -> float:
    """Mean energy of levels (|quantity| over scale) as the shader computes it, from at most about 500 of them."""
    level_e = level_e[:: max(level_e.size // 500, 1)]
    return float((xp.minimum(level_e, 1.6) ** POWER).mean()) if level_e.size else 0.0


def layer_scales(activation_n, nodes, now_n=None) -> np.ndarray:
    """(L,) float32: 1 / the activation that counts as full: 1 where the function is bounded and for pictures in [0, 1], else the layer's
    98th percentile of |a|. `now_n`: what is drawn at this moment of a walk, where some neurons still hold z."""
    out, tops = np.empty(len(nodes), np.float32), _tops(activation_n, nodes)
    for k, node in enumerate(nodes):
        top = float(tops[k])
        if not node.inputs and 0.5 < top <= 1.0:
            top = 1.0
        known = ACTIVATIONS[node.activation].full
        top = top if known is None else known
        if now_n is not None:  # z on its way to a: logits of 12 must not all be full
            top = max(top, float(np.abs(now_n[node.neurons.slice]).max()))
        out[k] = 1.0 / top if top > 1e-6 else 0.0
    return out


def _tops(activation_n, nodes) -> np.ndarray:
    """(L,) the 98th percentile of |a| of each layer, at least 0.4 of the largest: one loud neuron in a silent layer must not be lost.
    Small layers of one size at once: there may be thousands."""
    by_size: dict[int, list[int]] = {}
    for k, node in enumerate(nodes):
        by_size.setdefault(node.size, []).append(k)
    out = np.empty(len(nodes))
    for size, numbers in by_size.items():
        step, starts_k = TOGETHER // size or 1, np.array([nodes[k].neurons.start for k in numbers])
        for first in range(0, len(numbers), step):
            part = starts_k[first : first + step]
            a_kn = activation_n[part[0] : part[0] + size][None] if len(part) == 1 else activation_n[part[:, None] + np.arange(size)]
            a_kn = np.abs(a_kn)
            some = a_kn[:, :: max(size // MANY, 1)]
            kth = int(0.98 * (some.shape[1] - 1))
            out[numbers[first : first + step]] = np.maximum(np.partition(some, kth, axis=1)[:, kth], np.float64(0.4) * a_kn.max(1))
    return out


def delta_scales(delta_n, nodes) -> np.ndarray:
    """(L,) float32: 1 / the largest |delta| of each layer; the error fades by orders of magnitude on its way back, its pattern must not."""
    tops = np.array([np.abs(delta_n[node.neurons.slice]).max() for node in nodes])
    return np.divide(1.0, tops, out=np.zeros_like(tops), where=tops > 1e-20).astype(np.float32)


def finite(array, xp):
    """Nothing non-finite reaches a shader: the sum of an array is finite when all of it is, and costs one pass."""
    with np.errstate(over="ignore", invalid="ignore"):
        whole = xp.isfinite(array.sum())
    return array if whole else xp.nan_to_num(array, nan=0.0, posinf=0.0, neginf=0.0)


def source_strengths(topology: Topology, numbers: Collection[int], parameter_p, ops) -> dict[int, np.ndarray]:
    """How strongly the neurons of these nodes act on what reads them, by the node's number: sums over their edges."""
    found: dict[int, np.ndarray] = {}
    for c in topology.connections:
        if (k := c.source.number) in numbers:
            n = ops.to_host(edges_of(c).strengths(c, parameter_p, FOLD_WEIGHTS, ops.xp))
            found[k] = found[k] + n if k in found else n
    return found
