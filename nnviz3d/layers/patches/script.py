"""Patches in a script: rows are flat, so that they are the same numbers in another order."""

from __future__ import annotations

from nnviz3d.layers.patches.spec import PatchesLayer
from nnviz3d.spec.topology import Node


def numpy(node: Node, sources: tuple[Node, ...], x: list[str], p: dict[str, str]) -> str:
    """`x`: what holds each input, (n, size)."""
    return _cut(node, sources[0], x[0], "transpose")


def torch(node: Node, sources: tuple[Node, ...], x: list[str], p: dict[str, str]) -> str:
    return _cut(node, sources[0], x[0], "permute")


def _cut(node: Node, source: Node, x: str, turn: str) -> str:
    assert isinstance(node.table, PatchesLayer)
    (channels, rows, columns), size = (1, *source.shape)[-3:], node.table.size
    cells = f"{x}.reshape(-1, {channels}, {rows // size}, {size}, {columns // size}, {size})"
    return f"{cells}.{turn}(0, 2, 4, 1, 3, 5).reshape(-1, {node.size})"
