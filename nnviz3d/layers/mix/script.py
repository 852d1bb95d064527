"""A mixture as a line of numpy or PyTorch."""

from __future__ import annotations

from typing import Any

from nnviz3d.spec.topology import Node


def numpy(node: Node, sources: tuple[Node, ...], x: list[str], p: dict[str, str]) -> str:
    """`x`: what holds each input, (n, size)."""
    return _line(node, sources, x, "np.einsum", "np.tri({q}, {k})")


def torch(node: Node, sources: tuple[Node, ...], x: list[str], p: dict[str, str]) -> str:
    return _line(node, sources, x, "torch.einsum", "torch.ones({q}, {k}).tril()")


def _line(node: Node, sources: tuple[Node, ...], x: list[str], product: str, mask: str) -> str:
    table: Any = node.table
    heads, queries, keys = sources[0].shape
    w = f"{x[0]}.reshape(-1, {heads}, {queries}, {keys})" + (" * " + mask.format(q=queries, k=keys) if table.causal else "")
    v = f"{x[1]}.reshape(-1, {keys}, {heads}, {node.shape[1] // heads})"
    return f'{product}("nhqk,nkhd->nqhd", {w}, {v}).reshape(-1, {node.size})'
