"""Edges of a whole network, asked from the kinds of its layers: what an edge joins, which parameter it has, which edge has a parameter."""

from __future__ import annotations

from nnviz3d.layers import face
from nnviz3d.layers.shared.edges_face import EdgesFace
from nnviz3d.spec.topology import Connection, EdgeRef, Topology


def edges_of(connection: Connection) -> EdgesFace:
    """The face of the kind that the connection leads into."""
    return face(connection.target.kind, "edges").EDGES.of(connection)


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
    """The edge whose weight is parameter p, the first of those that share it; None of a bias, and of what is no parameter."""
    if not 0 <= p < topology.n_parameters:
        return None
    node = topology.parameter(p).node
    for connection in topology.into(node):
        local = edges_of(connection).local_of(connection, p)
        if local is not None:
            return EdgeRef(connection.number, local)
    return None
