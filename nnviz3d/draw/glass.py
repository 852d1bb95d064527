"""The glass around parts of a network: slabs of frosted glass with rows of light, and thin frames around what is open."""

from __future__ import annotations

from nnviz3d.draw.network_buffers import Subject
from nnviz3d.draw.palette import ERROR
from nnviz3d.gfx import state
from nnviz3d.gfx.context import Context
from nnviz3d.gfx.program import Program

SIDES = 6  # of a box
CHANGE = (0.35, 1.1, 1.0)  # colour of rows that show |change| / |w|


class GlassBoxes:
    def __init__(self, context: Context):
        self.program = Program(context, "glass.vert", "glass.frag")

    def slabs(self, subject: Subject, shared: dict) -> None:
        """Solid: they hide what is behind them."""
        state.solid()
        self._draw(subject, shared, subject.frames, subject.slabs)

    def frames(self, subject: Subject, shared: dict) -> None:
        """Light."""
        state.light()
        self._draw(subject, shared, 0, subject.frames)

    def _draw(self, subject: Subject, shared: dict, first: int, count: int) -> None:
        if count:
            self.program.set(u_first=first, u_lit=subject.lit_slab, u_gradient=ERROR[0], u_change=CHANGE, **shared)
            self.program.draw("triangle_strip", 4, SIDES * count, subject.columns)

    def close(self) -> None:
        self.program.close()
