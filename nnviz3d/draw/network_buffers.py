"""The columns that drawables read, and the record the bridge fills in for them.

The names are those in the shaders; a test parses every shader and compares.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from nnviz3d.gfx.texture_buffer import TextureBuffer
from nnviz3d.layers.shared.edges_face import PARAMETER
from nnviz3d.layout.detours import Detour
from nnviz3d.layout.grid import Layout
from nnviz3d.spec.topology import Connection, Topology

COLUMNS = {  # name in the shaders: type, numbers an item
    "t_place": ("float32", 4),
    "t_activation": ("float32", 1),
    "t_delta": ("float32", 1),
    "t_layer_scale": ("float32", 2),
    "t_order": ("int32", 1),
    "t_pair": ("float32", 1),
    "t_pair_scale": ("float32", 2),
    "t_value": ("float32", 1),
    "t_before": ("float32", 1),
    "t_selection": ("int32", 4),
    "t_time": ("float32", 1),
    "t_detour": ("float32", 4),
    "t_plate": ("float32", 4),
    "t_point": ("float32", 4),
    "t_response": ("float32", 1),
    "t_tint": ("float32", 4),
    "t_mark": ("int32", 1),
    "t_cell": ("float32", 2),
    "t_tile": ("float32", 4),
    "t_tile_cells": ("int32", 4),
    "t_tile_order": ("int32", 1),
    "t_pyramid": ("float32", 4),
    "t_line": ("float32", 4),
    "t_arc": ("float32", 4),
    "t_glass": ("float32", 4),
    "t_glass_row": ("float32", 4),
}

FROZEN, KILLED, END = 1, 2, 4  # bits of t_mark: how a neuron is held, and the end of an edge that is pointed at


@dataclass
class EdgeList:
    """A column of rows (source, target, what, entry * 4 + kind), those that go round what they skip last: `detours` of `count`.

    Where `t_value` holds numbers of lists alone, those of this one begin at `first`, and `parameters` are the places in the arena that they
    are from: one for each row, 0 where a row shows none.
    """

    column: TextureBuffer
    first: int = 0
    count: int = 0
    detours: int = 0
    parameters: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))

    def __len__(self) -> int:
        return self.count

    def write(self, rows_n4: np.ndarray, detours: tuple[Detour | None, ...], own_values: bool = False) -> None:
        """Replace all of them. Nothing is sorted where no connection has a detour. `own_values`: `t_value` has a number for each row
        instead of the whole arena."""
        rows_n4 = rows_n4[: self.column.count]
        self.count, self.detours = len(rows_n4), 0
        if any(detours):
            on_detour_n = np.array([detour is not None for detour in detours])[(rows_n4[:, 3] >> 2) % len(detours)]
            rows_n4 = rows_n4[np.argsort(on_detour_n, kind="stable")]
            self.detours = int(on_detour_n.sum())
        if own_values:
            self.parameters = np.where(rows_n4[:, 3] & 3 == PARAMETER, rows_n4[:, 2], 0)
        self.column.write(rows_n4)

    def part(self, detours: bool) -> tuple[int, int]:
        """The first, and how many, of those on detours or of the others."""
        straight = self.count - self.detours
        return (straight, self.detours) if detours else (0, straight)


@dataclass(eq=False)
class Subject:
    """A network as columns. `chosen`, `signals`, `highlight` and `lit`: edges that are drawn in those ways.

    `whole`: connections, all edges of which are drawn straight out of the weights; of the others the `chosen` ones are. `own_values`:
    `t_value` has numbers of listed edges alone. `constant`: what the value of an edge without a parameter is multiplied by.
    """

    topology: Topology
    layout: Layout
    columns: dict[str, TextureBuffer]
    chosen: EdgeList
    signals: EdgeList
    highlight: EdgeList
    lit: EdgeList
    whole: tuple[Connection, ...] = ()
    own_values: bool = False
    constant: float = 1.0
    points: int = 0
    radius: float = 0.135
    tile: float = 0.0  # half the side of a neuron's picture, world units; 0: neurons are spheres
    tile_cells: int = 0  # of its response, a side
    outlines: int = 0  # lines of t_line
    arcs: int = 0  # of t_arc
    frames: int = 0  # items of t_glass around open parts
    slabs: int = 0  # items after those
    lit_slab: int = -1  # item under the pointer
    spot: tuple[float, float] = (-1.0, -1.0)  # where the shown sample lies on the plane, in [0, 1]; outside: nowhere

    def values_of(self, edges: EdgeList) -> int:
        """`u_values` of shaders/include/edge.glsl."""
        return edges.first if self.own_values else -1
