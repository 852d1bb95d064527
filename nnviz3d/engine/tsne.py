"""Exact t-SNE: a map of points in which neighbours stay neighbours (van der Maaten, Hinton: Visualizing Data using t-SNE, JMLR 2008).

The similarity of two rows is a normal density around each of them, as wide as the wanted perplexity needs; in the map it is Student's t
with one degree of freedom. Gradient descent brings the map's similarities to those of the rows: it minimises their Kullback-Leibler
divergence. Cost and memory grow with the square of the rows; 1,000 of them take some seconds. No clock, no thread: `run` takes so many
steps as asked.
"""

from __future__ import annotations

import numpy as np

STEPS, EARLY = 600, 150  # all, and those that exaggerate the rows' similarities, so that clusters find each other
EXAGGERATION, MOMENTUM = 12.0, (0.5, 0.8)
SPREAD = 1e-4  # standard deviation of the map at the start
_TINY = 1e-12


def squared_distances(x_rd: np.ndarray) -> np.ndarray:
    """(r, r) float64, 0 on the diagonal."""
    norm = np.square(x_rd).sum(1)
    d = np.maximum(norm[:, None] + norm - 2 * x_rd @ x_rd.T, 0)
    np.fill_diagonal(d, 0)
    return d


def conditional(d_rr: np.ndarray, perplexity: float, rounds: int = 60) -> np.ndarray:
    """(r, r): p(j | i), each row with the precision at which 2 to the power of its entropy is `perplexity`; found by bisection of all rows
    at once. `perplexity` in (1, r - 1)."""
    n = len(d_rr)
    off = ~np.eye(n, dtype=bool)
    near = np.where(off, d_rr, np.inf).min(1, keepdims=True)
    scale = np.maximum((d_rr.sum(1, keepdims=True) / max(n - 1, 1)) - near, _TINY)
    low, high = np.full((n, 1), -30.0), np.full((n, 1), 30.0)  # of the logarithm of the precision, in units of 1 / scale
    target = np.log(perplexity)
    p = np.zeros_like(d_rr)
    for _ in range(rounds):
        middle = (low + high) / 2
        p = np.where(off, np.exp(-np.maximum(d_rr - near, 0) * (np.exp(middle) / scale)), 0)
        p /= p.sum(1, keepdims=True)
        entropy = -(p * np.log(np.maximum(p, 1e-300))).sum(1, keepdims=True)
        wide = entropy > target
        low, high = np.where(wide, middle, low), np.where(wide, high, middle)
    return p


def joint(x_rd: np.ndarray, perplexity: float) -> np.ndarray:
    """(r, r) symmetric, sums to 1: (p(j | i) + p(i | j)) / 2r."""
    p = conditional(squared_distances(x_rd), perplexity)
    return np.maximum((p + p.T) / (2 * len(p)), _TINY)


def divergence(p_rr: np.ndarray, y_rk: np.ndarray) -> float:
    """Kullback-Leibler divergence of the map's similarities from `p_rr`, in nats."""
    q, _ = _similarities(y_rk)
    off = ~np.eye(len(p_rr), dtype=bool)
    return float((p_rr[off] * np.log(p_rr[off] / np.maximum(q[off], _TINY))).sum())


def gradient(p_rr: np.ndarray, y_rk: np.ndarray) -> np.ndarray:
    """(r, k): of the divergence by the places of the map."""
    q, t = _similarities(y_rk)
    force = (p_rr - q) * t
    return 4 * (force.sum(1)[:, None] * y_rk - force @ y_rk)


def _similarities(y_rk: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """q and 1 / (1 + squared distance), both (r, r) with 0 on the diagonal."""
    t = 1 / (1 + squared_distances(y_rk))
    np.fill_diagonal(t, 0)
    return t / max(float(t.sum()), _TINY), t


class Tsne:
    """One map of rows (r, d) in `dimensions`. `y_rk`: their places; `step` of STEPS. The same rows and seed give the same map."""

    def __init__(self, x_rd: np.ndarray, perplexity: float = 30.0, dimensions: int = 3, seed: int = 1):
        x = np.nan_to_num(np.asarray(x_rd, np.float64))
        self.perplexity = min(perplexity, max((len(x) - 1) / 3, 1.0))
        x = x - x.mean(0) if len(x) else x
        self.p_rr = joint(x / max(float(np.abs(x).max(initial=0)), _TINY), max(self.perplexity, 1 + 1e-6)) if len(x) > 2 else None
        self.y_rk = np.random.Generator(np.random.PCG64(seed)).normal(0, SPREAD, (len(x), dimensions))
        self.step, self._rate = 0, max(len(x) / EXAGGERATION / 4, 50.0)
        self._velocity, self._gain = np.zeros_like(self.y_rk), np.ones_like(self.y_rk)

    @property
    def over(self) -> bool:
        return self.step >= STEPS or self.p_rr is None

    def run(self, steps: int) -> None:
        """At most so many more."""
        p_rr = self.p_rr
        if p_rr is None:
            return
        for _ in range(min(steps, STEPS - self.step)):
            early = self.step < EARLY
            slope = gradient(p_rr * (EXAGGERATION if early else 1.0), self.y_rk)
            same = (slope > 0) == (self._velocity > 0)
            self._gain = np.maximum(np.where(same, self._gain * 0.8, self._gain + 0.2), 0.01)
            self._velocity = MOMENTUM[not early] * self._velocity - self._rate * self._gain * slope
            self.y_rk = self.y_rk + self._velocity
            self.y_rk -= self.y_rk.mean(0)
            self.step += 1
