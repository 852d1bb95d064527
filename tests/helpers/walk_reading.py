"""What an overlay is reported of a walk that rests in the middle of its forward phase."""

from __future__ import annotations

from nnviz3d.spec.readout import WalkReading
from nnviz3d.spec.walk_line import Stretch, WalkLine

PHASES = ("input", "forward", "loss", "backward", "update", "after")


def line(titles: tuple[str, ...], kinds: tuple[str, ...] = PHASES) -> WalkLine:
    """Of phases of which none is folded."""
    return WalkLine(tuple(Stretch(k, k, kind, title) for k, (title, kind) in enumerate(zip(titles, kinds, strict=True))))


WALK = WalkReading(line(PHASES), PHASES, 2.5, False, 0.5, 32, 0.2, 0.1, "3 (80 %)", "3 (90 %)", "|w a|", False, phase=2)
