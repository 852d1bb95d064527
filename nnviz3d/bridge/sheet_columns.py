"""The columns of sheets: where tiles stand, which cells they have, and the pyramid of the light of fine ones."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nnviz3d.bridge import patches
from nnviz3d.bridge.arc_columns import Arcs
from nnviz3d.bridge.pyramid import Pyramid
from nnviz3d.draw.network_buffers import COLUMNS, Subject
from nnviz3d.gfx.texture_buffer import TextureBuffer
from nnviz3d.layout.grid import Layout
from nnviz3d.spec.topology import Topology

Numbers = tuple[np.ndarray, np.ndarray | None, np.ndarray]


class SheetColumns:
    """Adds `t_tile`, `t_tile_cells` and `t_pyramid` to a picture's columns; their sizes follow the layout."""

    def __init__(self, topology: Topology, columns: dict[str, TextureBuffer]):
        self.topology, self.columns = topology, columns
        self._pyramid: Pyramid | None = None
        self._outlined: tuple[int, Layout] | None = None
        self._arched: tuple[Arcs | None, Layout] | None = None

    @property
    def pending(self) -> bool:
        """Means of some tiles are still of older numbers."""
        return self._pyramid is not None and self._pyramid.pending

    def place(self, layout: Layout) -> None:
        """Another layout. Of the same tiles at other places the means stay."""
        tiles, pyramid, kept = layout.tiles, Pyramid(layout.tiles, layout.pitch), self._pyramid
        wide_s3x4 = np.zeros((len(tiles), 3, 4), np.float32)
        for k, part in enumerate((tiles.corner_s3, tiles.down_s3, tiles.across_s3)):
            wide_s3x4[:, k, :3] = part
        wide_s3x4[:, 0, 3] = tiles.node_s
        self._write("t_tile", wide_s3x4.reshape(-1, 4))
        sheet_l = np.zeros(len(self.topology.nodes), np.float32)
        sheet_l[tiles.node_s] = 1
        self.columns["t_cell"].write(np.column_stack([layout.cell_l, sheet_l]))
        if kept is not None and np.array_equal(kept.tiles.first_s, tiles.first_s) and (pyramid.start_s[kept.start_s < 0] < 0).all():
            return
        self._pyramid = pyramid
        pyramid.changed()
        cells_s8 = np.zeros((len(tiles), 8), np.int32)
        for k, part in enumerate((tiles.first_s, tiles.rows_s, tiles.columns_s, tiles.cells_s, pyramid.start_s, pyramid.levels_s)):
            cells_s8[:, k] = part
        self._write("t_tile_cells", cells_s8.reshape(-1, 4))
        self._write("t_pyramid", np.zeros((pyramid.size, 4), np.float32))

    def outline(self, subject: Subject, neuron: int) -> None:
        """This cell and what it reads; -1: none."""
        key = neuron, subject.layout
        if key != self._outlined:
            self._outlined = key
            lines_m4 = patches.lines(self.topology, subject.layout, neuron)
            subject.outlines = len(lines_m4) // 2
            self._write("t_line", lines_m4)

    def show_arcs(self, subject: Subject, arcs: Arcs | None) -> None:
        """These arcs, or none."""
        key = arcs, subject.layout
        if self._arched is None or key[0] is not self._arched[0] or key[1] is not self._arched[1]:
            self._arched = key
            lines_m4 = np.zeros((0, 4), np.float32) if arcs is None else arcs.lines(self.topology, subject.layout)
            subject.arcs = len(lines_m4) // 2
            self._write("t_arc", lines_m4)

    def refresh(self, numbers: Callable[[], Numbers], changed: bool, whole: bool = False) -> None:
        """Means of light follow what `numbers` says: activations, deltas if they are shown, scales of the layers; some of them in each
        frame, all if `whole`. `changed`: they are others than in the last call."""
        pyramid = self._pyramid
        if pyramid is None or not pyramid.size:
            return
        if changed:
            pyramid.changed()
        for start, means_m4 in pyramid.renewed(*numbers(), whole):
            self.columns["t_pyramid"].write(means_m4, start)

    def _write(self, name: str, values: np.ndarray) -> None:
        """Into a column of that size."""
        column = self.columns.get(name)
        if column is None or column.count != max(len(values), 1):
            if column is not None:
                column.close()
            column = self.columns[name] = TextureBuffer(len(values), *COLUMNS[name])
        column.write(values)
