"""A reshape in a script: rows stay flat, so that the numbers are the same."""

from __future__ import annotations

from nnviz3d.spec.topology import Node


def numpy(node: Node, sources: tuple[Node, ...], x: list[str], p: dict[str, str]) -> str:
    """`x`: what holds each input, (n, size)."""
    return x[0]


torch = numpy
