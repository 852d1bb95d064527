"""Weights before, after, and their difference: how a walk shows what its step did to them. Follows `look.weights` and `look.exaggeration`.

In the phases of the update both moments are drawn, the old one as a thin line; the switch shows one of them, or the difference, in any
phase. Holds nothing but the factor of each tape.
"""

from __future__ import annotations

from dataclasses import replace
from weakref import WeakKeyDictionary

from nnviz3d.app.session.step_player import StepPlayer
from nnviz3d.bridge import weight_change
from nnviz3d.draw.frame import Change, Wave
from nnviz3d.engine.tape import Tape
from nnviz3d.spec.number_text import times
from nnviz3d.spec.scene import Look
from nnviz3d.spec.step_annotations import WeightsShown

_factors: WeakKeyDictionary[Tape, float] = WeakKeyDictionary()


def typical(tape: Tape) -> float:
    """The factor that makes this step's typical change visible; worked out once."""
    if tape not in _factors:
        _factors[tape] = weight_change.factor(tape.topology, tape.before, tape.after)
    return _factors[tape]


def factor(tape: Tape, look: Look) -> float:
    return look.exaggeration or typical(tape)


def wave(walking: StepPlayer, look: Look) -> Wave:
    """How this moment is drawn."""
    plain, tape = walking.wave(), walking.walk.tape
    if look.weights == "phase":
        both = Change(1.0, factor(tape, look), typical(tape))
        return replace(plain, change=both, ghost=True) if walking.walk.kind == "update" else plain
    change = {
        "before": Change(1.0, 0.0, 0.0),
        "after": Change(1.0, factor(tape, look), 0.0),
        "difference": Change(0.0, factor(tape, look), typical(tape)),
    }[look.weights]
    return replace(plain, way=0, flow=0, source_layer=-1, target_layer=-1, source=0.0, gradient=False, change=change)


def quantity(walking: StepPlayer, look: Look) -> tuple[str, int]:
    """Kind of tensor and flow that the strongest edges are chosen by, for the bridge."""
    return walking.quantity() if look.weights == "phase" else ("change", 0) if look.weights == "difference" else ("before", 0)


def shown(walking: StepPlayer, look: Look) -> WeightsShown:
    tape = walking.walk.tape
    return WeightsShown(look.weights, factor(tape, look), typical(tape), wave(walking, look).change is not None, tape.diverged)


SENTENCES = {
    "before": "The weights before this step.",
    "after": "The weights after this step{times}.",
    "difference": "The change in this step: blue weights increased, orange ones decreased{times}.",
    "phase": "Update: each weight moves slightly against {mean}. Thin line: the old weight, ribbon: the new one{times}.",
}


def sentence(walking: StepPlayer, look: Look) -> str:
    """What the edges show now, in plain words; what the phase itself says where no weights are compared."""
    w = shown(walking, look)
    if not w.on:
        return walking.sentence
    if w.diverged:
        return "This step was not applied because its values overflowed 32-bit floating point (float32). No weight has changed."
    return SENTENCES[w.mode].format(times=f", differences {times(w.factor)}" if w.factor != 1 else "", mean=walking.mean_gradient)
