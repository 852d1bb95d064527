"""The columns that drawables read, and the record the bridge fills in for them.

The names are those in the shaders; a test parses every shader and compares.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnviz3d.gfx.texture_buffer import TextureBuffer
from nnviz3d.layout.detours import Detour
from nnviz3d.layout.grid import Layout
from nnviz3d.spec.topology import Topology

COLUMNS = {  # name in the shaders: type, numbers an item
    "t_place": ("float32", 4),
    "t_activation": ("float32", 1),
    "t_delta": ("float32", 1),
    "t_layer_scale": ("float32", 2),
    "t_order": ("int32", 1),
    "t_pair": ("int32", 4),
    "t_pair_scale": ("float32", 2),
    "t_value": ("float32", 1),
    "t_before": ("float32", 1),
    "t_selection": ("int32", 2),
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
}

FROZEN, KILLED, END = 1, 2, 4  # bits of t_mark: how a neuron is held, and the end of an edge that is pointed at


@dataclass
class EdgeList:
    """A column of (connection, edge inside it), those that go round what they skip last: `detours` of `count`."""

    column: TextureBuffer
    count: int = 0
    detours: int = 0

    def __len__(self) -> int:
        return self.count

    def write(self, edges_n2: np.ndarray, detours: tuple[Detour | None, ...]) -> None:
        """Replace all of them. Nothing is sorted where no connection has a detour."""
        self.count, self.detours = len(edges_n2), 0
        if any(detours):
            on_detour_n = np.array([detour is not None for detour in detours])[edges_n2[:, 0]]
            edges_n2 = edges_n2[np.argsort(on_detour_n, kind="stable")]
            self.detours = int(on_detour_n.sum())
        self.column.write(edges_n2)

    def part(self, detours: bool) -> tuple[int, int]:
        """The first, and how many, of those on detours or of the others."""
        straight = self.count - self.detours
        return (straight, self.detours) if detours else (0, straight)


@dataclass(eq=False)
class Subject:
    """A network as columns. `chosen`, `signals`, `highlight` and `lit`: edges that are drawn in those ways.

    `all_edges`: draw every edge straight out of the weights; otherwise the `chosen` ones. `constant`: the value of an edge without a
    parameter.
    """

    topology: Topology
    layout: Layout
    columns: dict[str, TextureBuffer]
    chosen: EdgeList
    signals: EdgeList
    highlight: EdgeList
    lit: EdgeList
    all_edges: bool = True
    constant: float = 1.0
    points: int = 0
    radius: float = 0.135
    tile: float = 0.0  # half the side of a neuron's picture, world units; 0: neurons are spheres
    tile_cells: int = 0  # of its response, a side
    outlines: int = 0  # lines of t_line
    spot: tuple[float, float] = (-1.0, -1.0)  # where the shown sample lies on the plane, in [0, 1]; outside: nowhere
