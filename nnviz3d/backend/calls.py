"""What a plan is made of: calls without arguments; and how long work is cut into several."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

Calls = list[Callable[[], object]]


def cuts(n: int, size: int) -> list[slice]:
    """[0, n) in stretches of nearly equal length, at most `size` each."""
    count = max(1, -(-n // max(1, size)))
    edges = [n * k // count for k in range(count + 1)]
    return [slice(a, b) for a, b in pairwise(edges) if b > a]


def run_all(calls: Calls) -> None:
    for call in calls:
        call()
