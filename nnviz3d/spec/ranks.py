"""How far each node of a graph is from the input: when a wave arrives at it, and mostly where it stands along x. Pure."""

from __future__ import annotations

from collections.abc import Sequence


def longest_paths(reads: Sequence[Sequence[int]]) -> list[int]:
    """The rank of each node by what it reads, each after its inputs: the longest path from an input. Nodes behind the first that read
    nothing stand just before the first that reads them."""
    ranks: list[int] = []
    for sources in reads:
        ranks.append(1 + max((ranks[k] for k in sources), default=-1))
    first: dict[int, int] = {}
    for k, sources in enumerate(reads):
        for source in sources:
            first[source] = min(first.get(source, ranks[k]), ranks[k])
    return [rank if reads[k] or not k else max(first.get(k, 1) - 1, 0) for k, rank in enumerate(ranks)]
