"""From one layout of a network to another in which other parts are open: everything moves at once, in straight lines. Pure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nnviz3d.layout.detours import Detour
from nnviz3d.layout.grid import Layout
from nnviz3d.layout.tiles import Tiles
from nnviz3d.layout.units import Glass

SECONDS = 0.6  # that a move takes
MOST = 300_000  # neurons: of more nothing moves, it is there at once
NODES = 1500  # the same of layers


def can(begin: Layout, end: Layout) -> bool:
    """Whether there is a way: both are of the same tensors, and in other parts of glass."""
    same = len(begin.place_n4) == len(end.place_n4) <= MOST and np.array_equal(begin.rectangles.first_s, end.rectangles.first_s)
    return same and len(end.cell_l) <= NODES and begin.glass != end.glass


def between(begin: Layout, end: Layout, t: float) -> Layout:
    """At share `t` of the way. What is seen at one of the ends is seen; edges and rows are those of the end."""
    tiles = _tiles(begin.rectangles, end.rectangles, t)
    seen = np.isin(tiles.node_s, np.union1d(begin.tiles.node_s, end.tiles.node_s))
    drawn = None if begin.drawn is None or end.drawn is None else np.union1d(begin.drawn, end.drawn)
    return replace(
        end,
        place_n4=_mixed(begin.place_n4, end.place_n4, t),
        low=_mixed(begin.low, end.low, t),
        high=_mixed(begin.high, end.high, t),
        drawn=drawn,
        detours=tuple(_detour(a, b, t) for a, b in zip(begin.detours, end.detours, strict=True)),
        tiles=_chosen(tiles, seen),
        rectangles=tiles,
        cell_l=_mixed(begin.cell_l, end.cell_l, t),
        group_place_g4=_mixed(begin.group_place_g4, end.group_place_g4, t),
        group_entry_g4=_mixed(begin.group_entry_g4, end.group_entry_g4, t),
        glass=_glass(begin, end, t),
    )


def _mixed(a: np.ndarray, b: np.ndarray, t: float) -> np.ndarray:
    return (a + (b - a) * t).astype(a.dtype)


def _tiles(a: Tiles, b: Tiles, t: float) -> Tiles:
    sides = (_mixed(x, y, t) for x, y in ((a.corner_s3, b.corner_s3), (a.down_s3, b.down_s3), (a.across_s3, b.across_s3)))
    return Tiles(b.node_s, b.first_s, b.rows_s, b.columns_s, b.cells_s, *sides)


def _chosen(tiles: Tiles, seen_s: np.ndarray) -> Tiles:
    columns = (tiles.node_s, tiles.first_s, tiles.rows_s, tiles.columns_s, tiles.cells_s, tiles.corner_s3, tiles.down_s3, tiles.across_s3)
    return Tiles(*(column[seen_s] for column in columns))


def _detour(a: Detour | None, b: Detour | None, t: float) -> Detour | None:
    return b if a is None or b is None else Detour(*(x + (y - x) * t for x, y in zip(a, b, strict=True)))


def _glass(begin: Layout, end: Layout, t: float) -> tuple[Glass, ...]:
    """A slab that opens fades into its frame. What has no glass at one of the ends is inside a slab there."""
    fills = [{glass.part: glass.fill for glass in layout.glass} for layout in (begin, end)]
    parts = dict.fromkeys([*fills[1], *fills[0]])
    mixed = ((part, fills[0].get(part, 0.0), fills[1].get(part, 0.0)) for part in parts)
    return tuple(Glass(part, a + (b - a) * t) for part, a, b in mixed)
