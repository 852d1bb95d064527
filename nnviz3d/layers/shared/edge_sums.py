"""Sums over the edges between groups of neurons, a stretch of edges at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from nnviz3d.layers.shared.edge_quantities import Numbers
from nnviz3d.spec.topology import Connection

if TYPE_CHECKING:
    from nnviz3d.layers.shared.edges_face import EdgesFace

STRETCH = 1 << 15  # edges that are added up in about a millisecond


def groups_of(connection: Connection, sizes: tuple[int, int]) -> tuple[int, int]:
    """(T, S) groups of the target and of the source. `sizes`: neurons a group of the source, of the target."""
    return -(-connection.target.size // sizes[1]), -(-connection.source.size // sizes[0])


def by_group(value_n: Any, size: int, xp: Any) -> Any:
    """(G,) sums of the numbers of each group of so many that follow each other; the last may be shorter."""
    whole = len(value_n) // size * size
    sums = value_n[:whole].reshape(-1, size).sum(1)
    return sums if whole == len(value_n) else xp.concatenate([sums, value_n[whole:].sum(keepdims=True)])


def from_edge_to_edge(face: EdgesFace, connection: Connection, numbers: Numbers, sizes: tuple[int, int], xp: Any) -> Iterator[Any]:
    """(2, T, S) of each stretch of edges: sums of |quantity|, and of the quantity."""
    targets, sources = groups_of(connection, sizes)
    for first in range(0, face.count(connection), STRETCH):
        local_e = xp.arange(first, min(first + STRETCH, face.count(connection)))
        source_e, target_e = face.ends(connection, local_e)
        s_e, t_e = (source_e - connection.source.neurons.start) // sizes[0], (target_e - connection.target.neurons.start) // sizes[1]
        q_e, cell_e = face.quantities(connection, local_e, numbers, xp), t_e * sources + s_e
        sums = [xp.bincount(cell_e, weights_e, targets * sources) for weights_e in (xp.abs(q_e), q_e)]
        yield xp.stack(sums).reshape(2, targets, sources)
