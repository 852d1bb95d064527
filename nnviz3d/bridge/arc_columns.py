"""Attention's arcs: where each begins and ends, its share, its light. Arithmetic only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnviz3d.layout.grid import Layout
from nnviz3d.spec.topology import Topology


@dataclass(frozen=True, eq=False)
class Arcs:
    """Arcs beside the rows of a node's tokens: from `query_m` to `key_m` (m,), as wide as `share_m`, and as bright as `light_m`, 1 where
    they are meant."""

    node: int
    query_m: np.ndarray
    key_m: np.ndarray
    share_m: np.ndarray
    light_m: np.ndarray

    def lines(self, topology: Topology, layout: Layout) -> np.ndarray:
        """(2 m, 4) float32 for `t_arc`: the query's place and the share, the key's place and the light; none of a node in a slab."""
        if self.node in layout.hidden:
            return np.zeros((0, 4), np.float32)
        place_t3 = rows(topology, layout, self.node)
        out = np.zeros((len(self.query_m), 2, 4), np.float32)
        out[:, 0, :3], out[:, 0, 3] = place_t3[self.query_m], self.share_m
        out[:, 1, :3], out[:, 1, 3] = place_t3[self.key_m], self.light_m
        return out.reshape(-1, 4)


def rows(topology: Topology, layout: Layout, node: int) -> np.ndarray:
    """(T, 3) where arcs touch the rows of a node's tokens: the rim where ribbons leave them."""
    return layout.group_place_g4[slice(*topology.group_starts[node : node + 2]), :3]
