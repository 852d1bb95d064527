"""Edges of kinds that look through windows: from every cell of a window to the cell that the window makes. None begins in the padding.

Edges are numbered by channel of the result, channel that is read, row of cells, cell of a row: e = ((o x inputs + i) x rows + r) x columns
+ c.
`rows` and `columns` are the pairs (place of a window, cell of the window) of each axis that lie on the map.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from nnviz3d.layers.shared import window_table
from nnviz3d.layers.shared.edges_face import EdgesFace
from nnviz3d.spec.sliding_windows import Windows
from nnviz3d.spec.topology import Connection


@dataclass(frozen=True, eq=False)
class Pairs:
    """Of one axis, each (n,): which window, which of its cells, which cell of the map; in this order. Window p has those from `starts[p]`
    to `starts[p + 1]`."""

    place: np.ndarray
    tap: np.ndarray
    cell: np.ndarray
    starts: np.ndarray

    def __len__(self) -> int:
        return len(self.place)

    def of_place(self, place: int) -> np.ndarray:
        return np.arange(self.starts[place], self.starts[place + 1])


@lru_cache(256)
def pairs(g: Windows, axis: int) -> Pairs:
    inside = g.inside(axis)
    place, tap = np.nonzero(inside)
    return Pairs(place, tap, g.cells_of(axis)[inside], np.concatenate([[0], inside.sum(1).cumsum()]))


def beside(table: np.ndarray, local_e: Any) -> Any:
    """A table where these numbers are: on the host, or on their device."""
    return table if isinstance(local_e, int | np.integer | np.ndarray) else np.asarray(table, like=local_e)


def windows_of(connection: Connection) -> Windows:
    return window_table.windows_of(connection.target, connection.inputs)


class WindowEdges(EdgesFace):
    """Each channel of the result reads `inputs` channels: those of its part."""

    def channels(self, connection: Connection) -> tuple[int, int, int]:
        """(channels of the result, channels that each reads, channels of the result in each part)."""
        channels = windows_of(connection).channels
        return channels, 1, 1

    def split(self, connection: Connection, local_e: Any) -> tuple[Any, Any, Any, Any]:
        """(o, i, row pair, column pair) of these edges; i among the channels that o reads."""
        g = windows_of(connection)
        rest, c = local_e // len(pairs(g, 1)), local_e % len(pairs(g, 1))
        rest, r = rest // len(pairs(g, 0)), rest % len(pairs(g, 0))
        inputs = self.channels(connection)[1]
        return rest // inputs, rest % inputs, r, c

    def ends(self, connection: Connection, local_e: Any) -> tuple[Any, Any]:
        g, (_, inputs, part) = windows_of(connection), self.channels(connection)
        rows, columns = pairs(g, 0), pairs(g, 1)
        o, i, r, c = self.split(connection, local_e)
        source = ((o // part * inputs + i) * g.size[0] + beside(rows.cell, local_e)[r]) * g.size[1] + beside(columns.cell, local_e)[c]
        target = (o * g.places[0] + beside(rows.place, local_e)[r]) * g.places[1] + beside(columns.place, local_e)[c]
        return connection.source.neurons.start + source, connection.target.neurons.start + target

    def into(self, connection: Connection, j: int) -> np.ndarray:
        g, inputs = windows_of(connection), self.channels(connection)[1]
        o, cell = divmod(j, g.cells)
        row, column = divmod(cell, g.places[1])
        return self._numbers(g, o * inputs + np.arange(inputs), pairs(g, 0).of_place(row), pairs(g, 1).of_place(column))

    def out_of(self, connection: Connection, i: int) -> np.ndarray:
        g, (_, inputs, part) = windows_of(connection), self.channels(connection)
        channel, cell = divmod(i, g.size[0] * g.size[1])
        row, column = divmod(cell, g.size[1])
        o = channel // inputs * part + np.arange(part)
        rows, columns = (np.flatnonzero(pairs(g, axis).cell == at) for axis, at in ((0, row), (1, column)))
        return self._numbers(g, o * inputs + channel % inputs, rows, columns)

    @staticmethod
    def _numbers(g: Windows, channels: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """All edges of these pairs of channels, rows and columns, rising."""
        return ((channels[:, None, None] * len(pairs(g, 0)) + rows[:, None]) * len(pairs(g, 1)) + columns).ravel()
