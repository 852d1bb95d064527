"""Edges of kinds that pass numbers on one by one: edge l begins at neuron l of its source. None of them has a parameter."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnviz3d.layers.shared.edges_face import EdgesFace
from nnviz3d.spec.topology import Connection


class AlignedEdges(EdgesFace):
    """Neuron l of the source to neuron l of the target, or wherever `blocks` says."""

    def blocks(self, connection: Connection) -> tuple[int, int, int]:
        """(width, stride, first): so many neurons that follow each other in the source do so in the target too; the next such block is
        `stride` later there; the first one begins at neuron `first` of the target."""
        return connection.size, connection.size, 0

    def ends(self, connection: Connection, local_e: Any) -> tuple[Any, Any]:
        width, stride, first = self.blocks(connection)
        target = connection.target.neurons.start + first
        return connection.source.neurons.start + local_e, target + local_e // width * stride + local_e % width

    def into(self, connection: Connection, j: int) -> np.ndarray:
        width, stride, first = self.blocks(connection)
        block, place = divmod(j, stride)
        inside = first <= place < first + width
        return np.array([block * width + place - first] if inside else [], np.intp)

    def out_of(self, connection: Connection, i: int) -> np.ndarray:
        return np.array([i], np.intp)

    def bundled(self, connection: Connection, magnitude_e: Any, shown: Any, folded: Any, xp: Any = np) -> Any:
        members = xp.asarray(folded)
        strongest = members[magnitude_e[members].argmax(keepdims=True)]
        return xp.sort(xp.concatenate([xp.asarray(shown), strongest]))
