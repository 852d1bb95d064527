"""Edges and signals: additive light. Every edge straight out of the weight buffer, or the chosen ones by the same shader."""

from __future__ import annotations

from nnviz3d.draw.frame import SceneFrame, Wave
from nnviz3d.draw.network_buffers import EdgeList, Subject
from nnviz3d.draw.palette import ERROR, PALETTES
from nnviz3d.gfx import state
from nnviz3d.gfx.context import Context
from nnviz3d.gfx.program import Program
from nnviz3d.layout.detours import PIECES

FLOOR = 0.02  # energies below add less than two levels of 255 on screen: not worth a triangle
LIT = 0.9  # least energy of an edge that is pointed at or chosen: a weight of 0 must be seen too
SECONDS_AN_EDGE = 1.6
COPIES = 2
WRAP = 4096.0  # seconds after which the signals' clock starts again: float32 keeps a millisecond there


class Edges:
    """`ribbons` and `sprites`; those of a walk (weights before and after, gradients with their activation) and of edges that go round what
    they skip are made when first needed."""

    def __init__(self, context: Context):
        self.context = context
        self.ribbons = Program(context, "edge.vert", "edge.frag")
        self.sprites = Program(context, "particle.vert", "particle.frag")
        self._more: dict[tuple[str, ...], Program] = {}

    def _program(self, shader: str, *switches: str) -> Program:
        switches = tuple(filter(None, switches))
        if not switches:
            return {"edge": self.ribbons, "particle": self.sprites}[shader]
        if (shader, *switches) not in self._more:
            self._more[shader, *switches] = Program(self.context, f"{shader}.vert", f"{shader}.frag", switches)
        return self._more[shader, *switches]

    @staticmethod
    def _switch(frame: SceneFrame) -> str:
        wave = frame.wave
        return "" if wave is None else "CHANGE" if wave.change else "ENDS" if wave.source > 0 else ""

    @staticmethod
    def palette(frame: SceneFrame) -> tuple:
        """Positive and negative; the error signal on its way back has a pair of its own."""
        return ERROR if frame.wave is not None and (frame.wave.flow >= 2 or frame.wave.gradient) else PALETTES[frame.look.palette]

    @staticmethod
    def flow(subject: Subject, frame: SceneFrame) -> dict:
        """Uniforms of `include/edge.glsl` that ribbons and signals share."""
        wave = frame.wave or Wave(flow=int(frame.look.edges == "signal"))
        out = {"u_flow": wave.flow, "u_front": wave.front, "u_way": wave.way, "u_constant": subject.constant}
        out["u_detours"] = any(subject.layout.detours)
        if wave.change:
            out |= {"u_old": wave.change.old, "u_times": wave.change.times, "u_typical": wave.change.typical}
        return out

    def draw(self, subject: Subject, frame: SceneFrame, shared: dict, floor: float = FLOOR) -> None:
        """All ribbons, then the highlighted ones; what is not highlighted steps back while something is. On top the few that are meant."""
        state.light()
        self._draw(subject, frame, shared, floor, detours=False)
        if any(subject.layout.detours):
            self._draw(subject, frame, shared, floor, detours=True)

    def _draw(self, subject: Subject, frame: SceneFrame, shared: dict, floor: float, detours: bool) -> None:
        """Those that go straight, or those on detours."""
        look = frame.look
        positive, negative = self.palette(frame)
        fine = float(shared["u_viewport"][1]) / 720.0
        # below a pixel a ribbon cannot get thinner, so it gets dimmer instead: any resolution looks equally bright
        calm = (0.22 if subject.highlight or subject.arcs else 1.0) * min(fine, 1.0) ** 0.7
        ghost = frame.wave is not None and frame.wave.ghost
        ribbons = self._program("edge", self._switch(frame), "DETOUR" if detours else "")
        width, floor = look.edge_width * max(fine, 0.5), floor / calm
        ribbons.set(
            **self.flow(subject, frame),
            u_floor=floor,
            u_positive=positive,
            u_negative=negative,
            u_dashes=look.dashes,
            u_dash=1.7 / subject.layout.pitch,
            u_least=0.0,
            u_pieces=PIECES,
            **shared,
        )
        for old in (False, True) if ghost else (False,):
            if frame.wave is not None and frame.wave.change:
                ribbons.set(u_ghost=old)
            ribbons.set(u_energy=look.edge_energy * calm, u_width=width, u_floor=floor)
            self._ribbons(ribbons, subject, detours)
            if subject.highlight:
                ribbons.set(u_energy=look.edge_energy * 1.7, u_width=width * 1.5, u_floor=0.0)
                self._listed(ribbons, subject, subject.highlight, detours)
        if subject.lit:  # whatever its number is, and wherever a wave is
            if ghost:
                ribbons.set(u_ghost=False)
            ribbons.set(u_way=0, u_floor=0.0, u_least=LIT, u_energy=look.edge_energy * 2.2, u_width=width * 2)
            self._listed(ribbons, subject, subject.lit, detours)

    def _ribbons(self, ribbons: Program, subject: Subject, detours: bool) -> None:
        """All of them, or the chosen ones."""
        if len(subject.chosen) or not subject.whole:
            self._listed(ribbons, subject, subject.chosen, detours)
        for c in subject.whole:
            if (subject.layout.detours[c.number] is not None) == detours:
                assert c.weight is not None
                ribbons.set(
                    u_pair=c.number, u_values=-1, u_dense=(c.weight.start, c.source.size, c.source.neurons.start, c.target.neurons.start)
                )
                ribbons.draw("triangle_strip", _vertices(detours), c.size, subject.columns)

    @staticmethod
    def _listed(ribbons: Program, subject: Subject, edges: EdgeList, detours: bool) -> None:
        first, count = edges.part(detours)
        if count or not detours:
            ribbons.set(u_pair=-1, u_first=first, u_values=subject.values_of(edges))
            ribbons.draw("triangle_strip", _vertices(detours), count, subject.columns | {"t_selection": edges.column})

    def draw_signals(self, subject: Subject, frame: SceneFrame, shared: dict) -> None:
        look = frame.look
        if not subject.signals or look.particles <= 0:
            return
        state.light()
        positive, negative = self.palette(frame)
        moved = frame.wave is not None and frame.wave.change is not None
        sprites, copies = self._program("particle", "CHANGE" if moved else ""), 1 if moved else COPIES  # one arrow an edge
        sprites.set(
            **self.flow(subject, frame),
            u_time=frame.time % WRAP,
            u_speed=look.particle_speed / SECONDS_AN_EDGE,
            u_energy=1.5 * min(look.particles, 1.5) * (0.5 if subject.highlight or subject.arcs else 1.0),
            u_size=subject.radius * (0.28 if subject.tile else 0.4),  # pictures want to be seen
            u_copies=copies,
            u_positive=positive,
            u_negative=negative,
            u_pair=-1,
            u_first=0,
            u_values=subject.values_of(subject.signals),
            **shared,
        )
        sprites.draw("points", len(subject.signals) * copies, 1, subject.columns | {"t_selection": subject.signals.column})

    def close(self) -> None:
        for program in (self.ribbons, self.sprites, *self._more.values()):
            program.close()


def _vertices(detours: bool) -> int:
    """Of one ribbon."""
    return 2 * (PIECES + 1) if detours else 4
