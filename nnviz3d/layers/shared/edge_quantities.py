"""What an edge is drawn by: its value, times an activation or an error. Arithmetic over arrays, numpy or CuPy (`xp`)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnviz3d.spec.topology import Connection


@dataclass(frozen=True)
class Numbers:
    """What an edge's quantity is made of. `flow` as in shaders/include/edge.glsl: 0 the value, 1 value x activation of the source,
    2 value x delta of the target, 3 activation x delta. `constant`: the value of an edge that has no parameter; 0 where `value_p` holds
    gradients or changes, of which such an edge has none."""

    value_p: np.ndarray
    activation_n: np.ndarray
    delta_n: np.ndarray | None
    flow: int
    constant: float = 1.0


def looked_up(face, connection: Connection, local_e, numbers: Numbers, xp=np):
    """(E,) |quantity| of these edges, in their order. `face`: the `edges` face of the connection's kind."""
    source_e, target_e = face.ends(connection, local_e, xp)
    if numbers.flow < 3:
        q_e = face.values(connection, local_e, numbers, xp)
    else:
        q_e = 1.0 if face.VALUE == "parameter" else 0.0  # activation x delta is the gradient of a parameter
    if numbers.flow & 1:
        q_e = q_e * numbers.activation_n[source_e]
    if numbers.flow >= 2:
        q_e = q_e * numbers.delta_n[target_e]
    return xp.abs(q_e)
