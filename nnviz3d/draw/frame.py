"""What a picture is a function of: one frozen record. Two equal frames over equal columns give equal pixels."""

from __future__ import annotations

from dataclasses import dataclass, field

from nnviz3d.draw.camera import Pose
from nnviz3d.draw.quality import NAMED, Level
from nnviz3d.spec.scene import Look

_POSE, _LOOK = Pose(), Look()


@dataclass(frozen=True)
class Wave:
    """A pass through the network, stopped: `front` in layers, `way` 1 forward or -1 backward, 0 for none.

    `flow`: what an edge's value is multiplied by (see shaders/include/edge.glsl); `error`: how much of the deltas is shown;
    `ghost`: the old weights are drawn beside the new ones.
    """

    front: float = 0.0
    way: int = 0
    flow: int = 1
    error: float = 0.0
    ghost: bool = False
    gradient: bool = False  # the value is a gradient, and is coloured as the error is


@dataclass(frozen=True)
class Frame:
    """`time` in seconds since the scene began; `hovered` and `picked` are neuron ids or -1; `transparent` leaves the stage out."""

    pose: Pose = _POSE
    time: float = 0.0
    look: Look = _LOOK
    level: Level = field(default_factory=lambda: NAMED["high"])
    hovered: int = -1
    picked: int = -1
    transparent: bool = False
    wave: Wave | None = None
