"""A concatenation as a line of numpy or PyTorch."""

from __future__ import annotations

from nnviz3d.layers.concat.spec import ConcatLayer
from nnviz3d.spec.topology import Node


def numpy(node: Node, sources: tuple[Node, ...], x: list[str], p: dict[str, str]) -> str:
    """`x`: what holds each input, (n, size)."""
    return _joined(node, sources, x, "np.concatenate")


def torch(node: Node, sources: tuple[Node, ...], x: list[str], p: dict[str, str]) -> str:
    return _joined(node, sources, x, "torch.cat")


def _joined(node: Node, sources: tuple[Node, ...], x: list[str], join: str) -> str:
    """Rows are flat: where the axis is not the first of a sample, they get their axes for it."""
    assert isinstance(node.table, ConcatLayer)
    axis = node.table.axis
    if axis:
        x = [f"{name}.reshape{(-1, *source.shape)}" for name, source in zip(x, sources, strict=True)]
    return f"{join}([{', '.join(x)}], {axis + 1}){f'.reshape(-1, {node.size})' if axis else ''}"
