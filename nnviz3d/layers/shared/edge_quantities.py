"""What an edge is drawn by: its value, times an activation or an error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Numbers:
    """What an edge's quantity is made of. `flow` as in shaders/include/edge.glsl: 0 the value, 1 value x activation of the source,
    2 value x delta of the target, 3 activation x delta. `constant`: the value of an edge that has no parameter; 0 where `value_p` holds
    gradients or changes, of which such an edge has none. Arrays (P,) and (N,), numpy's or CuPy's."""

    value_p: Any
    activation_n: Any
    delta_n: Any
    flow: int
    constant: float = 1.0
