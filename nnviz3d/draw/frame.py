"""What a picture is a function of: one frozen record. Two equal frames over equal columns give equal pixels."""

from __future__ import annotations

from dataclasses import dataclass, field

from nnviz3d.draw.camera import Pose
from nnviz3d.draw.quality import NAMED, Level
from nnviz3d.spec.scene import Look

_POSE, _LOOK = Pose(), Look()


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
    backward: bool = False
