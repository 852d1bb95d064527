"""Neurons as pictures: a rounded glass tile shows what the neuron answers over the plane of the data, its rim glows with the activation.

One draw call for all. A tile stands in its layer like a picture on a wall and turns towards the eye only as far as it must: seen from any
side it is at most 29 degrees askew, which keeps neighbours apart and the picture readable.
"""

from __future__ import annotations

from dataclasses import replace
from math import sin

from nnviz3d.draw.frame import SceneFrame
from nnviz3d.draw.network_buffers import Subject
from nnviz3d.draw.palette import PLANE
from nnviz3d.gfx.context import Context
from nnviz3d.gfx.program import Program


class ResponseTiles:
    def __init__(self, context: Context):
        self.program = Program(context, "tile.vert", "tile.frag")

    def draw(self, subject: Subject, frame: SceneFrame, buffers: dict, uniforms: dict, count: int) -> None:
        """`count` tiles. `buffers` with the neurons' order, far to near; `uniforms` as the spheres have them."""
        pose = replace(frame.pose, yaw=turned(frame.pose.yaw), pitch=turned(frame.pose.pitch))
        right, up, _back = pose.axes
        self.program.set(
            u_right=tuple(map(float, right)),
            u_up=tuple(map(float, up)),
            u_half=subject.tile,
            u_cells=subject.tile_cells,
            u_neurons=subject.topology.n_neurons,
            u_spot=subject.spot,
            u_negative=PLANE[frame.look.palette][0],
            **uniforms,
        )
        self.program.draw("triangle_strip", 4, count, buffers)

    def close(self) -> None:
        self.program.close()


def turned(angle: float) -> float:
    """Which way a tile looks when the eye is at this angle (radians): at rest at every half turn, facing the eye at each quarter, and never
    jumping in between."""
    return angle - sin(2 * angle) / 2
