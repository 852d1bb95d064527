"""Where a card beside the network goes: near what it names, over nothing that has to be read. Pure arithmetic on rectangles.

A rectangle is (left, top, right, bottom) in pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

Rect = tuple[float, float, float, float]
_GAPS = (1.0, 2.2, 4.0, 7.0)  # times the wanted gap
STEP = 8.0  # pixels
GRID = 8  # places a side, all over the area: the way out where everything near is full
MOST_LAYERS = 12  # of more, what lies between them is not asked
_ALONG = (0.5, 0.0, 1.0, -0.6, 1.6)  # where along the side: middle, ends, past the ends


def overlap(a_n4: np.ndarray, b_m4: np.ndarray) -> np.ndarray:
    """(n, m) shared area."""
    low = np.maximum(a_n4[:, None, :2], b_m4[None, :, :2])
    high = np.minimum(a_n4[:, None, 2:], b_m4[None, :, 2:])
    return np.prod(np.maximum(high - low, 0), 2)


def among_edges(corner_n2: np.ndarray, size: tuple[float, float], boxes: np.ndarray) -> np.ndarray:
    """(n,) share of each card that lies between a layer and the next, where the edges are: nine places of the card are asked."""
    b = boxes.reshape(-1, 4)[:MOST_LAYERS]
    if len(b) < 2:
        return np.zeros(len(corner_n2))
    start, end = b[:-1], b[1:]
    x = (corner_n2[:, 0, None] + np.linspace(0.05, 0.95, 3) * size[0])[:, :, None]
    y = (corner_n2[:, 1, None] + np.linspace(0.05, 0.95, 3) * size[1])[:, None, :, None]
    from_x, to_x = (start[:, 0] + start[:, 2]) / 2, (end[:, 0] + end[:, 2]) / 2
    share = (x - from_x) / np.where(np.abs(to_x - from_x) < 1, 1, to_x - from_x)
    top, bottom = (start[:, k] + share * (end[:, k] - start[:, k]) for k in (1, 3))
    inside = ((share > 0) & (share < 1))[:, :, None] & (y > top[:, :, None]) & (y < bottom[:, :, None])
    return inside.any(3).mean((1, 2))


def settle(
    size: tuple[float, float], anchor: Rect, soft: Sequence[Rect] | np.ndarray, hard: Sequence[Rect], area: Rect, gap: float
) -> tuple[float, float]:
    """Left top corner of a card of `size`: beside `anchor`, in `area`, off `hard` (cards, panels), as far as it can be off `soft` (layers).

    The same rectangles give the same place. As seen from the anchor they count in steps of `STEP` pixels (the others a little larger, the
    area a little smaller), so that an idle sway neither moves the card about nor asks again (0.6 ms).
    """
    corner = np.array(anchor[:2] * 2)
    others = [_stepped(np.asarray(r, float).reshape(-1, 4) - corner, np.floor, np.ceil) for r in (soft, hard)]
    inside = _stepped(np.array([area]) - corner, np.ceil, np.floor)[0]
    x, y = _settle(size, (0.0, 0.0, round(anchor[2] - anchor[0], 0), round(anchor[3] - anchor[1], 0)), *others, inside, gap)
    return x + anchor[0], y + anchor[1]


def _stepped(rect_n4: np.ndarray, low, high) -> tuple[Rect, ...]:
    """Ends on whole steps."""
    ends = np.concatenate([low(rect_n4[:, :2] / STEP), high(rect_n4[:, 2:] / STEP)], 1) * STEP
    return tuple(map(tuple, ends.tolist()))


@lru_cache(maxsize=64)
def _settle(size, anchor: Rect, soft: tuple[Rect, ...], hard: tuple[Rect, ...], area: Rect, gap: float) -> tuple[float, float]:
    width, height = size
    left, top, right, bottom = anchor
    places = []
    for g in _GAPS:
        d = g * gap
        for t in _ALONG:
            x, y = left + t * (right - left - width), top + t * (bottom - top - height)
            places += [(right + d, y), (left - d - width, y), (x, top - d - height), (x, bottom + d)]
    across, down = (np.linspace(area[k], max(area[k + 2] - size[k], area[k]), GRID) for k in (0, 1))
    places += [(x, y) for x in across for y in down]
    corner = np.array(places)
    wish = corner.copy()
    corner[:, 0] = np.clip(corner[:, 0], area[0], max(area[2] - width, area[0]))
    corner[:, 1] = np.clip(corner[:, 1], area[1], max(area[3] - height, area[1]))
    cards = np.concatenate([corner, corner + np.array(size)], 1)
    whole = width * height
    cost = overlap(cards, np.array([anchor])).sum(1) * 6 / whole + np.minimum(np.arange(len(places)) * 1e-3, 0.08)
    for rects, weight in ((soft, 2.0), (hard, 40.0)):
        if len(rects):
            cost += overlap(cards, np.asarray(rects, float).reshape(-1, 4)).sum(1) * weight / whole
    middle = np.array([(left + right) / 2, (top + bottom) / 2])
    centre = corner + np.array(size) / 2
    away = np.maximum(np.maximum(np.array(anchor[:2]) - cards[:, 2:], cards[:, :2] - np.array(anchor[2:])), 0).sum(1)
    cost += away / 600 + np.abs(corner - wish).sum(1) / 2000
    if len(soft):
        cost += 1.2 * among_edges(corner, size, np.asarray(soft, float))
        # a leader should not run through other layers
        on_way = middle + np.linspace(0.2, 0.8, 5)[:, None, None] * (centre - middle)
        boxes = np.asarray(soft, float).reshape(-1, 1, 1, 4)
        cost += 0.12 * ((on_way >= boxes[..., :2]) & (on_way <= boxes[..., 2:])).all(3).sum((0, 1))
    x, y = corner[int(cost.argmin())]
    return float(x), float(y)


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Middles of rows at least `gap` apart, each as near to its wish (in rising order) as all together allow, inside [low, high].

    The least squares answer: neighbours that are too near become a block around the mean of their wishes.
    """
    blocks: list[list[float]] = []  # sum of (wish - k gap), count
    for k, wish in enumerate(wanted):
        blocks.append([wish - k * gap, 1])
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] > blocks[-1][0] / blocks[-1][1]:
            total, count = blocks.pop()
            blocks[-1][0] += total
            blocks[-1][1] += count
    last = max(high - (len(wanted) - 1) * gap, low)
    out: list[float] = []
    for total, count in blocks:
        first = min(max(total / count, low), last)
        out += [first + (len(out) + k) * gap for k in range(int(count))]
    return out
