"""The columns that drawables read, and the record the bridge fills in for them.

The names are those in the shaders; a test parses every shader and compares.
"""

from __future__ import annotations

from dataclasses import dataclass

from nnviz3d.gfx.texture_buffer import TextureBuffer
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
    "t_plate": ("float32", 4),
    "t_point": ("float32", 4),
    "t_response": ("float32", 1),
    "t_tint": ("float32", 4),
    "t_mark": ("int32", 1),
}

FROZEN, KILLED, END = 1, 2, 4  # bits of t_mark: how a neuron is held, and the end of an edge that is pointed at


@dataclass
class Subject:
    """A network as columns. `chosen`, `signals`, `highlight` and `lit` are counts of pairs in the selection columns of the same names.

    `all_edges`: draw every edge straight out of the weights; otherwise the `chosen` ones.
    """

    topology: Topology
    layout: Layout
    columns: dict[str, TextureBuffer]
    signals_column: TextureBuffer
    highlight_column: TextureBuffer
    lit_column: TextureBuffer
    all_edges: bool = True
    chosen: int = 0
    signals: int = 0
    highlight: int = 0
    points: int = 0
    radius: float = 0.135
    tile: float = 0.0  # half the side of a neuron's picture, world units; 0: neurons are spheres
    tile_cells: int = 0  # of its response, a side
    spot: tuple[float, float] = (-1.0, -1.0)  # where the shown sample lies on the plane, in [0, 1]; outside: nowhere
    lit: int = 0
