"""A dropout layer in a script: the numbers themselves, for a script does not train."""

from __future__ import annotations

from nnviz3d.spec.topology import Node


def numpy(node: Node, sources: tuple[Node, ...], x: list[str], p: dict[str, str]) -> str:
    """`x`: what holds each input, (n, size)."""
    return x[0]


torch = numpy
