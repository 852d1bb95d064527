"""Edges of a whole network, asked from the kinds of its layers: what an edge joins, which parameter it has, which edge has a parameter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, cast

import numpy as np

from nnviz3d.layers import face
from nnviz3d.layers.shared.edge_quantities import Numbers
from nnviz3d.spec.topology import Connection, EdgeRef, Topology


class EdgesFace(Protocol):
    """`layers/<kind>/edges.py`. Local numbers of edges and neurons begin at 0; ids of neurons and parameters are the network's.

    `VALUE`: what an edge multiplies an activation by: "parameter", "constant" (1) or "activation" (of another input).
    `COMPLETE`: every neuron of the source is joined to every one of the target, edge l = j x inputs + i.
    """

    VALUE: str
    COMPLETE: bool

    def count(self, connection: Connection) -> int: ...
    def ends(self, connection: Connection, local_e: Any, xp: Any = np) -> tuple[Any, Any]: ...
    def parameter(self, connection: Connection, local_e: Any) -> Any: ...
    def local_of(self, connection: Connection, p: int) -> int | None: ...
    def into(self, connection: Connection, j: int) -> np.ndarray: ...
    def out_of(self, connection: Connection, i: int) -> np.ndarray: ...
    def values(self, connection: Connection, local_e: Any, numbers: Numbers, xp: Any = np) -> Any: ...
    def magnitudes(self, connection: Connection, numbers: Numbers, xp: Any = np) -> Any: ...
    def strengths(self, connection: Connection, value_p: Any, most: int, xp: Any = np) -> Any: ...
    def bundled(self, connection: Connection, magnitude_e: Any, shown: Any, folded: Any, xp: Any = np) -> Any: ...
    def packed(self, connection: Connection) -> tuple[int, int, int, int]: ...


def edges_of(connection: Connection) -> EdgesFace:
    """The face of the kind that the connection leads into."""
    return cast(EdgesFace, face(connection.target.kind, "edges"))


def exists(topology: Topology, edge: EdgeRef) -> bool:
    """Whether the network has this edge: a reference may be of another one."""
    return 0 <= edge.connection < len(topology.connections) and 0 <= edge.local < topology.connections[edge.connection].size


def ends(topology: Topology, edge: EdgeRef) -> tuple[int, int]:
    """Ids of the neurons where it begins and ends."""
    connection = topology.connections[edge.connection]
    source, target = edges_of(connection).ends(connection, edge.local)
    return int(source), int(target)


def parameter(topology: Topology, edge: EdgeRef) -> int | None:
    """The parameter that the edge multiplies by; None where it has none."""
    connection = topology.connections[edge.connection]
    p = edges_of(connection).parameter(connection, edge.local)
    return None if p is None else int(p)


def edge_of(topology: Topology, p: int) -> EdgeRef | None:
    """The edge whose weight is parameter p; None of a bias, and of what is no parameter."""
    if not 0 <= p < topology.n_parameters:
        return None
    node = topology.parameter(p)[0]
    for connection in topology.connections:
        if connection.target is node and (local := edges_of(connection).local_of(connection, p)) is not None:
            return EdgeRef(connection.number, local)
    return None


def packed(connections: Sequence[Connection]) -> np.ndarray:
    """(K, 4) int32: the column `t_pair`."""
    return np.array([edges_of(connection).packed(connection) for connection in connections], np.int32).reshape(-1, 4)
