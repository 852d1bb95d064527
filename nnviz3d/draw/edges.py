"""Edges and signals: additive light. Every edge straight out of the weight buffer, or the chosen ones by the same shader."""

from __future__ import annotations

from nnviz3d.draw.frame import Frame, Wave
from nnviz3d.draw.network_buffers import Subject
from nnviz3d.draw.palette import ERROR, PALETTES
from nnviz3d.gfx import state
from nnviz3d.gfx.context import Context
from nnviz3d.gfx.program import Program

FLOOR = 0.02  # energies below add less than two levels of 255 on screen: not worth a triangle
LIT = 0.9  # least energy of an edge that is pointed at or chosen: a weight of 0 must be seen too
SECONDS_AN_EDGE = 1.6
COPIES = 2
WRAP = 4096.0  # seconds after which the signals' clock starts again: float32 keeps a millisecond there


class Edges:
    """`ribbons` and `sprites`; those of a walk (weights before and after, gradients with their activation) are made when first needed."""

    def __init__(self, context: Context):
        self.context = context
        self.ribbons = Program(context, "edge.vert", "edge.frag")
        self.sprites = Program(context, "particle.vert", "particle.frag")
        self._more: dict[tuple[str, str], Program] = {}

    def _program(self, kind: str, switch: str) -> Program:
        if not switch:
            return self.ribbons if kind == "edge" else self.sprites
        if (kind, switch) not in self._more:
            self._more[kind, switch] = Program(self.context, f"{kind}.vert", f"{kind}.frag", (switch,))
        return self._more[kind, switch]

    @staticmethod
    def _switch(frame: Frame) -> str:
        wave = frame.wave
        return "" if wave is None else "CHANGE" if wave.change else "ENDS" if wave.source > 0 else ""

    @staticmethod
    def palette(frame: Frame) -> tuple:
        """Positive and negative; the error signal on its way back has a pair of its own."""
        return ERROR if frame.wave is not None and (frame.wave.flow >= 2 or frame.wave.gradient) else PALETTES[frame.look.palette]

    @staticmethod
    def flow(frame: Frame) -> dict:
        wave = frame.wave or Wave(flow=int(frame.look.edges == "signal"))
        out = {"u_flow": wave.flow, "u_front": wave.front, "u_way": wave.way}
        if wave.change:
            out |= {"u_old": wave.change.old, "u_times": wave.change.times, "u_typical": wave.change.typical}
        return out

    def draw(self, subject: Subject, frame: Frame, shared: dict, floor: float = FLOOR) -> None:
        """All ribbons, then the highlighted ones; what is not highlighted steps back while something is. On top the few that are meant."""
        state.light()
        look = frame.look
        positive, negative = self.palette(frame)
        fine = float(shared["u_viewport"][1]) / 720.0
        # below a pixel a ribbon cannot get thinner, so it gets dimmer instead: any resolution looks equally bright
        calm = (0.22 if subject.highlight else 1.0) * min(fine, 1.0) ** 0.7
        ribbons, ghost = self._program("edge", self._switch(frame)), frame.wave is not None and frame.wave.ghost
        width, floor = look.edge_width * max(fine, 0.5), floor / calm
        ribbons.set(
            **self.flow(frame),
            u_floor=floor,
            u_positive=positive,
            u_negative=negative,
            u_dashes=look.dashes,
            u_dash=1.7 / subject.layout.pitch,
            u_least=0.0,
            **shared,
        )
        for old in (False, True) if ghost else (False,):
            if frame.wave is not None and frame.wave.change:
                ribbons.set(u_ghost=old)
            ribbons.set(u_energy=look.edge_energy * calm, u_width=width, u_floor=floor)
            self._ribbons(ribbons, subject)
            if subject.highlight:
                ribbons.set(u_pair=-1, u_energy=look.edge_energy * 1.7, u_width=width * 1.5, u_floor=0.0)
                ribbons.draw("triangle_strip", 4, subject.highlight, subject.columns | {"t_selection": subject.highlight_column})
        if subject.lit:  # whatever its number is, and wherever a wave is
            if ghost:
                ribbons.set(u_ghost=False)
            ribbons.set(u_pair=-1, u_way=0, u_floor=0.0, u_least=LIT, u_energy=look.edge_energy * 2.2, u_width=width * 2)
            ribbons.draw("triangle_strip", 4, subject.lit, subject.columns | {"t_selection": subject.lit_column})

    @staticmethod
    def _ribbons(ribbons: Program, subject: Subject) -> None:
        """All of them, or the chosen ones."""
        if subject.all_edges:
            for pair, connection in enumerate(subject.topology.connections):
                ribbons.set(u_pair=pair)
                ribbons.draw("triangle_strip", 4, connection.size, subject.columns)
        else:
            ribbons.set(u_pair=-1)
            ribbons.draw("triangle_strip", 4, subject.chosen, subject.columns)

    def draw_signals(self, subject: Subject, frame: Frame, shared: dict) -> None:
        look = frame.look
        if not subject.signals or look.particles <= 0:
            return
        state.light()
        positive, negative = self.palette(frame)
        moved = frame.wave is not None and frame.wave.change is not None
        sprites, copies = self._program("particle", "CHANGE" if moved else ""), 1 if moved else COPIES  # one arrow an edge
        sprites.set(
            **self.flow(frame),
            u_time=frame.time % WRAP,
            u_speed=look.particle_speed / SECONDS_AN_EDGE,
            u_energy=1.5 * min(look.particles, 1.5) * (0.5 if subject.highlight else 1.0),
            u_size=subject.radius * (0.28 if subject.tile else 0.4),  # pictures want to be seen
            u_copies=copies,
            u_positive=positive,
            u_negative=negative,
            u_pair=-1,
            **shared,
        )
        sprites.draw("points", subject.signals * copies, 1, subject.columns | {"t_selection": subject.signals_column})

    def close(self) -> None:
        for program in (self.ribbons, self.sprites, *self._more.values()):
            program.close()
