"""The cells that one cell of a map is made from, as pictures: patch, weights, products, by channel. The work of one cell.

Asked from the edges of its kind, which leave out the padding; where the window lies is the table's to say.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import numpy as np

from nnviz3d.app.probes.explained import Explained, at, known, place, weights_of
from nnviz3d.layers.edge_lookup import edges_of
from nnviz3d.layers.shared.equations_face import equations_of
from nnviz3d.layers.shared.window_table import WindowTable, windows_of
from nnviz3d.spec.activations import ACTIVATIONS
from nnviz3d.spec.node_names import layer_name
from nnviz3d.spec.readout.window import PatchReading, Reduced, SharesReading, WindowReading
from nnviz3d.spec.topology import Connection, Node, Topology

MOST_EDGES = 16_384  # of one cell: with more there is nothing to be seen
MOST_CHANNELS = 64  # listed one by one
MOST_SHARES = 512  # of a softmax


def maps_of(node: Node) -> tuple[int, int, int] | None:
    """(channels, rows, columns) of a tensor that is maps or one picture; a strip is one row. None of others."""
    shape, axes = node.shape, node.axes
    if axes[-2:] == ("row", "column") and axes[:-2] in ((), ("channel",)):
        return prod(shape[:-2]), shape[-2], shape[-1]
    return (shape[0], 1, shape[1]) if axes == ("channel", "column") else None


def reads_window(connection: Connection) -> bool:
    """Whether its cells read parts of maps: through windows, or each all of several maps."""
    maps = maps_of(connection.source)
    return maps is not None and (isinstance(connection.target.table, WindowTable) or connection.source.axes[0] == "channel")


def window(
    topology: Topology,
    c: Connection,
    j: int,
    how: Reduced,
    numbers: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray | None],
    parameters: Callable[[np.ndarray], np.ndarray],
) -> WindowReading | None:
    """Of cell j of the target. `numbers`: (E,) of each of its edges the neuron where it begins, its activation, what multiplies it, and the
    parameter that this is; `parameters` looks others up. None where it reads no maps, or too many cells to be seen."""
    source_e, _, _, p_e = numbers
    maps = maps_of(c.source)
    if maps is None or not reads_window(c) or not 0 < len(source_e) <= MOST_EDGES:
        return None
    row_r, column_c = _cells(c, j, maps)
    channel_e, cell_e = np.divmod(source_e - c.source.neurons.start, maps[1] * maps[2])
    r_e, k_e = (_places(found, at) for found, at in zip((row_r, column_c), np.divmod(cell_e, maps[2]), strict=True))
    channels, slot_e = np.unique(channel_e, return_inverse=True)
    grids = np.zeros((4, len(channels), len(row_r), len(column_c)))
    grids[0] = grids[3] = -1
    for grid, values in zip(grids, numbers, strict=True):
        if values is not None:
            grid[slot_e, r_e, k_e] = values
    if p_e is not None and grids[3].min() < 0:  # weights that lie over the padding have no edges
        taps = np.arange(grids[3][0].size).reshape(grids[3][0].shape)
        grids[3] = (grids[3] - taps).max((1, 2), keepdims=True, where=grids[3] >= 0, initial=0) + taps
        grids[2] = parameters(grids[3].astype(int).ravel()).reshape(grids[2].shape)
    product = np.abs((grids[1] * grids[2]).sum((1, 2)))
    order = np.argsort(-product, kind="stable")
    listed = order[:MOST_CHANNELS]
    rest = (grids[1] * grids[2])[order[MOST_CHANNELS:]].sum()
    patches = tuple(
        PatchReading(int(channels[k]), grids[0, k].astype(int), grids[1, k], grids[2, k], None if p_e is None else grids[3, k].astype(int))
        for k in listed
    )
    name, first = layer_name(topology, c.source.number), c.source.neurons.start
    whole = not isinstance(c.target.table, WindowTable)
    return WindowReading(
        how, c.source.number, name, first, maps[1:], row_r, column_c, *_place(c.target, j), patches,
        len(order) - len(listed), float(rest), whole,
    )  # fmt: skip


def _cells(c: Connection, j: int, maps: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the source that the window of cell j covers; of a layer without windows all."""
    if not isinstance(c.target.table, WindowTable):
        return np.arange(maps[1]), np.arange(maps[2])
    g = windows_of(c.target, c.inputs)
    row, column = divmod(j % g.cells, g.places[1])
    return g.cells_of(0)[row], g.cells_of(1)[column]


def _places(found: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Which entry of the rising numbers `found` each of `at` is."""
    return np.searchsorted(found, at)


def _place(node: Node, j: int) -> tuple[int, int, int]:
    maps = maps_of(node)
    if maps is None:
        return j, 0, 0
    channel, cell = divmod(j, maps[1] * maps[2])
    return channel, *divmod(cell, maps[2])


def of_cell(source: Explained, node: Node, index: int) -> WindowReading | None:
    """The cells that a cell reads, as parts of maps; None of kinds that read no maps."""
    if not node.inputs:
        return None
    how, (c, *others) = equations_of(node.kind).reduces, source.topology.into(node)
    if how is None or others or not reads_window(c):
        return None
    edges, local_e = edges_of(c), edges_of(c).into(c, index)
    neurons = edges.ends(c, local_e)[0]
    values, p_e = at(source, "activation", place(neurons)), edges.parameter(c, local_e)
    found = neurons, values, weights_of(source, c, local_e), p_e
    return window(source.topology, c, index, how, found, lambda p: at(source, "parameter", p))


def shares(source: Explained, node: Node, index: int, z: float | None) -> SharesReading | None:
    """The row that a softmax shares out to 1."""
    if not ACTIVATIONS[node.activation].rowwise or z is None:
        return None
    first = node.neurons.start + index - index % node.shape[-1]
    here = slice(first, first + node.shape[-1])
    z_k = known(source, "z", here)
    if z_k is None or not 1 < len(z_k) <= MOST_SHARES or not np.isfinite(z_k).all():
        return None
    z_k, a_k = (np.array(x, np.float64) for x in (z_k, at(source, "activation", here)))
    names = node.labels if len(node.labels) == len(z_k) else range(len(z_k))
    return SharesReading(first, node.neurons.start + index - first, z_k, np.exp(z_k - z_k.max()), a_k, tuple(map(str, names)))
