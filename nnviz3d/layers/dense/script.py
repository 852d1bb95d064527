"""A dense layer as a line of numpy or PyTorch."""

from __future__ import annotations

from nnviz3d.spec.topology import Node


def numpy(node: Node, sources: tuple[Node, ...], x: list[str], p: dict[str, str]) -> str:
    """`x`: what holds each input, (n, size); `p`: what holds each array of parameters."""
    return f"{x[0]} @ {p['weight']}.T + {p['bias']}"


def torch(node: Node, sources: tuple[Node, ...], x: list[str], p: dict[str, str]) -> str:
    return f"functional.linear({x[0]}, {p['weight']}, {p['bias']})"
