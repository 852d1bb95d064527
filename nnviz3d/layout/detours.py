"""Edges that skip ranks go over what they skip: they rise, run level as a flat cable, and sink. Pure.

What a detour does to a point is said twice: in `lifted`, and in `along` of shaders/include/edge.glsl.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nnviz3d.spec.topology import Topology

PIECES = 36  # straight pieces that such an edge is drawn and picked as: most of them where it bends
BEND = 0.45  # of the pieces for each bend
SHRINK = 0.22  # of heights: detours run closer together than neurons stand
MARGIN = 1.0  # of the pitch, between what is skipped and the lowest detour, and between two cables
SPAN = 0.5  # of the way at most on which detours rise, and sink


class Detour(NamedTuple):
    """Up to the share `rise` of the way edges rise, from `fall` on they sink. Between them a point of height y is at height + shrink y."""

    rise: float
    fall: float
    height: float
    shrink: float

    def moved(self, up: float) -> Detour:
        """Of a network that stands so much higher."""
        return self._replace(height=self.height + up * (1 - self.shrink))


def lifted(detour: Detour, points_n3: np.ndarray, t_n: np.ndarray) -> np.ndarray:
    """Points of straight edges at shares `t` of their way, where the detour has them."""
    lift = smoothstep(0.0, detour.rise, t_n) * (1 - smoothstep(detour.fall, 1.0, t_n))
    out = points_n3.copy()
    out[..., 1] += lift * (detour.height + detour.shrink * points_n3[..., 1] - points_n3[..., 1])
    return out


def shares(detour: Detour) -> np.ndarray:
    """(PIECES + 1,) shares of the way at which the pieces meet; `share_at` of shaders/include/edge.glsl."""
    return np.interp(np.linspace(0.0, 1.0, PIECES + 1), [0.0, BEND, 1 - BEND, 1.0], [0.0, detour.rise, detour.fall, 1.0])


def smoothstep(low: float, high: float, x: np.ndarray) -> np.ndarray:
    """As in GLSL."""
    t = np.clip((x - low) / (high - low), 0.0, 1.0)
    return t * t * (3 - 2 * t)


def find(topology: Topology, low_l3: np.ndarray, high_l3: np.ndarray, pitch: float) -> tuple[tuple[Detour | None, ...], np.ndarray]:
    """A detour for each connection that would run through a layer between its ends, and (R, 2, 3) the boxes of all detours.

    `low_l3`, `high_l3`: corners of each node's box. Shorter ones lie below longer ones.
    """
    detours: list[Detour | None] = [None] * len(topology.connections)
    boxes: list[np.ndarray] = []
    rank_l = np.array([node.rank for node in topology.nodes])
    skipping = [c for c in topology.connections if c.target.rank - c.source.rank > 1]
    for c in sorted(skipping, key=lambda c: (c.target.rank - c.source.rank, c.number)):
        ends = np.array([[low_l3[c.source.number], high_l3[c.source.number]], [low_l3[c.target.number], high_l3[c.target.number]]])
        if ends[1, 0, 0] <= ends[0, 1, 0] or ends[:, 0, 1].max() >= ends[:, 1, 1].min():
            continue  # its target stands in another row
        near, far = ends[0, 1, 0], ends[1, 0, 0]
        beside_l = (low_l3[:, 0] < far) & (high_l3[:, 0] > near)
        beside_l &= (low_l3[:, 1] < ends[:, 1, 1].max()) & (high_l3[:, 1] > ends[:, 0, 1].min())
        between = np.flatnonzero(beside_l & (c.source.rank < rank_l) & (rank_l < c.target.rank)).tolist()
        hit = [k for k in between if _runs_through(ends, low_l3[k], high_l3[k])]
        if not hit:
            continue
        over = [np.stack([low_l3[k], high_l3[k]]) for k in between]
        over += [box for box in boxes if box[0, 0] < far and box[1, 0] > near]
        low_z, high_z = ends[:, 0, 2].min(), ends[:, 1, 2].max()
        top = max(box[1, 1] for box in over if box[0, 2] < high_z and box[1, 2] > low_z)
        detour = _detour(ends, top + MARGIN * pitch, min(low_l3[k, 0] for k in hit), max(high_l3[k, 0] for k in hit))
        detours[c.number] = detour
        heights = detour.height + detour.shrink * ends[:, :, 1]
        boxes.append(np.array([[near, heights.min() - pitch / 4, low_z], [far, heights.max() + pitch / 4, high_z]]))
    return tuple(detours), np.array(boxes, np.float32).reshape(-1, 2, 3)


def _runs_through(ends: np.ndarray, low: np.ndarray, high: np.ndarray) -> bool:
    """Whether edges between two boxes, (2 ends, low and high, 3), pass through a third one: unless they stay above it, below it or on one
    side of it where they come in and where they go out."""
    begin, end = ends[0, :, 0].mean(), ends[1, :, 0].mean()
    t_2 = (np.array([low[0], high[0]]) - begin) / (end - begin)
    bundle = ends[0, :, 1:] + (ends[1] - ends[0])[:, 1:] * np.clip(t_2, 0, 1)[:, None, None]  # (in and out, low and high, y and z)
    return not ((bundle[:, 0] >= high[1:]).all(0) | (bundle[:, 1] <= low[1:]).all(0)).any()


def _detour(ends: np.ndarray, bottom: float, first_x: float, last_x: float) -> Detour:
    """With its lowest edge at `bottom` from `first_x` to `last_x`."""
    begin, end = ends[0, :, 0].mean(), ends[1, :, 0].mean()
    rise, fall = (first_x - begin) / (end - begin), (last_x - begin) / (end - begin)
    lowest = float(ends[:, 0, 1].min())
    return Detour(float(min(rise, SPAN)), float(max(fall, 1 - SPAN)), float(bottom - SHRINK * lowest), SHRINK)


def packed(detours: tuple[Detour | None, ...]) -> np.ndarray:
    """(K, 4) float32: the column `t_detour`; 0 for what goes straight."""
    return np.array([detour or (0, 0, 0, 0) for detour in detours], np.float32).reshape(-1, 4)
