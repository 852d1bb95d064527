"""Tensors with axes as tiles: a wall of maps or heads, rows of tokens or strips, a plate; and very long vectors as one. Pure.

A tile is a rectangle of cells in y (down) and z (across). It has about the same size in the scene whatever its cells are: a picture of
28x28 is half as large again as one of 8x8. Of many tiles each is smaller, so that walls of one network keep their proportions.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, isqrt, log, prod

import numpy as np

from nnviz3d.spec.layer_table import Axes
from nnviz3d.spec.topology import GROUPED, Node, Topology

GAP = 0.16  # of a tile, between two
SHEET_CELLS = 200  # of a tensor with axes: with more it is drawn as sheets
SHEET_VECTOR = 4096  # neurons of a vector: with more it is drawn as one
PLAIN = 8  # cells a side up to which a picture's cells stand a pitch apart
LONG = 64  # the same of a vector that is drawn as a sheet
GROWTH = 0.35  # power at which a tile grows with its cells a side
CROWD = -0.3  # power at which a tile of many shrinks with their number
STANDING = 0.8  # width of a wall, as a share of its height, that suits a wide stage
WIDE = 16 / 9
RAGGED = 2.0  # how much a share of empty places in the last row counts
STRIP = 1.3  # width of a row of cells against that of a picture with as many columns
STRIPS = 1.1  # height of all rows at most, as a share of their width, unless cells would be flatter than wide


@dataclass(frozen=True, eq=False)
class TilePlan:
    """One tensor in units of the pitch, from its upper left corner. `place_n2`: down and across of the middle of each neuron. `cell`: the
    smaller side of a cell. `corner_s2`: of each tile, down and across; `rows`, `columns`: its cells; `size`: (2,) of a tile."""

    place_n2: np.ndarray
    cell: float
    corner_s2: np.ndarray
    rows: int
    columns: int
    size: tuple[float, float]

    @property
    def span(self) -> tuple[float, float]:
        """Height and width of everything."""
        down, across = self.corner_s2.max(0)
        return float(down + self.size[0]), float(across + self.size[1])


@dataclass(frozen=True, eq=False)
class Tiles:
    """S rectangles of cells. `node_s`, `first_s`: the node, and the id of the neuron in the upper left; `rows_s`,
    `columns_s`, `cells_s`: cells down, across, and how many there are (the last row of a vector may be ragged). World units: `corner_s3`,
    the upper left corner as seen from the input; `down_s3`, `across_s3`: both sides."""

    node_s: np.ndarray
    first_s: np.ndarray
    rows_s: np.ndarray
    columns_s: np.ndarray
    cells_s: np.ndarray
    corner_s3: np.ndarray
    down_s3: np.ndarray
    across_s3: np.ndarray

    def __len__(self) -> int:
        return len(self.node_s)

    def of(self, neuron: int) -> int:
        """The tile that holds this neuron, or -1."""
        k = int(np.searchsorted(self.first_s, neuron, "right")) - 1
        return k if k >= 0 and 0 <= neuron - self.first_s[k] < self.cells_s[k] else -1

    def corners(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """(S, 3) each: upper left, upper right, lower left and lower right."""
        right = self.corner_s3 + self.across_s3
        return self.corner_s3, right, self.corner_s3 + self.down_s3, right + self.down_s3

    def cell_sides(self) -> np.ndarray:
        """(S,) the smaller side of a cell, world units."""
        high = np.linalg.norm(self.down_s3, axis=1) / self.rows_s
        wide = np.linalg.norm(self.across_s3, axis=1) / self.columns_s
        return np.minimum(high, wide)

    def rectangle(self, tile: int, rows: tuple[int, int], columns: tuple[int, int]) -> np.ndarray:
        """(4, 3) corners, in order around, of the cells from `rows[0]` up to and without `rows[1]`, and so for columns."""
        down, across = self.down_s3[tile] / self.rows_s[tile], self.across_s3[tile] / self.columns_s[tile]
        around = ((0, 0), (0, 1), (1, 1), (1, 0))
        return np.array([self.corner_s3[tile] + rows[r] * down + columns[c] * across for r, c in around])

    def moved(self, by: np.ndarray) -> Tiles:
        """The same at another place."""
        return Tiles(
            self.node_s, self.first_s, self.rows_s, self.columns_s, self.cells_s, self.corner_s3 + by, self.down_s3, self.across_s3
        )


def of_maps(topology: Topology) -> bool:
    """Whether a network has tensors with axes behind its input. Where it has none, the input is drawn neuron by neuron as all else is."""
    return any(len(node.shape) > 1 for node in topology.nodes[1:])


def sheet_numbers(topology: Topology) -> frozenset[int]:
    """Numbers of the nodes that are drawn as sheets from afar."""
    few = SHEET_CELLS if of_maps(topology) else SHEET_VECTOR
    return frozenset(n.number for n in topology.nodes if n.size > (few if len(n.picture or n.shape) > 1 else SHEET_VECTOR))


def plans(topology: Topology, aspect: float, but: Collection[int] = ()) -> dict[int, TilePlan]:
    """By number, of all nodes whose neurons stand in tiles: those that have axes, and long vectors. None for the nodes in `but`."""
    sheets, maps = sheet_numbers(topology), of_maps(topology)
    tiled = [n for n in topology.nodes if (len(n.picture or n.shape) > 1 or n.number in sheets) and n.number not in but]
    return {n.number: plan(n, aspect, PLAIN if maps or n.number in sheets else n.size) for n in tiled}


def plan(node: Node, aspect: float = WIDE, plain: int = PLAIN) -> TilePlan:
    """Of a tensor that is tiled, by what its axes are. `aspect` of the stage: on a tall one walls are taller. `plain`: cells a side up to
    which a picture's cells stand a pitch apart."""
    return _planned(node.picture or node.shape, node.axes, aspect, plain)


