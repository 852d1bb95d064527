"""A mean over whole maps as a line of numpy or PyTorch."""

from __future__ import annotations

from nnviz3d.spec.topology import Node


def numpy(node: Node, sources: tuple[Node, ...], x: list[str], p: dict[str, str]) -> str:
    """`x`: what holds each input, (n, size)."""
    return f"{x[0]}.reshape(-1, {node.size}, {sources[0].size // node.size}).mean(2)"


torch = numpy
