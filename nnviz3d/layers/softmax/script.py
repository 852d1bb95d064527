"""The scores that a softmax reads, as a line of numpy or PyTorch: masked ones become so small that nothing is left of them. The softmax
itself is the activation function that follows."""

from __future__ import annotations

from typing import Any

from nnviz3d.spec.topology import Node


def numpy(node: Node, sources: tuple[Node, ...], x: list[str], p: dict[str, str]) -> str:
    """`x`: what holds each input, (n, size)."""
    table: Any = node.table
    masked = f" + np.where(np.tri({node.shape[-1]}), 0, -np.inf)" if table.causal else ""
    return f"({x[0]}.reshape(-1, *{node.shape!r}){masked}).reshape(-1, {node.size})"


def torch(node: Node, sources: tuple[Node, ...], x: list[str], p: dict[str, str]) -> str:
    table: Any = node.table
    size = node.shape[-1]
    masked = f" + torch.full(({size}, {size}), -torch.inf).triu(1)" if table.causal else ""
    return f"({x[0]}.reshape(-1, *{node.shape!r}){masked}).reshape(-1, {node.size})"
