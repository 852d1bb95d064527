"""The map of a network that is larger than what is seen of it: boxes from the side, as the layout has them, and what the window shows."""

from __future__ import annotations

import numpy as np

from nnviz3d.app.view.projection import Projection
from nnviz3d.layout.grid import Layout
from nnviz3d.spec.readout import MapReading

SEEN = 0.92  # of the nodes in the window: then all is in view, and there is no map


def reading(layout: Layout, projection: Projection) -> MapReading | None:
    """None where the network is in view."""
    middles = ((layout.low + layout.high) / 2).astype(np.float64)
    seen = projection.pose.project(middles, projection.aspect)
    inside_l = (seen[:, 2] > 0) & (np.abs(seen[:, :2]) <= 1).all(1)
    if inside_l.mean() >= SEEN:
        return None
    low, high = layout.low.min(0), layout.high.max(0)
    size = np.maximum(high - low, 1e-6)
    slabs = {glass.part.nodes[0]: glass.part for glass in layout.glass if glass.fill > 0}
    shown = [k for k in range(len(layout.low)) if k in slabs or k not in layout.hidden]
    left, right = (layout.low[shown, 0] - low[0]) / size[0], (layout.high[shown, 0] - low[0]) / size[0]
    top, bottom = (high[1] - layout.high[shown, 1]) / size[1], (high[1] - layout.low[shown, 1]) / size[1]
    return MapReading(np.stack([left, top, right, bottom], 1), _window(low, high, projection), float(size[0] / size[1]))


def _window(low: np.ndarray, high: np.ndarray, projection: Projection) -> tuple[float, float, float, float]:
    """What the corners of the window look at in the plane in the middle of the network, in shares of it, cut at its rim."""
    middle, shares = (low[2] + high[2]) / 2, []
    for corner in ((-1, -1), (1, -1), (-1, 1), (1, 1)):
        eye, way = projection.pose.ray(corner, projection.aspect)
        t = (middle - eye[2]) / way[2] if abs(way[2]) > 1e-6 else 0.0
        x, y = (eye + max(t, 0.0) * way)[:2]
        shares.append(((x - low[0]) / max(high[0] - low[0], 1e-6), (high[1] - y) / max(high[1] - low[1], 1e-6)))
    across, down = np.clip(np.array(shares), 0, 1).T
    return float(across.min()), float(down.min()), float(across.max()), float(down.max())


def place(layout: Layout, across: float, down: float) -> np.ndarray:
    """(3,) the place at these shares of the map."""
    low, high = layout.low.min(0), layout.high.max(0)
    return np.array([low[0] + across * (high[0] - low[0]), high[1] - down * (high[1] - low[1]), (low[2] + high[2]) / 2])
