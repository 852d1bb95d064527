"""Sheets: tensors of many cells, one quad for each tile. What they cost depends on the pixels that they cover, not on their cells."""

from __future__ import annotations

import numpy as np

from nnviz3d.draw.camera import LENS, Pose
from nnviz3d.draw.network_buffers import Subject
from nnviz3d.gfx import state
from nnviz3d.gfx.context import Context
from nnviz3d.gfx.program import Program
from nnviz3d.gfx.texture_buffer import TextureBuffer
from nnviz3d.layout.grid import Layout
from nnviz3d.layout.tiles import Tiles

SPHERES_FROM = 0.027  # of the picture's height: cells that are larger on screen are spheres too; as in shaders/include/lod.glsl
NEAREST = 20_000  # spheres over sheets at most: more do not fit on a screen at that size


class Sheets:
    def __init__(self, context: Context, *subjects: Subject):
        self.program = Program(context, "sheet.vert", "sheet.frag")
        self._orders = {subject: TextureBuffer(max(len(subject.layout.tiles), 1), "int32") for subject in subjects}
        self._keys: dict[Subject, tuple] = {}

    def draw(self, subject: Subject, pose: Pose, buffers: dict, uniforms: dict) -> None:
        """`uniforms` as the spheres have them. Nothing, where no tensor is large."""
        tiles = subject.layout.tiles
        if not len(tiles):
            return
        order = self._orders[subject]
        if order.count < len(tiles):  # more is open than before
            order.close()
            order = self._orders[subject] = TextureBuffer(len(tiles), "int32")
            self._keys.pop(subject, None)
        if self._keys.get(subject) != (pose, subject.layout):
            self._keys[subject] = pose, subject.layout
            order.write(far_to_near(tiles, pose).astype(np.int32))
        state.solid()
        self.program.set(**uniforms)
        self.program.draw("triangle_strip", 4, len(tiles), buffers | {"t_tile_order": order})

    def close(self) -> None:
        for owned in (self.program, *self._orders.values()):
            owned.close()


def far_to_near(tiles: Tiles, pose: Pose) -> np.ndarray:
    """(S,) tiles by the distance of their middles along the view: a soft rim lies over what is behind it."""
    middle_s3 = tiles.corner_s3 + (tiles.down_s3 + tiles.across_s3) / 2
    return np.argsort(middle_s3 @ pose.axes[2].astype(np.float32), kind="stable")


def near_neurons(layout: Layout, pose: Pose, aspect: float) -> np.ndarray:
    """Ids of the neurons inside sheets that are large enough on screen to be spheres as well, and in the picture."""
    tiles = layout.tiles
    if not len(tiles):
        return np.zeros(0, np.int64)
    cell_s = tiles.cell_sides()
    corners = np.stack(tiles.corners(), 1)
    back = pose.axes[2].astype(np.float32)
    depth_s4 = (pose.eye.astype(np.float32) - corners) @ back
    reach_s = cell_s * LENS / 2 / SPHERES_FROM  # nearer than that cells are spheres
    found = []
    for k in np.flatnonzero((depth_s4.min(1) < reach_s) & (depth_s4.max(1) > 0)):
        ids = np.arange(tiles.first_s[k], tiles.first_s[k] + tiles.cells_s[k])
        seen = pose.project(layout.place_n4[ids, :3].astype(np.float64), aspect)
        inside = (seen[:, 2] > 0) & (seen[:, 2] < reach_s[k]) & (np.abs(seen[:, :2]) < 1.2).all(1)
        found.append(np.stack([ids[inside], seen[inside, 2]]))
    if not found:
        return np.zeros(0, np.int64)
    ids, depth = np.concatenate(found, 1)
    return ids[np.argsort(depth, kind="stable")[:NEAREST]].astype(np.int64)
