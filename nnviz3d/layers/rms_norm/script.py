"""An RMS norm as a line of numpy or PyTorch, whose own function is younger than many installations."""

from __future__ import annotations

from nnviz3d.layers.shared.row_norm_script import whole, written
from nnviz3d.spec.topology import Node


def numpy(node: Node, sources: tuple[Node, ...], x: list[str], p: dict[str, str]) -> str:
    """`x`: what holds each input, (n, size); `p`: what holds each array of parameters."""
    return _line(node, x[0], p, "np", "keepdims")


def torch(node: Node, sources: tuple[Node, ...], x: list[str], p: dict[str, str]) -> str:
    return _line(node, x[0], p, "torch", "keepdim")


def _line(node: Node, x: str, p: dict[str, str], library: str, keep: str) -> str:
    w = written(node, x, p)
    return whole(f"{w.rows} / {library}.sqrt(({w.rows} ** 2).mean(-1, {keep}=True) + {w.eps}) * {w.parts[0]}", w.back)
