"""A walk through one training iteration: how it goes by itself, and what each moment looks like and says.

The step and its places are `sources.step_view`; here is what only a session needs: playing, speed, the wave of the picture, plain words.
No clock: time is passed in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, floor
from typing import TYPE_CHECKING, Literal

from nnviz3d.app.session import step_sentences, train_loop
from nnviz3d.app.session.mode import Mode
from nnviz3d.draw.frame import Wave
from nnviz3d.layers.shared.window_table import WindowTable
from nnviz3d.sources.viewable import Viewable
from nnviz3d.sources.walk import Walk
from nnviz3d.spec.errors import RunError
from nnviz3d.spec.phases import LAYERED, Place, phases
from nnviz3d.spec.readout import WalkReading
from nnviz3d.spec.score import Scores
from nnviz3d.spec.topology import Node
from nnviz3d.spec.walk_line import WalkLine, walk_line

if TYPE_CHECKING:
    from nnviz3d.app.session.session import Session

SYMBOLS = {0: "|Δw|", 1: "|w a|", 2: "|w δ|", 3: "|δ a|"}  # by the wave's flow
PACE, LONGEST = 0.5, 75.0  # phases a second; seconds that a step takes at most, unless a person says otherwise
SHORT = 45  # phases: so many go at that pace


@dataclass
class WalkSettings:
    """How a person likes to walk, from one walk to the next. `speed`: phases a second, 0: one a frame, None: by their number.
    `loop`: what follows the end: "stop", "again" (this step), "on" (the next one). `mean`: show the batch's gradient."""

    speed: float | None = None
    loop: Literal["stop", "again", "on"] = "stop"
    mean: bool = False


