"""Where each rank stands: along x, and for long networks of tensors with axes in rows, one below the other, as text wraps. Pure."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from nnviz3d.layout import tiles
from nnviz3d.layout.lanes import by_rank
from nnviz3d.spec.topology import Node, Topology

OPEN = 0.85  # of the size of two layers is between them
BEHIND = 0.35, 1.5  # the same where one is a wall of tiles, at the begin and at the end of a row: the end is seen more from the front
LONGEST = 6.5  # a network is at most so many times longer than it is high, as long as its layers keep apart
BETWEEN = 0.45  # of the height of a row is left under it
LINE = 3.0  # pitches more, for names
SLANT = 0.72  # of a length along x or z is seen from the default camera
WORTH = 1.15  # times as large must the picture get for one row more
BREAK = 0.25  # of a row: so far from where it is full it may end, where fewer connections are cut
MOST_ROWS = 24


def stand(
    topology: Topology, extents: list[float], spans: list[list[float]], zs: list[float], pitch: float, aspect: float
) -> tuple[np.ndarray, np.ndarray]:
    """(ranks,) x from 0 on, and y, of the middle of each rank. `extents` of nodes: the larger of height and width along z; `spans`: both.
    Only what is drawn with sheets wraps."""
    ranks = by_rank(topology)
    if len(ranks) < 4 or not tiles.sheet_numbers(topology):
        return _distances(topology, ranks, extents, zs, pitch), np.zeros(len(ranks))
    x_r = _distances(topology, ranks, extents, zs, pitch, even=True)
    high_r = np.array([max(spans[n.number][0] for n in nodes) + pitch for nodes in ranks])
    wide = max(max(zs[n.number] + spans[n.number][1] / 2 for n in nodes) for nodes in ranks) * 2
    cut_r = _cuts(topology, len(ranks))
    best, starts = 0.0, [0]
    for count in range(1, min(MOST_ROWS, len(ranks) // 3) + 1):
        found = _breaks(x_r, cut_r, count)
        size = _size(x_r, high_r, wide, found, pitch, aspect)
        if size > best * (WORTH if best else 1.0):
            best, starts = size, found
    return _wrapped(topology, ranks, extents, zs, pitch, high_r, starts)


def _distances(
    topology: Topology, ranks: list[list[Node]], extents: list[float], zs: list[float], pitch: float, even: bool = False
) -> np.ndarray:
    """(ranks,) x of each rank. Room to look between two layers grows with their size, but a long network must not become a thread; where
    numbers are only passed on one by one there is less to see. `even`: walls at the end are as far apart as those at the begin."""
    extent_r = np.array([max(extents[n.number] for n in nodes) + _reach(zs, nodes) for nodes in ranks])
    sheets = tiles.sheet_numbers(topology)
    wall_r = np.array([any(node.number in sheets for node in nodes) for nodes in ranks])
    open_r = np.array([any(node.parameters or len(node.inputs) > 1 for node in nodes) for nodes in ranks[1:]])
    share_r = np.where(open_r, OPEN, 0.0)
    behind_r = wall_r[:-1] | wall_r[1:]
    share_r[behind_r] = np.full(len(share_r), sum(BEHIND) / 2)[behind_r] if even else np.linspace(*BEHIND, len(share_r))[behind_r]
    gaps = pitch * np.where(behind_r, 2.5, 4.0) + share_r * (extent_r[:-1] + extent_r[1:]) / 2
    longest = LONGEST * max(float(extent_r.max()), 8 * pitch)
    shrink = 1.0 if sheets else max(min(longest / max(float(gaps.sum()), 1e-9), 1.0), 0.45)
    return np.concatenate([[0.0], np.cumsum(np.maximum(gaps * shrink, pitch * 3.2))])


def _reach(zs: list[float], nodes: list[Node]) -> float:
    """From the middle of the first to that of the last of a rank."""
    places = [zs[node.number] for node in nodes]
    return max(places) - min(places)


def _cuts(topology: Topology, count: int) -> np.ndarray:
    """(ranks,) how many tensors are still read from this rank on that were made before it."""
    cut_r = np.zeros(count)
    for node in topology.nodes:
        last = max((c.target.rank for c in topology.out_of(node)), default=node.rank)
        cut_r[node.rank + 1 : last + 1] += 1
    return cut_r


def _breaks(x_r: np.ndarray, cut_r: np.ndarray, count: int) -> list[int]:
    """The first rank of each row: rows of about one length, broken where little is cut."""
    starts, row = [0], float(x_r[-1]) / count
    for k in range(1, count):
        wanted = k * row
        near = np.flatnonzero(np.abs(x_r - wanted) <= BREAK * row)
        near = near[near > starts[-1]]
        if len(near):
            starts.append(int(near[np.lexsort((np.abs(x_r[near] - wanted), cut_r[near]))[0]]))
    return starts


def _size(x_r: np.ndarray, high_r: np.ndarray, wide: float, starts: list[int], pitch: float, aspect: float) -> float:
    """How large a cell is seen where all rows fill the stage."""
    ends = [*starts[1:], len(x_r)]
    longest = max(float(x_r[end - 1] - x_r[start]) for start, end in zip(starts, ends, strict=True))
    height = sum(_height(high_r[start:end], pitch) for start, end in zip(starts, ends, strict=True))
    return min(aspect / max(SLANT * (longest + wide), 1e-9), 1 / max(height, 1e-9))


def _height(high_r: np.ndarray, pitch: float) -> float:
    """Of a row with what is left under it."""
    return float(high_r.max()) * (1 + BETWEEN) + LINE * pitch


def _wrapped(
    topology: Topology,
    ranks: list[list[Node]],
    extents: list[float],
    zs: list[float],
    pitch: float,
    high_r: np.ndarray,
    starts: list[int],
) -> tuple[np.ndarray, np.ndarray]:
    """x and y of each rank in these rows. Each row is spaced by itself."""
    x_r, y_r, top = np.zeros(len(ranks)), np.zeros(len(ranks)), 0.0
    for start, end in pairwise([*starts, len(ranks)]):
        x_r[start:end] = _distances(topology, ranks[start:end], extents, zs, pitch)
        y_r[start:end] = top - float(high_r[start:end].max()) / 2
        top -= _height(high_r[start:end], pitch)
    return x_r, y_r - (y_r.max() + y_r.min()) / 2 if len(starts) > 1 else np.zeros(len(ranks))
