"""The columns of slabs and frames: where they stand, how full they are, and the rows of light on slabs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nnviz3d.bridge.slab_statistics import ROWS, SlabStatistics, levels
from nnviz3d.draw.network_buffers import COLUMNS, Subject
from nnviz3d.gfx.texture_buffer import TextureBuffer
from nnviz3d.layout.grid import Layout
from nnviz3d.sources.viewable import Array
from nnviz3d.spec.parts import NetworkPart
from nnviz3d.spec.topology import Topology


class GlassColumns:
    """Adds `t_glass` and `t_glass_row` to a picture's columns; their sizes follow the layout."""

    def __init__(self, topology: Topology, columns: dict[str, TextureBuffer], ops):
        self.columns = columns
        self.statistics = SlabStatistics(topology, ops)
        self.slabs: tuple[NetworkPart, ...] = ()
        self._layout: Layout | None = None
        self._items: dict[str, int] = {}

    @property
    def pending(self) -> bool:
        return self.statistics.pending

    def place(self, layout: Layout, subject: Subject) -> None:
        """Another layout, or the same on its way: frames first, then slabs, the last along x first."""
        before = None if self._layout is None else [glass.part for glass in self._layout.glass]
        self._layout = layout
        if before != [glass.part for glass in layout.glass]:
            self.statistics.watch(tuple(glass.part for glass in layout.glass if glass.fill > 0))
        boxes = [(glass, *box) for glass in layout.glass for box in layout.glass_boxes(glass)]
        boxes.sort(key=lambda each: (each[0].fill > 0, -each[1][0]))
        first, rows = {}, 0
        self.slabs = tuple(dict.fromkeys(glass.part for glass, *_ in boxes if glass.fill > 0))
        for part in self.slabs:
            first[part] = rows
            rows += min(len(part.nodes), ROWS)
        out_g34 = np.zeros((len(boxes), 3, 4), np.float32)
        self._items = {glass.part.name: item for item, (glass, *_) in enumerate(boxes) if glass.fill > 0}
        for item, (glass, low, high) in enumerate(boxes):
            count = min(len(glass.part.nodes), ROWS) if glass.fill > 0 else 0
            out_g34[item] = [[*low, glass.fill], [*high, 0], [first.get(glass.part, 0), count, 0, 0]]
        subject.frames = sum(glass.fill == 0 for glass, *_ in boxes)
        subject.slabs = len(boxes) - subject.frames
        self._write("t_glass", out_g34.reshape(-1, 4))
        self._rows()

    def point_at(self, name: str, subject: Subject) -> None:
        """The slab under the pointer lights up; "": none."""
        subject.lit_slab = self._items.get(name, -1)

    def refresh(self, tensor: Callable[[str], Array | None], changed: bool, whole: bool) -> None:
        """Rows follow the numbers."""
        if self.statistics.refresh(tensor, changed, whole):
            self._rows()

    def _rows(self) -> None:
        rows = [np.zeros((0, 3), np.float32), *(levels(self.statistics.mean_l3, part) for part in self.slabs)]
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
