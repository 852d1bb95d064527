"""How much of each layer stands behind others, as seen from a place. Pure."""

from __future__ import annotations

import numpy as np

from nnviz3d.layout.grid import Layout

MOST = 0.2  # of a layer may be hidden by walls before it from the default camera
SAMPLES = 12  # places a side of each layer that are asked
FEW = 24  # layers on each side of one that can hide it


def hidden_shares(layout: Layout, eye: np.ndarray) -> np.ndarray:
    """(L,) share of each node's rectangle in y and z that is behind the rectangle of a node that is drawn as sheets."""
    low, high = layout.low.astype(np.float64), layout.high.astype(np.float64)
    x_l = (low[:, 0] + high[:, 0]) / 2
    walls = np.unique(layout.tiles.node_s)
    share = (np.arange(SAMPLES) + 0.5) / SAMPLES
    out = np.zeros(len(x_l))
    for k in range(len(x_l)):
        y, z = np.meshgrid(low[k, 1] + share * (high[k, 1] - low[k, 1]), low[k, 2] + share * (high[k, 2] - low[k, 2]))
        to_n2 = np.stack([y.ravel(), z.ravel()], 1) - eye[1:]
        covered = np.zeros(len(to_n2), bool)
        for j in walls[np.abs(walls - k) <= FEW]:
            if abs(x_l[k] - eye[0]) < 1e-6 or not 0 < (t := (x_l[j] - eye[0]) / (x_l[k] - eye[0])) < 1 - 1e-6:
                continue
            at_n2 = eye[1:] + t * to_n2
            covered |= ((at_n2 > low[j, 1:]) & (at_n2 < high[j, 1:])).all(1)
        out[k] = covered.mean()
    return out
