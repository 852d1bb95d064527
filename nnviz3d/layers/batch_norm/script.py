"""A batch norm as a line of numpy or PyTorch: as outside training, by the running mean and variance."""

from __future__ import annotations

from nnviz3d.layers.batch_norm.spec import BatchNormLayer
from nnviz3d.layers.shared.norm_geometry import channels
from nnviz3d.layers.shared.row_norm_script import whole
from nnviz3d.spec.topology import Node


def numpy(node: Node, sources: tuple[Node, ...], x: list[str], p: dict[str, str]) -> str:
    """`x`: what holds each input, (n, size); `p`: what holds each array of parameters."""
    rows, places, back = _seen(node, x[0])
    mean, variance, weight, bias = (f"{p[part]}{places}" for part in ("running_mean", "running_var", "weight", "bias"))
    return whole(f"({rows} - {mean}) / np.sqrt({variance} + {_eps(node)}) * {weight} + {bias}", back)


def torch(node: Node, sources: tuple[Node, ...], x: list[str], p: dict[str, str]) -> str:
    rows, _, back = _seen(node, x[0])
    parts = ", ".join(p[part] for part in ("running_mean", "running_var", "weight", "bias"))
    return f"functional.batch_norm({rows}, {parts}, eps={_eps(node)}){back}"


def _seen(node: Node, x: str) -> tuple[str, str, str]:
    """The rows with their channels; how a number of each channel gets their axes; and the way back."""
    repeats, count, places = channels(node.shape, node.axes)
    if repeats * places == 1:
        return x, "", ""
    across = f", {places}" if places > 1 else ""
    return f"{x}.reshape(-1, {count}{across})", "[:, None]" if places > 1 else "", f".reshape(-1, {node.size})"


def _eps(node: Node) -> float:
    assert isinstance(node.table, BatchNormLayer)
    return node.table.eps
