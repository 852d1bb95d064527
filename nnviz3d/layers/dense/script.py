"""A dense layer as a line of numpy or PyTorch."""

from __future__ import annotations

from collections.abc import Callable

from nnviz3d.layers.dense.spec import DenseLayer
from nnviz3d.spec.topology import Node


def numpy(node: Node, sources: tuple[Node, ...], x: list[str], p: dict[str, str]) -> str:
    """`x`: what holds each input, (n, size); `p`: what holds each array of parameters."""
    return _each(node, sources, x[0], lambda rows: f"{rows} @ {p['weight']}.T + {p['bias']}")


def torch(node: Node, sources: tuple[Node, ...], x: list[str], p: dict[str, str]) -> str:
    return _each(node, sources, x[0], lambda rows: f"functional.linear({rows}, {p['weight']}, {p['bias']})")


def _each(node: Node, sources: tuple[Node, ...], x: str, line: Callable[[str], str]) -> str:
    """Token by token the rows are those of all tokens."""
    if not isinstance(node.table, DenseLayer) or not node.table.per_token:
        return line(x)
    return f"({line(f'{x}.reshape(-1, {sources[0].shape[-1]})')}).reshape(-1, {node.size})"
