"""A walk through one training iteration: how it goes by itself, and what each moment looks like and says.

The step and its places are `sources.walk`; here is what only a session needs: playing, speed, the wave of the picture, plain words.
No clock: time is passed in.
"""

from __future__ import annotations

from math import ceil, floor

from nnviz3d.draw.frame import Wave
from nnviz3d.sources.own import verdict
from nnviz3d.sources.walk import Walk
from nnviz3d.spec.phases import phases
from nnviz3d.spec.readout import WalkReading

SPEED = 0.5  # phases a second, until somebody chooses another
SYMBOLS = {0: "|Δw|", 1: "|w a|", 2: "|w δ|", 3: "|δ a|"}  # by the wave's flow
SENTENCES = {
    "input": "Input: the numbers of one sample enter the network.",
    "forward": "Forward: each neuron adds up its inputs times their weights and its bias, then {activation} decides what it passes on.",
    "loss": "Loss: the output is compared with the target. The difference is the error that will travel back.",
    "backward": "Backward: the error returns. A weight's gradient is the error at its end times the activation at its start.",
    "update": "Update: every weight moves a little against its gradient.",
    "after": "After: the same sample once more, with the new weights.",
}


class Walking:
    """Takes one real training step when it is made. `walk` is the source that the picture reads. Raises RunError after divergence."""

    def __init__(self, source):
        self.walk = Walk(source)
        self.phases = phases(source.topology)
        self.playing, self.speed = True, SPEED

    @property
    def number(self) -> float:
        """Where one is: index of the phase + how much of it has passed."""
        return self.walk.place.number

    def next(self) -> None:
        """The next iteration, from its start, playing."""
        self.walk.next()
        self.playing = True

    def by(self, count: int) -> None:
        """Whole phases: on to the next border, or back to the one before."""
        self.playing = False
        border = floor(self.number + 1e-6) if count > 0 else ceil(self.number - 1e-6)
        self.walk.go(float(border + count))

    def advance(self, dt: float) -> None:
        if self.playing:
            self.walk.go(self.number + dt * self.speed)
            self.playing = self.number < len(self.phases)

    def restart_or_hold(self, playing: bool) -> None:
        """Play on (from the start, if it was over) or hold."""
        if playing and self.number >= len(self.phases):
            self.walk.go(0.0)
        self.playing = playing

    @property
    def sentence(self) -> str:
        phase = self.walk.view.phase
        return SENTENCES[phase.kind].format(activation=self.walk.topology.nodes[phase.layer].activation)

    def wave(self) -> Wave:
        """How this moment is drawn. A backward phase is the error's wave first, then the gradients that it leaves."""
        walk, share = self.walk, self.walk.place.fraction
        match walk.kind:
            case "loss":
                return Wave(walk.front, 1, error=share)
            case "forward":
                return Wave(walk.front, 1, fill_layer=walk.view.phase.layer, fill=share)
            case "backward" if share < 0.5:
                return Wave(walk.front, -1, flow=2, error=1.0)
            case "backward":  # the gradient lights the activation that it is made of
                lit = min(4 * share - 2, 1.0)
                return Wave(walk.front, -1, flow=3, error=1.0, source_layer=walk.view.phase.layer - 1, source=lit)
            case "update":
                return Wave(walk.front, -1, flow=0)
            case _:
                return Wave(walk.front, 1)

    def quantity(self) -> tuple[str, int]:
        """Kind of tensor and flow of the edges, for the bridge."""
        return ("change" if self.walk.kind == "update" else "parameter"), self.wave().flow

    def reading(self) -> WalkReading:
        walk, tape = self.walk, self.walk.tape
        output, layers = walk.topology.output, len(walk.topology.nodes) - 1
        told = [verdict(walk.data, output.activation, s.a[output.neurons.slice], walk.sample.target)[0] for s in (tape.old, tape.new)]
        return WalkReading(
            phases=tuple(phase.title(layers) for phase in self.phases),
            kinds=tuple(phase.kind for phase in self.phases),
            number=self.number,
            playing=self.playing,
            speed=self.speed,
            batch=len(tape.rows),
            loss_before=tape.old.loss,
            loss_after=tape.new.loss,
            answer_before=told[0],
            answer_after=told[1],
            symbol=SYMBOLS[self.wave().flow],
            error=self.wave().flow >= 2,
        )
