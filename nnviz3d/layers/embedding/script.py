"""An embedding as a line of numpy or PyTorch."""

from __future__ import annotations

from nnviz3d.spec.topology import Node


def numpy(node: Node, sources: tuple[Node, ...], x: list[str], p: dict[str, str]) -> str:
    """`x`: what holds each input, (n, size); `p`: what holds each array of parameters."""
    return f"{p['weight']}[{x[0]}.astype(int)].astype(float).reshape(-1, {node.size})"


def torch(node: Node, sources: tuple[Node, ...], x: list[str], p: dict[str, str]) -> str:
    return f"functional.embedding({x[0]}.long(), {p['weight']}).reshape(-1, {node.size})"
