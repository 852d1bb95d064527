"""A maximum over windows as a line of numpy or PyTorch."""

from __future__ import annotations

from nnviz3d.layers.shared.window_script import numpy_windows, spatial_of, torch_maps
from nnviz3d.layers.shared.window_table import windows_of
from nnviz3d.spec.topology import Node


def numpy(node: Node, sources: tuple[Node, ...], x: list[str], p: dict[str, str]) -> str:
    """`x`: what holds each input, (n, size)."""
    g = windows_of(node, sources)
    return f"{numpy_windows(node, sources, x[0], (g.channels,), '-np.inf')}.max((4, 5)).reshape(-1, {node.size})"


def torch(node: Node, sources: tuple[Node, ...], x: list[str], p: dict[str, str]) -> str:
    g, spatial = windows_of(node, sources), spatial_of(node)
    maps = torch_maps(node, sources, x[0], 'float("-inf")')
    return f"functional.max_pool{spatial}d({maps}, {g.kernel[-spatial:]}, {g.stride[-spatial:]}).reshape(-1, {node.size})"
