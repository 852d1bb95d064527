"""What the drawing pad is given: whether the network's input is a picture, and what the network makes of a person's own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class OwnReading:
    """`size` (H, W) of the network's pictures; `reason`: why nothing can be drawn, or "". `shown`: one's own picture is the shown sample;
    `ink_hw` in [0, 1] is what the network sees of it. `outputs_o` (O,) are its answer, `probable` where they are probabilities."""

    size: tuple[int, int]
    reason: str
    shown: bool
    ink_hw: np.ndarray | None
    outputs_o: np.ndarray
    probable: bool
