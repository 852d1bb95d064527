"""Edges of a maximum: 1 from the winner of each window, 0 from the others; of the sample that is shown."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from nnviz3d.layers.shared import window_table
from nnviz3d.layers.shared.edge_quantities import Numbers
from nnviz3d.layers.shared.window_edges import WindowEdges, beside, windows_of
from nnviz3d.spec.sliding_windows import Windows
from nnviz3d.spec.topology import Connection, Node


@lru_cache(64)
def _cells(g: Windows) -> np.ndarray:
    """(places, taps) cells of each window on its map; where one lies in the padding, the window's first that does not."""
    inside = (g.inside(0)[:, None, :, None] & g.inside(1)[None, :, None, :]).reshape(g.cells, g.taps)
    cells = (g.cells_of(0)[:, None, :, None] * g.size[1] + g.cells_of(1)[None, :, None, :]).reshape(g.cells, g.taps)
    first = cells[np.arange(g.cells), inside.argmax(1)]
    return np.where(inside, cells, first[:, None])


def cells_of_window(node: Node, sources: tuple[Node, ...], j: int) -> np.ndarray:
    """The cells of the window of neuron j that lie on the map, in the order of reading, by their numbers in the source."""
    g = window_table.windows_of(node, sources)
    channel, place = divmod(j, g.cells)
    return channel * (g.size[0] * g.size[1]) + np.unique(_cells(g)[place])


class MaxPoolEdges(WindowEdges):
    def values(self, connection: Connection, local_e: Any, numbers: Numbers) -> Any:
        """Whether each begins at the first of the largest cells of its window."""
        g = windows_of(connection)
        source_e, target_e = self.ends(connection, local_e)
        channel_e, place_e = divmod(target_e - connection.target.neurons.start, g.cells)
        first_e = connection.source.neurons.start + channel_e * (g.size[0] * g.size[1])
        cells_ek = beside(_cells(g), local_e)[place_e] + first_e[..., None]
        winner_e = numbers.activation_n[cells_ek].argmax(-1)
        return numbers.constant * (np.take_along_axis(cells_ek, winner_e[..., None], -1)[..., 0] == source_e)


EDGES = MaxPoolEdges()
