"""What lines of numpy and PyTorch on norms over rows have in common: the rows of means, the parts as vectors, and the way back."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

from nnviz3d.layers.shared.norm_geometry import normalized
from nnviz3d.layers.shared.norm_table import RowNormTable
from nnviz3d.spec.topology import Node


class Written(NamedTuple):
    """`rows`: (rows, width); `parts`: scale, and shift where there is one, (width,); `back`: what makes (n, size) of rows again."""

    rows: str
    parts: list[str]
    back: str
    width: int
    eps: float


def written(node: Node, x: str, p: dict[str, str]) -> Written:
    assert isinstance(node.table, RowNormTable)
    shape = normalized(node.shape, node.axes)
    width, flat = prod(shape), "" if len(shape) == 1 else ".reshape(-1)"
    split = width < node.size
    rows = f"{x}.reshape(-1, {width})" if split else x
    parts = [f"{p[part]}{flat}" for part, _ in node.parameters]
    return Written(rows, parts, f".reshape(-1, {node.size})" if split else "", width, node.table.eps)


def whole(text: str, back: str) -> str:
    """A line with the way back behind it, in brackets where there is one."""
    return f"({text}){back}" if back else text
