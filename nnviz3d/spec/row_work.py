"""What a row costs: how code that judges rows in pieces knows how many fit into a millisecond."""

from __future__ import annotations

from nnviz3d.spec.topology import Topology


def row_work(topology: Topology) -> int:
    """About how many multiply-adds one row takes forward: by its edges, of which a shared weight has many, or by its parameters where those
    are more. At least 1."""
    return max(topology.n_edges, topology.n_parameters, 1)
