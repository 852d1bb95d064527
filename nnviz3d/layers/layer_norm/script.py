"""A layer norm as a line of numpy or PyTorch."""

from __future__ import annotations

from nnviz3d.layers.shared.row_norm_script import whole, written
from nnviz3d.spec.topology import Node


def numpy(node: Node, sources: tuple[Node, ...], x: list[str], p: dict[str, str]) -> str:
    """`x`: what holds each input, (n, size); `p`: what holds each array of parameters."""
    w = written(node, x[0], p)
    mean, variance = (f"{w.rows}.{name}(-1, keepdims=True)" for name in ("mean", "var"))
    return whole(f"({w.rows} - {mean}) / np.sqrt({variance} + {w.eps}) * {w.parts[0]} + {w.parts[1]}", w.back)


def torch(node: Node, sources: tuple[Node, ...], x: list[str], p: dict[str, str]) -> str:
    w = written(node, x[0], p)
    return f"functional.layer_norm({w.rows}, ({w.width},), {', '.join(w.parts)}, {w.eps}){w.back}"
