"""A mean over windows as a line of numpy or PyTorch; cells in the padding are not counted."""

from __future__ import annotations

from nnviz3d.layers.shared.window_script import numpy_windows, spatial_of, torch_maps
from nnviz3d.layers.shared.window_table import windows_of
from nnviz3d.spec.topology import Node


def numpy(node: Node, sources: tuple[Node, ...], x: list[str], p: dict[str, str]) -> str:
    """`x`: what holds each input, (n, size)."""
    g = windows_of(node, sources)
    return f"np.nanmean({numpy_windows(node, sources, x[0], (g.channels,), 'np.nan')}, (4, 5)).reshape(-1, {node.size})"


def torch(node: Node, sources: tuple[Node, ...], x: list[str], p: dict[str, str]) -> str:
    """Means that count the padding, divided by the share of each window that lies on the map."""
    g, spatial = windows_of(node, sources), spatial_of(node)

    def mean(maps: str) -> str:
        return f"functional.avg_pool{spatial}d({torch_maps(node, sources, maps)}, {g.kernel[-spatial:]}, {g.stride[-spatial:]})"

    share = f" / {mean(f'({x[0]} * 0 + 1)')}" if g.is_padded else ""
    return f"({mean(x[0])}{share}).reshape(-1, {node.size})"
