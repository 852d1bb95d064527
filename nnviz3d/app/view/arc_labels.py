"""The words of tokens beside the rows that arcs of attention join."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from nnviz3d.app.view.projection import Projection
from nnviz3d.bridge.arc_columns import Arcs
from nnviz3d.layout.grid import Layout
from nnviz3d.spec.readout import Label
from nnviz3d.spec.topology import Topology

ROOM = 11.0  # units between two rows: closer ones have no words
ASIDE = 5.0  # units from the rim


def arc_labels(topology: Topology, layout: Layout, arcs: Arcs | None, words: tuple[str, ...], projection: Projection) -> list[Label]:
    """At the rim that no arc touches; as strong as the brightest arc of the token."""
    if arcs is None or arcs.node in layout.hidden:
        return []
    starts = topology.group_starts
    points_t3 = layout.group_entry_g4[starts[arcs.node] : starts[arcs.node + 1], :3]
    words = words or tuple(str(k + 1) for k in range(len(points_t3)))
    x, y, depth = projection.points(points_t3[: len(words)].astype(np.float64))
    if not depth or min(depth) <= 0 or min((abs(b - a) for a, b in pairwise(y)), default=ROOM) < ROOM:
        return []
    strength_t = np.full(len(points_t3), 0.25)
    for end_m in (arcs.query_m, arcs.key_m):
        np.maximum.at(strength_t, end_m, 0.25 + 0.75 * np.clip(arcs.light_m * arcs.share_m * 3, 0, 1))
    return [Label(x[k] - ASIDE, y[k], word, float(strength_t[k]), "right", "minor") for k, word in enumerate(words[: len(x)])]
