"""Outlines: the cell that is meant, the cells that it reads, and the lines that join them."""

from __future__ import annotations

from nnviz3d.draw.network_buffers import Subject
from nnviz3d.gfx import state
from nnviz3d.gfx.context import Context
from nnviz3d.gfx.program import Program

WIDTH = 1.3  # half of a line, in pixels of a picture of 720 lines


class Outlines:
    def __init__(self, context: Context):
        self.program = Program(context, "line.vert", "line.frag")

    def draw(self, subject: Subject, shared: dict) -> None:
        """Nothing, where nothing is outlined."""
        if not subject.outlines:
            return
        state.light()
        self.program.set(u_width=WIDTH * max(float(shared["u_viewport"][1]) / 720.0, 0.7), **shared)
        self.program.draw("triangle_strip", 4, subject.outlines, subject.columns)

    def close(self) -> None:
        self.program.close()
