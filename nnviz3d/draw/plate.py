"""The decision plate: a network's answer over the plane of two-dimensional data, and the samples it learned from."""

from __future__ import annotations

from nnviz3d.draw.network_buffers import Subject
from nnviz3d.gfx import state
from nnviz3d.gfx.context import Context
from nnviz3d.gfx.program import Program

DOTS = 600  # samples at most: more of them hide each other and the plate
SIDE = 48  # cells a side: 2,304 answers of a small network take 0.4 ms


class Plate:
    def __init__(self, context: Context):
        self.plate = Program(context, "plate.vert", "plate.frag")
        self.points = Program(context, "point.vert", "point.frag")

    def draw(self, subject: Subject, shared: dict) -> None:
        """Nothing, where the layout has no room for a plate."""
        annex = subject.layout.annex
        if annex is None:
            return
        state.solid()
        low, high = (tuple(map(float, corner)) for corner in annex)
        self.plate.set(u_low=low, u_high=high, u_side=SIDE, u_spot=subject.spot, **shared)
        self.plate.draw("triangle_strip", 4, 1, subject.columns)
        self.points.set(u_low=low, u_high=high, u_size=(high[1] - low[1]) * 0.016, **shared)
        self.points.draw("points", subject.points, 1, subject.columns)

    def close(self) -> None:
        self.plate.close()
        self.points.close()
