"""What a cell reads: a patch of each map before it, and the frustum that joins both. Asked from the edges of its kind; arithmetic only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnviz3d.draw.frame import Wave
from nnviz3d.layers.edge_lookup import edges_of
from nnviz3d.layout.grid import Layout
from nnviz3d.layout.tiles import Tiles
from nnviz3d.spec.topology import Topology

MOST_SOURCES = 20_000  # of one cell: with more there is no patch to be seen
MOST_TILES = 64  # patches that are joined to their cell; the others are outlined only
CELL, PATCH, FRUSTUM = 1.3, 0.8, 0.3  # energies of lines
_SIDES = ((0, 1), (1, 2), (2, 3), (3, 0))


@dataclass(frozen=True)
class Patch:
    """Cells of one tile: `rows` and `columns` from the first up to and without the last."""

    tile: int
    rows: tuple[int, int]
    columns: tuple[int, int]


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
        if not 0 < len(edges) <= MOST_SOURCES or (len(edges) == c.source.size and c.source.size > 1):
            continue
        out += around(tiles, np.asarray(face.ends(c, edges)[0]))
    return out


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
    """(2 M, 4) float32 for `t_line`: the cell, the patches that it reads, and four lines from each of those to the cell."""
    tiles = layout.rectangles
    if neuron < 0 or not (own := around(tiles, np.array([neuron]))):
        return np.zeros((0, 4), np.float32)
    found = patches(topology, tiles, neuron)
    if not found and layout.tiles.of(neuron) < 0:
        return np.zeros((0, 4), np.float32)  # a sphere has a ring
    cell = tiles.rectangle(own[0].tile, own[0].rows, own[0].columns)
    out = [_closed(cell, CELL, 1.0)]
    for k, patch in enumerate(found):
        corners = tiles.rectangle(patch.tile, patch.rows, patch.columns)
        out.append(_closed(corners, PATCH, 1.0))
        if k < MOST_TILES:
            out.append(_pairs(corners, cell, FRUSTUM / max(len(found), 1) ** 0.35, 0.0))
    return np.concatenate(out).astype(np.float32)


def _closed(corners: np.ndarray, energy: float, warm: float) -> np.ndarray:
    return _pairs(corners[[a for a, _ in _SIDES]], corners[[b for _, b in _SIDES]], energy, warm)


def _pairs(from_m3: np.ndarray, to_m3: np.ndarray, energy: float, warm: float) -> np.ndarray:
    """(2 m, 4)"""
    out = np.empty((len(from_m3), 2, 4))
    out[:, 0, :3], out[:, 1, :3] = from_m3, to_m3
    out[:, 0, 3], out[:, 1, 3] = energy, warm
    return out.reshape(-1, 4)