class StepPlayer(Mode):
    """Takes one real training step when it is made. `walk` is what the picture reads. Raises RunError after divergence."""

    def __init__(self, session: Session, live: Mode):
        """`live`: the mode that it leads back to."""
        super().__init__(session)
        self.live, self.walk = live, Walk(session.source)
        self.phases = phases(session.source.topology)
        self._line: tuple = (None, None)
        self.playing, self.walk_settings = True, session.walk_settings
        self.pointed = -1  # the neuron under the pointer
        self.walk.show_gradient(self.walk_settings.mean)

    def begin(self, place: Place | None) -> None:
        """A step has been taken: its loss is a point of the curve. Play, or stand still at a place."""
        source = self.session.source
        self.session.curves.add_train(source.step, source.loss)
        if place is not None:
            self.playing = False
            self.walk.go(place)

    # ---------------------------------------------------------------- a mode of the session

    @property
    def step_player(self) -> StepPlayer:
        return self

    @property
    def seen(self) -> Viewable:
        return self.walk

    @property
    def keeps(self) -> bool:
        return False

    def leave_walk(self) -> None:
        self.session.mode = self.live
        self.session.forget_shown()

    def play(self) -> None:
        self.leave_walk()
        self.live.play()

    def single_step(self) -> None:
        self.leave_walk()
        self.live.single_step()

    def move(self, unit: str, count: int) -> None:
        self.live.move(unit, count)

    def rewind(self, step: int) -> None:
        self.live.rewind(step)

    def reset(self, seed: int | None) -> None:
        self.leave_walk()
        self.live.reset(seed)

    def start_walk(self, place: Place | None) -> None:
        """The next iteration; after divergence a banner says why there is none."""
        session = self.session
        session.running = False
        session.moments.watch("")
        try:
            self.next()
        except RunError as error:
            session.banner, self.playing = str(error), False
            return
        self.begin(place)

    def advance(self, dt: float, more: Callable[[], bool]) -> int:
        if self.pass_time(dt) and not train_loop.stopped(self.session, more):
            self.session.start_walk()
        return 0

    def run(self, steps: int) -> int:
        return self.live.run(steps)

    def run_to(self, step: int) -> int:
        return self.live.run_to(step)

    def evaluate(self, limit: int | None) -> Scores:
        return self.live.evaluate(limit)

    @property
    def shown_number(self) -> int:
        return self.walk.shown

    def show_sample(self, index: int) -> None:
        """Of the batch."""
        self.walk.show_sample(index)

    # ---------------------------------------------------------------- where it is

    @property
    def number(self) -> float:
        """Where one is: index of the phase + how much of it has passed."""
        return self.walk.place.number

    @property
    def line(self) -> WalkLine:
        """What passes one after another: the phases, those of a part that the picture has folded as one."""
        folded = self.session.folded
        if self._line[0] is not folded:
            self._line = folded, walk_line(self.walk.topology, folded)
        return self._line[1]

    @property
    def stretch(self) -> int:
        """Which of the line's stretches the present phase lies in."""
        return self.line.at(self.walk.place.index + 0.5)

    def next(self) -> None:
        """The next iteration, from its start, playing."""
        self.walk.next()
        self.playing = True

    def by(self, count: int) -> None:
        """Whole stretches of the line: on to the next border, or back to the one before."""
        self.playing = False
        along = self.line.along(self.number)
        border = floor(along + 1e-6) if count > 0 else ceil(along - 1e-6)
        self.walk.go(self.line.number(float(border + count)))

    def by_layer(self, count: int) -> None:
        """The same moment at the next layer that a pass goes through (or the one before); what belongs to no layer is skipped."""
        self.playing = False
        line, index, place = self.line, self.stretch, self.walk.place
        share = place.fraction if line.stretches[index].part is None else line.along(place.number) - index
        ahead = range(index + 1, len(line)) if count > 0 else range(index - 1, -1, -1)
        found = next((k for k in ahead if line.stretches[k].kind in LAYERED), None)
        if found is not None:
            self.walk.go(self._place(found, share))

    def _place(self, k: int, share: float) -> Place | float:
        """This share of a stretch; of one phase its own place, also at its very beginning."""
        stretch = self.line.stretches[k]
        return Place(stretch.first, share) if stretch.part is None else self.line.number(k + share)

    def pass_time(self, dt: float) -> bool:
        """Play for `dt` seconds. True: it has played to the end, and the next step is to follow."""
        if not self.playing or self.held:
            return False
        if self.over and self.walk_settings.loop == "on":
            return True
        speed, along = self.speed, self.line.along(self.number)
        self.walk.go(self.line.number(along + dt * speed if speed else floor(along) + 1.0))
        if self.over and self.walk_settings.loop == "again":
            self.walk.go(0.0)
        self.playing = not self.over or self.walk_settings.loop == "on"
        return False

    @property
    def speed(self) -> float:
        """Phases a second; 0: one a frame."""
        if self.walk_settings.speed is not None:
            return self.walk_settings.speed
        count = len(self.line)
        return PACE if count <= SHORT else count / LONGEST

    @property
    def sliding(self) -> Node | None:
        """The layer whose windows write its cells at this moment; None where none does."""
        walk = self.walk
        node = walk.topology.nodes[walk.view.phase.layer]
        writes = walk.kind == "forward" and isinstance(node.table, WindowTable) and 0 < walk.view.filled(node.number) < 0.5
        return node if writes else None

    @property
    def held(self) -> bool:
        """The window stands where one points: at a cell that it writes, or that it reads."""
        node = self.sliding
        if node is None or not 0 <= self.pointed < self.walk.topology.n_neurons:
            return False
        return self.walk.topology.locate(self.pointed)[0] in (node, *self.walk.topology.sources(node))

    @property
    def over(self) -> bool:
        return self.number >= len(self.phases)

    def restart_or_hold(self, playing: bool) -> None:
        """Play on (from the start, if it was over and the next step does not follow) or hold."""
        if playing and self.over and self.walk_settings.loop != "on":
            self.walk.go(0.0)
        self.playing = playing

    def show_gradient(self, mean: bool) -> None:
        """The batch's mean, or the shown sample's own."""
        self.walk_settings.mean = mean
        self.walk.show_gradient(mean)

    @property
    def _tells_gradients(self) -> bool:
        """The error has arrived, and leaves gradients: not where a node has no parameters."""
        node = self.walk.topology.nodes[self.walk.view.phase.layer]
        return self.walk.kind == "backward" and self.walk.place.fraction >= 0.5 and bool(node.parameters)

    @property
    def tells_mean(self) -> bool:
        """The edges show the gradient of the batch at this moment."""
        return self.walk.view.batch and self._tells_gradients

    @property
    def sentence(self) -> str:
        """What happens at this moment, in plain words."""
        return step_sentences.sentence(self.walk, self.line.stretches[self.stretch].part, self.mean_gradient)

    @property
    def mean_gradient(self) -> str:
        """Whose gradient an update follows, in words."""
        rows = len(self.walk.tape.rows)
        return f"its mean gradient over the {rows:,} samples of the batch" if rows > 1 else "its gradient over the batch of one sample"

    def wave(self) -> Wave:
        """How this moment is drawn. A backward phase is the error's wave first, then the gradients that it leaves."""
        walk, share = self.walk, self.walk.place.fraction
        match walk.kind:
            case "loss":
                return Wave(walk.front, 1, error=share)
            case "forward":
                layer = walk.view.phase.layer
                return Wave(walk.front, 1, fill_layer=layer, fill=walk.view.filled(layer))
            case "backward" if not self._tells_gradients:
                return Wave(walk.front, -1, flow=2, error=1.0)
            case "backward" if self.tells_mean:
                return Wave(walk.front, -1, flow=0, error=1.0, gradient=True)
            case "backward":  # the gradient lights the activation that it is made of
                lit, node = min(4 * share - 2, 1.0), walk.topology.nodes[walk.view.phase.layer]
                source = walk.topology.sources(node)[0].number
                return Wave(walk.front, -1, flow=3, error=1.0, source_layer=source, target_layer=node.number, source=lit)
            case "update":
                return Wave(walk.front, -1, flow=0)
            case _:
                return Wave(walk.front, 1)

    def quantity(self) -> tuple[str, int]:
        """Kind of tensor and flow of the edges, for the bridge."""
        kind = "gradient" if self.tells_mean else "change" if self.walk.kind == "update" else "parameter"
        return kind, self.wave().flow

    def reading(self) -> WalkReading:
        walk, tape = self.walk, self.walk.tape
        wave = self.wave()
        view = walk.view
        return WalkReading(
            line=self.line,
            kinds=tuple(phase.kind for phase in self.phases),
            layers=tuple(phase.layer for phase in self.phases),
            number=self.number,
            playing=self.playing,
            speed=self.speed,
            batch=len(tape.rows),
            loss_before=tape.old.loss if view.judged else None,
            loss_after=tape.new.loss if view.renewed else None,
            answer_before=walk.said(False)[0] if view.answered else "",
            answer_after=walk.said(True)[0] if view.renewed else "",
            symbol="|mean dL/dw|" if self.tells_mean else SYMBOLS[wave.flow],
            error=wave.flow >= 2 or wave.gradient,
            step=tape.step,
            shown=walk.shown % len(tape.rows),
            loop=self.walk_settings.loop,
            mean=walk.view.batch,
            gradient=f"mean gradient of {len(tape.rows):,} samples"
            if self.tells_mean
            else "gradient of this sample"
            if wave.flow == 3
            else "",
            phase=walk.place.index,
            whole=self._whole(wave),
        )

    def _whole(self, wave: Wave) -> bool:
        """Whether what the edges show has been worked out in every layer."""
        view = self.walk.view
        if wave.flow == 1:
            return view.passed("forward", self.walk.topology.output.number) > 0
        return view.whole("update" if self.walk.kind == "update" else "delta")
