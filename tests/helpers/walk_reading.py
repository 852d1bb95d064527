"""What an overlay is reported of a walk that rests in the middle of its forward phase."""

from __future__ import annotations

from nnviz3d.spec.readout import WalkReading

PHASES = ("input", "forward", "loss", "backward", "update", "after")


WALK = WalkReading(PHASES, PHASES, 2.5, False, 0.5, 32, 0.2, 0.1, "3 (80 %)", "3 (90 %)", "|w a|", False, phase=2)