@lru_cache(1024)
def _planned(shape: tuple[int, ...], axes: Axes, aspect: float, plain: int) -> TilePlan:
    """The same for all tensors of this shape; its arrays are only read."""
    size = prod(shape)
    if len(shape) == 1:
        columns = ceil(size**0.5)
        side = grown(columns, LONG) / columns
        return _grid(size, 1, 1, -(-size // columns), columns, (side, side))
    if len(shape) == 2 and axes[0] in GROUPED:
        return _strips(*shape)
    count, (rows, columns) = prod(shape[:-2]), shape[-2:]
    side = min(grown(max(rows, columns), plain) * count**CROWD / max(rows, columns), 1.0)
    return _grid(size, count, _across(count, rows, columns, aspect), rows, columns, (side, side))


def grown(side: int, plain: int) -> float:
    """Pitches that a tile of so many cells a side takes: as many up to `plain`, then ever fewer."""
    return plain * (side / plain) ** GROWTH if side > plain else float(side)


def _across(count: int, rows: int, columns: int, aspect: float) -> int:
    """Tiles side by side: the wall's shape is near the wanted one, and its last row not too empty."""
    wanted = STANDING * min(max((aspect / WIDE) ** 0.5, 0.4), 1.6)

    def miss(across: int) -> tuple[float, int]:
        down = -(-count // across)
        shape = across * columns / (down * rows)
        return abs(log(shape / wanted)) + RAGGED * (1 - count / (across * down)), across

    return min(range(1, min(count, 4 * isqrt(count) + 4) + 1), key=miss)


def _strips(count: int, columns: int) -> TilePlan:
    """One row for each channel or token, a gap between them."""
    wide = STRIP * grown(columns, PLAIN) if columns > PLAIN else float(columns)
    high = min(max(STRIPS * wide / (count * (1 + GAP)), wide / columns), 1 / (1 + GAP))
    return _grid(count * columns, count, 1, 1, columns, (high, wide / columns))


def _grid(size: int, count: int, across: int, rows: int, columns: int, cell: tuple[float, float]) -> TilePlan:
    """`count` tiles of rows x columns cells, `across` of them side by side."""
    high, wide = rows * cell[0], columns * cell[1]
    gap = GAP * max(high, wide) if min(rows, columns) > 1 else GAP * high
    tile = np.arange(count)
    corner_s2 = np.stack([tile // across * (high + gap), tile % across * (wide + gap)], 1)
    index = np.arange(size)
    inside = index % (rows * columns)
    place_n2 = corner_s2[index // (rows * columns)]
    place_n2 = place_n2 + (np.stack([inside // columns, inside % columns], 1) + 0.5) * np.array(cell)
    return TilePlan(place_n2, min(cell), corner_s2, rows, columns, (high, wide))


def rectangles(nodes: list[tuple[Node, TilePlan, np.ndarray, float]]) -> Tiles:
    """Of all these nodes. With each the world place (3,) of the upper left corner of its plan, and what a pitch of the plan is there."""
    parts = [_tiles(*each) for each in nodes]
    if not parts:
        none, flat = np.zeros(0, np.int64), np.zeros((0, 3), np.float32)
        return Tiles(none, none, none, none, none, flat, flat, flat)
    return Tiles(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _tiles(node: Node, its: TilePlan, corner: np.ndarray, pitch: float) -> tuple[np.ndarray, ...]:
    count = len(its.corner_s2)
    cells = min(its.rows * its.columns, node.size)
    first_s = node.neurons.start + cells * np.arange(count)
    places = np.zeros((count, 3))
    places[:, 1], places[:, 2] = -its.corner_s2[:, 0] * pitch, its.corner_s2[:, 1] * pitch
    whole = [np.full(count, n, np.int64) for n in (node.number, its.rows, its.columns, cells)]
    down, across = np.array([0, -its.size[0] * pitch, 0]), np.array([0, 0, its.size[1] * pitch])
    sides = [np.broadcast_to(side, (count, 3)).astype(np.float32) for side in (down, across)]
    return whole[0], first_s.astype(np.int64), whole[1], whole[2], whole[3], (corner + places).astype(np.float32), *sides
