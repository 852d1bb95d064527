"""What a film is played from: something that brings a session to a moment of the film, and says what the camera and titles do then.

`director` plays the shots of a scene file, `app.replay` what a person did in a window. Times only rise: training cannot go back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from nnviz3d.draw.camera import Pose


@dataclass(frozen=True)
class Cue:
    """One moment: `time` in seconds since the film began, `fade` of the caption in [0, 1], `highlight` a neuron id or -1.

    `equation`: how much of the highlighted neuron's equation is there, in [0, 1]; `chart`: of the curve.
    """

    time: float
    pose: Pose
    caption: str = ""
    fade: float = 1.0
    highlight: int = -1
    equation: float = 0.0
    chart: float = 0.0


class Play(Protocol):
    """`seconds`: how long the film is."""

    @property
    def seconds(self) -> float: ...

    def seek(self, time: float) -> Cue:
        """Bring the session to this moment (not before the last one), and say how it is seen. The same by whatever moments it came."""
        ...
