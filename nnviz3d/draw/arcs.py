"""Arcs of attention beside the rows of tokens: from each query to the keys that it looks at, as wide as the share."""

from __future__ import annotations

from nnviz3d.draw.network_buffers import Subject
from nnviz3d.gfx import state
from nnviz3d.gfx.context import Context
from nnviz3d.gfx.program import Program

PIECES = 24
WIDTH = 2.6  # of half an arc with a share of 1, in pixels of a picture of 720 lines
QUERY, KEY = (0.95, 0.55, 0.16), (0.14, 0.42, 1.0)  # linear light: warm where it looks from, cold where it looks at


class ArcRibbons:
    def __init__(self, context: Context):
        self.program = Program(context, "arc.vert", "arc.frag")

    def draw(self, subject: Subject, shared: dict) -> None:
        """Nothing, where no head is looked at."""
        if not subject.arcs:
            return
        state.light()
        width = WIDTH * max(float(shared["u_viewport"][1]) / 720.0, 0.7)
        self.program.set(u_width=width, u_pieces=PIECES, u_pitch=subject.layout.pitch, u_query=QUERY, u_key=KEY, **shared)
        self.program.draw("triangle_strip", 2 * (PIECES + 1), subject.arcs, subject.columns)

    def close(self) -> None:
        self.program.close()
