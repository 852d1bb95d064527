"""What a cell reads: a patch of each map before it, and the frustum that joins both. Asked from the edges of its kind; arithmetic only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnviz3d.draw.frame import Wave
from nnviz3d.layers.edge_lookup import edges_of
from nnviz3d.layers.shared.window_table import WindowTable, windows_of
from nnviz3d.layout.grid import Layout
from nnviz3d.layout.tiles import Tiles
from nnviz3d.spec.topology import Connection, Topology

MOST_SOURCES = 20_000  # of one cell: with more there is no patch to be seen
MOST_TILES = 64  # patches that are joined to their cell; the others are outlined only
MOST_TAPS, MOST_RIM = 512, 40  # cells of windows with gaps that are outlined; cells a side of an input whose padding is drawn
CELL, PATCH, FRUSTUM, RIM = 1.3, 0.8, 0.3, 0.1  # energies of lines
Span = tuple[int, int]  # from the first up to and without the last
_SIDES = ((0, 1), (1, 2), (2, 3), (3, 0))


@dataclass(frozen=True)
class Patch:
    """Cells of one tile: `rows` and `columns` from the first up to and without the last."""

    tile: int
    rows: Span
    columns: Span


def patches(topology: Topology, tiles: Tiles, neuron: int) -> list[Patch]:
    """For each tile that the neuron reads from, the rectangle around the cells that it reads; none of a tensor that it reads whole."""
    node, j = topology.locate(neuron)
    out: list[Patch] = []
    for c in topology.into(node):
        if c.source.number not in tiles.node_s:
            continue
        face = edges_of(c)
        if face.complete:
            continue
        edges = face.into(c, j)
        if (window := window_of(c, j)) is not None:
            out += [Patch(patch.tile, *window) for patch in around(tiles, np.asarray(face.ends(c, edges)[0]))]
            continue
        if not 0 < len(edges) <= MOST_SOURCES or (len(edges) == c.source.size and c.source.size > 1):
            continue
        out += around(tiles, np.asarray(face.ends(c, edges)[0]))
    return out


def window_of(c: Connection, j: int) -> tuple[Span, Span] | None:
    """Rows and columns of the window of cell j, those in the padding and in the gaps of a dilation included; None of other kinds."""
    if not isinstance(c.target.table, WindowTable):
        return None
    g = windows_of(c.target, c.inputs)
    at = divmod(j % g.cells, g.places[1])
    (rows, columns) = ((int(cells[0]), int(cells[-1]) + 1) for cells in (g.cells_of(axis)[at[axis]] for axis in (0, 1)))
    return rows, columns


def taps(topology: Topology, tiles: Tiles, neuron: int) -> list[Patch]:
    """Where a window has gaps, the cells that it reads, one by one."""
    node, j = topology.locate(neuron)
    out: list[Patch] = []
    for c in topology.into(node):
        if not isinstance(node.table, WindowTable) or node.table.gaps == (1, 1) or c.source.number not in tiles.node_s:
            continue
        sources = np.asarray(edges_of(c).ends(c, edges_of(c).into(c, j))[0])
        for one in sources[:MOST_TAPS]:
            out += around(tiles, np.array([one]))
    return out


def rims(topology: Topology, tiles: Tiles) -> np.ndarray:
    """(2 M, 4) lines around the empty cells that a padding adds to the input picture: each cell of the rim, and the whole."""
    out = [np.zeros((0, 4))]
    for c in topology.out_of(topology.input):
        if not isinstance(c.target.table, WindowTable):
            continue
        g = windows_of(c.target, c.inputs)
        (top, bottom), (left, right) = g.padding
        if g.padding == ((0, 0), (0, 0)) or max(g.padded) > MOST_RIM:
            continue
        spans = [(-top, g.size[0] + bottom), (-left, g.size[1] + right)]
        for tile in np.flatnonzero(tiles.node_s == c.source.number):
            for row in range(*spans[0]):
                for column in range(*spans[1]):
                    if not (0 <= row < g.size[0] and 0 <= column < g.size[1]):
                        out.append(_closed(tiles.rectangle(int(tile), (row, row + 1), (column, column + 1)), RIM, 0.0))
    return np.concatenate(out)


def around(tiles: Tiles, neurons: np.ndarray) -> list[Patch]:
    """By tile, the rectangle around these neurons."""
    tile_n = np.searchsorted(tiles.first_s, neurons, "right") - 1
    out = []
    for k in np.unique(tile_n[tile_n >= 0]):
        inside = neurons[tile_n == k] - tiles.first_s[k]
        inside = inside[inside < tiles.cells_s[k]]
        if len(inside):
            row, column = np.divmod(inside, tiles.columns_s[k])
            out.append(Patch(int(k), (int(row.min()), int(row.max()) + 1), (int(column.min()), int(column.max()) + 1)))
    return out


def written(topology: Topology, layout: Layout, wave: Wave | None) -> int:
    """The neuron whose sum is written at this moment of a forward wave: the window stands there; -1: none is."""
    if wave is None or wave.fill_layer < 0 or not 0 < wave.fill < 0.5:
        return -1
    node = topology.nodes[wave.fill_layer]
    found = np.flatnonzero(layout.tiles.node_s == node.number)
    if not len(found):
        return -1
    cells = int(layout.tiles.cells_s[found[0]])
    return int(layout.tiles.first_s[found[0]]) + min(int(2 * wave.fill * cells), cells - 1)


def lines(topology: Topology, layout: Layout, neuron: int) -> np.ndarray:
    """(2 M, 4) float32 for `t_line`: the empty cells around the input, and what a neuron reads (-1: of none)."""
    rim = rims(topology, layout.rectangles)
    return np.concatenate([rim, _read(topology, layout, neuron)]).astype(np.float32)


def _read(topology: Topology, layout: Layout, neuron: int) -> np.ndarray:
    """The cell, the patches that it reads, and four lines from each of those to the cell."""
    tiles = layout.rectangles
    if neuron < 0 or not (own := around(tiles, np.array([neuron]))):
        return np.zeros((0, 4))
    found = patches(topology, tiles, neuron)
    if not found and layout.tiles.of(neuron) < 0:
        return np.zeros((0, 4))  # a sphere has a ring
    cell = tiles.rectangle(own[0].tile, own[0].rows, own[0].columns)
    out = [_closed(cell, CELL, 1.0)]
    for k, patch in enumerate(found):
        corners = tiles.rectangle(patch.tile, patch.rows, patch.columns)
        out.append(_closed(corners, PATCH, 1.0))
        if k < MOST_TILES:
            out.append(_pairs(corners, cell, FRUSTUM / max(len(found), 1) ** 0.35, 0.0))
    for tap in taps(topology, tiles, neuron):
        out.append(_closed(tiles.rectangle(tap.tile, tap.rows, tap.columns), PATCH, 1.0))
    return np.concatenate(out)


def _closed(corners: np.ndarray, energy: float, warm: float) -> np.ndarray:
    return _pairs(corners[[a for a, _ in _SIDES]], corners[[b for _, b in _SIDES]], energy, warm)


def _pairs(from_m3: np.ndarray, to_m3: np.ndarray, energy: float, warm: float) -> np.ndarray:
    """(2 m, 4)"""
    out = np.empty((len(from_m3), 2, 4))
    out[:, 0, :3], out[:, 1, :3] = from_m3, to_m3
    out[:, 0, 3], out[:, 1, 3] = energy, warm
    return out.reshape(-1, 4)
