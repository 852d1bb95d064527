"""Weights before and after one step as the picture shows them, and the factor that makes a small difference visible. Arithmetic only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnviz3d.bridge import edge_metrics
from nnviz3d.draw.frame import Change
from nnviz3d.spec.topology import Topology

LONG = 0.6  # at the automatic factor the brightest changes are drawn so long, in strong weights
SAMPLED = 1 << 16  # weights that the factor is read from


@dataclass(frozen=True)
class Moved:
    """`before_p`, `change_p` (P,) and how they are drawn together."""

    before_p: np.ndarray
    change_p: np.ndarray
    how: Change

    def shown(self, pair: edge_metrics.Pair, local_e, xp=np):
        """(E,) |what is drawn| of these edges."""
        before, change = self._of(pair, local_e, xp)
        return xp.abs(self.how.old * before + self.how.times * change)

    def largest(self, pair: edge_metrics.Pair, local_e, xp=np):
        """(E,) the larger of |before| and |after|."""
        before, change = self._of(pair, local_e, xp)
        return xp.maximum(xp.abs(before), xp.abs(before + change))

    def _of(self, pair: edge_metrics.Pair, local_e, xp) -> tuple:
        """Before and change; an edge without a parameter is 1, and stays so."""
        places = pair.face.parameter(pair.connection, local_e)
        if places is None:
            return xp.ones(len(local_e), self.before_p.dtype), xp.zeros(len(local_e), self.before_p.dtype)
        return self.before_p[places], self.change_p[places]


def factor(topology: Topology, before_p: np.ndarray, after_p: np.ndarray) -> float:
    """By what differences must be multiplied to be seen: bright(|change|) becomes `LONG` x bright(|weight|), over all weight matrices.

    Two significant digits; never below 1; 1 where nothing changed or the numbers are not finite.
    """
    weights = [node.weight for node in topology.nodes if node.weight is not None]
    stride = max(sum(weight.size for weight in weights) // SAMPLED, 1)
    old, new = (np.concatenate([p[weight.slice][::stride] for weight in weights]) for p in (before_p, after_p))
    with np.errstate(all="ignore"):
        change = np.abs(new.astype(np.float64) - old)
        weight = edge_metrics.bright(np.maximum(np.abs(old), np.abs(new)).astype(np.float64))
        bright = edge_metrics.bright(change)
        wanted = LONG * weight / bright if bright > 0 else 1.0
    return max(float(f"{wanted:.1e}"), 1.0) if np.isfinite(wanted) else 1.0
