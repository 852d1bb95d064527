"""The columns of slabs and frames: where they stand, how full they are, and the rows of light on slabs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nnviz3d.bridge.slab_statistics import SlabStatistics, levels
from nnviz3d.draw.network_buffers import COLUMNS, Subject
from nnviz3d.gfx.texture_buffer import TextureBuffer
from nnviz3d.layout.grid import Layout
from nnviz3d.sources.viewable import Array
from nnviz3d.spec.topology import Topology


class GlassColumns:
    """Adds `t_glass` and `t_glass_row` to a picture's columns; their sizes follow the layout."""

    def __init__(self, topology: Topology, columns: dict[str, TextureBuffer], ops):
        self.columns = columns
        self.statistics = SlabStatistics(topology, ops)
        self._layout: Layout | None = None

    @property
    def pending(self) -> bool:
        return self.statistics.pending

    def place(self, layout: Layout, subject: Subject) -> None:
        """Another layout, or the same on its way: frames first, then slabs, the last along x first."""
        before = None if self._layout is None else [glass.part for glass in self._layout.glass]
        self._layout = layout
        if before != [glass.part for glass in layout.glass]:
            self.statistics.watch(tuple(glass.part for glass in layout.glass if glass.fill > 0))
        boxes = [layout.glass_box(glass) for glass in layout.glass]
        order = sorted(range(len(boxes)), key=lambda k: (layout.glass[k].fill > 0, -boxes[k][0][0]))
        out_g34, row = np.zeros((len(boxes), 3, 4), np.float32), 0
        for item, k in enumerate(order):
            glass, (low, high) = layout.glass[k], boxes[k]
            count = len(levels(self.statistics.mean_l3, glass.part)) if glass.fill > 0 else 0
            out_g34[item] = [[*low, glass.fill], [*high, 0], [row, count, 0, 0]]
            row += count
        self._order = order
        subject.frames = sum(glass.fill == 0 for glass in layout.glass)
        subject.slabs = len(boxes) - subject.frames
        self._write("t_glass", out_g34.reshape(-1, 4))
        self._rows()

    def refresh(self, tensor: Callable[[str], Array | None], changed: bool, whole: bool) -> None:
        """Rows follow the numbers."""
        if self.statistics.refresh(tensor, changed, whole):
            self._rows()

    def _rows(self) -> None:
        assert self._layout is not None
        slabs = [self._layout.glass[k].part for k in self._order if self._layout.glass[k].fill > 0]
        rows = [np.zeros((0, 3), np.float32), *(levels(self.statistics.mean_l3, part) for part in slabs)]
        found_r3 = np.concatenate(rows)
        self._write("t_glass_row", np.pad(found_r3, ((0, 0), (0, 1))))

    def _write(self, name: str, values: np.ndarray) -> None:
        """Into a column of that size."""
        column = self.columns.get(name)
        if column is None or column.count != max(len(values), 1):
            if column is not None:
                column.close()
            column = self.columns[name] = TextureBuffer(len(values), *COLUMNS[name])
        column.write(np.ascontiguousarray(values, np.float32))
