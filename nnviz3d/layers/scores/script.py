"""Scores as a line of numpy or PyTorch."""

from __future__ import annotations

import math
from typing import Any

from nnviz3d.spec.topology import Node


def numpy(node: Node, sources: tuple[Node, ...], x: list[str], p: dict[str, str]) -> str:
    """`x`: what holds each input, (n, size)."""
    return _line(node, sources, x, "np.einsum", "np.tri({q}, {k})")


def torch(node: Node, sources: tuple[Node, ...], x: list[str], p: dict[str, str]) -> str:
    return _line(node, sources, x, "torch.einsum", "torch.ones({q}, {k}).tril()")


def _line(node: Node, sources: tuple[Node, ...], x: list[str], product: str, mask: str) -> str:
    table: Any = node.table
    heads, queries, keys = node.shape
    d = sources[0].shape[1] // heads
    q, k = (f"{name}.reshape(-1, {tokens}, {heads}, {d})" for name, tokens in zip(x, (queries, keys), strict=True))
    line = f'{product}("nqhd,nkhd->nhqk", {q}, {k}) / {math.sqrt(d)!r}'
    return f"({line}{' * ' + mask.format(q=queries, k=keys) if table.causal else ''}).reshape(-1, {node.size})"
