"""What a picture is a function of: one frozen record. Two equal frames over equal columns give equal pixels."""

from __future__ import annotations

from dataclasses import dataclass, field

from nnviz3d.draw.camera import Pose
from nnviz3d.draw.quality import NAMED, Level
from nnviz3d.spec.scene import Look

_POSE, _LOOK = Pose(), Look()


@dataclass(frozen=True)
class Change:
    """What an edge shows of a step: `old` x the weight before + `times` x (after - before).

    `typical`: the factor at which a typical change is about as long as a strong weight; arrows are measured by it.
    """

    old: float = 1.0
    times: float = 1.0
    typical: float = 1.0


@dataclass(frozen=True)
class Wave:
    """A pass through the network, stopped: `front` in ranks, `way` 1 forward or -1 backward, 0 for none.

    `flow`: what an edge's value is multiplied by (see shaders/include/edge.glsl); `error`: how much of the deltas is shown;
    `ghost`: the old weights are drawn beside the new ones. `change`: edges show two moments of the weights.
    `fill_layer`: neurons of this node (its number) fill with z, then turn into a, by the share `fill`; `source_layer`: those of this one
    show, by the share `source`, the activation that the gradients of their edges into `target_layer` are made of. -1: none.
    """

    front: float = 0.0
    way: int = 0
    flow: int = 1
    error: float = 0.0
    ghost: bool = False
    change: Change | None = None
    fill_layer: int = -1
    fill: float = 0.0
    source_layer: int = -1
    target_layer: int = -1
    source: float = 0.0
    gradient: bool = False  # the value is a gradient, and is coloured as the error is

    def passed(self, begin: int, end: int) -> float:
        """How much of an edge from one rank to another it has passed, in [0, 1]: what `passed` in shaders/include/edge.glsl draws."""
        if self.way == 0:
            return 1.0
        ahead = self.front - begin if self.way > 0 else end - self.front
        return min(max(ahead / (end - begin), 0.0), 1.0)


@dataclass(frozen=True)
class SceneFrame:
    """`time` in seconds since the scene began; `hovered` and `picked` are neuron ids or -1; `transparent` leaves the stage out, `empty`
    what stands on it."""

    pose: Pose = _POSE
    time: float = 0.0
    look: Look = _LOOK
    level: Level = field(default_factory=lambda: NAMED["high"])
    hovered: int = -1
    picked: int = -1
    transparent: bool = False
    wave: Wave | None = None
    empty: bool = False
