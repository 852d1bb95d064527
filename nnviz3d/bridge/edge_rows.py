"""Edges and ribbons as rows of `t_selection`: (source, target, what they multiply by, whose they are and what kind of number that is).

Only the neurons and the numbers are looked up by the picture; what is the same for all edges of a connection lies in columns of its own.
"""

from __future__ import annotations

import numpy as np

from nnviz3d.bridge.edge_groups import Ribbons
from nnviz3d.layers.edge_lookup import edges_of
from nnviz3d.layers.shared.edge_quantities import Numbers
from nnviz3d.layers.shared.edges_face import ACTIVATION, PARAMETER, QUANTITY
from nnviz3d.spec.topology import Connection

NO_ROWS = np.zeros((0, 4), np.int32)


def of_edges(c: Connection, entry: int, edges: np.ndarray, numbers: Numbers, ops) -> tuple[np.ndarray, bool]:
    """(n, 4) int32, and whether they hold good when the numbers are others. `entry`: of the columns by connection."""
    face, out = edges_of(c), np.empty((len(edges), 4), np.int32)
    kind, what_e = face.drawn_values(c, ops.xp.asarray(edges), numbers)
    out[:, 0], out[:, 1] = face.ends(c, edges)
    out[:, 3] = entry << 2 | kind
    if kind in (PARAMETER, ACTIVATION):
        out[:, 2] = ops.to_host(what_e)
        return out, True
    what_e = what_e if np.ndim(what_e) == 0 else ops.to_host(what_e)
    out[:, 2].view(np.float32)[:] = np.nan_to_num(np.asarray(what_e, np.float32), posinf=0.0, neginf=0.0)
    return out, np.ndim(what_e) == 0 and kind != QUANTITY


def of_ribbons(between: Ribbons, entry: int, ribbon_r: np.ndarray, sums: np.ndarray) -> np.ndarray:
    """(n, 4) int32 of ribbons with their sums."""
    out = np.empty((len(ribbon_r), 4), np.int32)
    out[:, 0], out[:, 1] = between.ends(ribbon_r)
    out[:, 2] = sums[ribbon_r].astype(np.float32).view(np.int32)
    out[:, 3] = entry << 2 | QUANTITY
    return out
