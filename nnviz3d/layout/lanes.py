"""Branches: nodes of one rank stand side by side in z, each as near as can be to the middle of what it reads. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise
from statistics import fmean as mean

from nnviz3d.spec.topology import Node, Topology


def by_rank(topology: Topology) -> list[list[Node]]:
    """The nodes of each rank, by number."""
    ranks: list[list[Node]] = [[] for _ in range(1 + max(node.rank for node in topology.nodes))]
    for node in topology.nodes:
        ranks[node.rank].append(node)
    return ranks


def lanes(topology: Topology, widths: Sequence[float], gap: float) -> list[float]:
    """(L,) z of the middle of each node. `widths` of the nodes along z; `gap` is left between two of one rank. All 0 in a chain."""
    z = [0.0] * len(topology.nodes)
    for nodes in by_rank(topology):
        wanted = [mean([z[source.number] for source in topology.sources(node)] or [0.0]) for node in nodes]
        order = sorted(range(len(nodes)), key=lambda k: (wanted[k], nodes[k].number))
        places = spread([wanted[k] for k in order], [widths[nodes[k].number] for k in order], gap)
        for k, place in zip(order, places, strict=True):
            z[nodes[k].number] = place
    return z


def spread(wanted: Sequence[float], widths: Sequence[float], gap: float) -> list[float]:
    """The places nearest to the wanted ones (rising; least squares) at which nothing overlaps: neighbours that would touch are put side by
    side around the mean of what they want."""
    groups: list[tuple[list[int], float]] = []  # members, and the middle of the first one
    offsets = list(accumulate(((a + b) / 2 + gap for a, b in pairwise(widths)), initial=0.0))
    for k in range(len(wanted)):
        members, first = [k], wanted[k] - offsets[k]
        while groups and groups[-1][1] > first:  # places less offsets must not fall
            members = groups.pop()[0] + members
            first = mean(wanted[m] - offsets[m] for m in members)
        groups.append((members, first))
    return [first + offsets[m] for members, first in groups for m in members]
