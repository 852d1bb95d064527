"""Edges of a position: one to one where a row is added; with rotary each feature reads itself and the other of its pair."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnviz3d.layers.shared.edge_quantities import Numbers
from nnviz3d.layers.shared.edges_face import EdgesFace
from nnviz3d.spec.topology import Connection


class PositionEdges(EdgesFace):
    """Where features are turned, edges 2 j and 2 j + 1 lead into neuron j: from itself, by the cosine, and from the other, by the sine."""

    def ends(self, connection: Connection, local_e: Any) -> tuple[Any, Any]:
        source, target = connection.source.neurons.start, connection.target.neurons.start
        if not _turned(connection):
            return source + local_e, target + local_e
        j, other = local_e // 2, local_e % 2
        return source + j + other * (_other(connection, j) - j), target + j

    def into(self, connection: Connection, j: int) -> np.ndarray:
        return np.array([2 * j, 2 * j + 1] if _turned(connection) else [j])

    def out_of(self, connection: Connection, i: int) -> np.ndarray:
        if not _turned(connection):
            return np.array([i])
        return np.sort([2 * i, 2 * _other(connection, i) + 1])

    def values(self, connection: Connection, local_e: Any, numbers: Numbers) -> Any:
        if not _turned(connection):
            return numbers.constant
        table: Any = connection.target.table
        width = connection.target.shape[1] // table.heads
        j, other = local_e // 2, local_e % 2
        pair = j % width % (width // 2)
        angle = j // connection.target.shape[1] * table.base ** (-2.0 * pair / width)
        sign = np.sign(j % width - width // 2 + 0.5)  # the first half takes the second away
        return numbers.constant * ((1 - other) * np.cos(angle) + other * sign * np.sin(angle))


def _turned(connection: Connection) -> bool:
    table: Any = connection.target.table
    return table.form == "rotary"


def _other(connection: Connection, j: Any) -> Any:
    """The other feature of a pair: half a head away."""
    table: Any = connection.target.table
    width = connection.target.shape[1] // table.heads
    half = width // 2
    return j + half - 2 * half * (j % width // half)


EDGES = PositionEdges()
