"""The numbers of a training step that may change from step to step, as one small arena that the compiled pieces read.

A learning rate that moves on its schedule therefore needs no new plan and no new CUDA graph: the host writes here before
the step starts, and `view` hands every piece a 0-d view (a pointer on the device). Holds no policy: `engine.optimizers` writes.
"""

from __future__ import annotations

import numpy as np

NAMES = ("rate", "decay1", "gain1", "decay2", "gain2", "epsilon", "keep", "l1", "l2", "shrink", "clip", "scale")
INDEX = {name: k for k, name in enumerate(NAMES)}


class Constants:
    """`rate` learning rate (with bias corrections), `decay`/`gain` of both moments, `epsilon`, `keep` = 1 - rate * weight decay,
    `l1`/`l2` strengths, `shrink` = rate * l1 of Playground's rule, `clip` the largest gradient norm, `scale` what clipping multiplies the
    step's gradient by (written by `guard`; 1 before it)."""

    def __init__(self, dtype, device=None):
        self.host = np.zeros(len(NAMES), dtype)
        self.device = self.host if device is None else device
        self.host[INDEX["scale"]] = 1
        self.views = {name: self.host[k : k + 1].reshape(()) for name, k in INDEX.items()}

    def view(self, name: str) -> np.ndarray:
        """The 0-d host view of one constant: as a ufunc operand 0.35 us cheaper a call than a Python float."""
        return self.views[name]

    def set(self, **values: float) -> None:
        """Write on the host; the backend carries them over at the start of a step."""
        for name, value in values.items():
            self.host[INDEX[name]] = value
