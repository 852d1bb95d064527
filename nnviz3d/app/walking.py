"""A walk through one training iteration: where one is in it, how fast it goes by itself, and what each moment looks like.

The iteration is one real training step, taken once and kept (`engine.iteration`); a place in it is a number, so it can be played,
paused and dragged both ways. No clock: time is passed in.
"""

from __future__ import annotations

import numpy as np

from nnviz3d.draw.frame import Wave
from nnviz3d.sources.walk import Walk
from nnviz3d.spec.phases import Place, phases
from nnviz3d.spec.readout import WalkReading

ARRIVED = 0.6  # share of a backward phase after which the gradients are shown instead of the wave
SENTENCES = {
    "input": "Input: the numbers of one sample enter the network.",
    "forward": "Forward: each neuron adds up its inputs times their weights and its bias, then {activation} decides what it passes on.",
    "loss": "Loss: the output is compared with the target. The difference is the error that travels back.",
    "backward": "Backward: each neuron hears how much it added to the error. Each weight's gradient is that error times the activation it carried.",
    "update": "Update: every weight moves a little against its gradient; blue grew, orange shrank.",
    "after": "After: the same sample again, with the new weights.",
}


class Walking:
    """Takes the step when it is made. `place` is where one is; `walk` is a source of that place's tensors."""

    def __init__(self, source, shown: int = 0):
        self.walk = Walk(source, shown)
        self.topology = source.topology
        self.phases = phases(self.topology)
        self.playing, self.speed = True, 0.5
        self.number = 0.0
        self.go(0.0)

    def go(self, number: float) -> None:
        """To a place: index of a phase + how much of it has passed."""
        place = Place.at(float(number), self.topology)
        self.number = place.number
        self.walk.go(place)

    def by(self, phases: int) -> None:
        """Whole phases on or back: to the end of the next one, or the beginning of this or the one before."""
        self.playing = False
        self.go(np.floor(self.number + 1e-6) + phases if phases > 0 else np.ceil(self.number - 1e-6) + phases)

    def advance(self, dt: float) -> None:
        if not self.playing:
            return
        self.go(self.number + dt * self.speed)
        if self.number >= len(self.phases):
            self.playing = False

    @property
    def phase(self):
        return self.phases[Place.at(self.number, self.topology).index]

    @property
    def sentence(self) -> str:
        node = self.topology.nodes[self.phase.layer]
        return SENTENCES[self.phase.kind].format(activation=node.activation)

    def wave(self) -> Wave:
        """How this moment is drawn."""
        place = Place.at(self.number, self.topology)
        phase, f, last = self.phases[place.index], place.fraction, float(len(self.topology.nodes) - 1)
        match phase.kind:
            case "input":
                return Wave(0.0, 1)
            case "forward":
                return Wave(phase.layer - 1 + f, 1)
            case "loss":
                return Wave(last, 1, error=f)
            case "backward":
                arrived = f >= ARRIVED
                return Wave(phase.layer - min(f / ARRIVED, 1.0), -1, flow=3 if arrived else 2, error=1.0)
            case "update":
                return Wave(last, 0, flow=0, error=1.0 - f if place.index == len(self.phases) - 2 else 1.0)
            case _:
                return Wave(last * f, 1)

    def quantity(self) -> tuple[str, int]:
        """Kind of tensor and flow of the edges, for the bridge."""
        wave = self.wave()
        return ("change" if self.phase.kind == "update" else "parameter"), wave.flow

    def reading(self) -> WalkReading:
        tape, layers = self.walk.tape, len(self.topology.nodes) - 1
        return WalkReading(
            phases=tuple(phase.title(layers) for phase in self.phases),
            kinds=tuple(phase.kind for phase in self.phases),
            number=self.number,
            playing=self.playing,
            speed=self.speed,
            row=tape.shown,
            batch=len(tape.rows),
            loss_before=tape.loss,
            loss_after=tape.loss_after,
            answer_before=self.walk.answer(after=False),
            answer_after=self.walk.answer(after=True),
        )
