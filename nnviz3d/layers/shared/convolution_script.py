"""A convolution as a line of numpy or PyTorch, along one axis or two."""

from __future__ import annotations

from nnviz3d.layers.shared.convolution_table import ConvolutionTable
from nnviz3d.layers.shared.window_script import numpy_windows, spatial_of, torch_maps
from nnviz3d.layers.shared.window_table import windows_of
from nnviz3d.spec.topology import Node


def numpy(node: Node, sources: tuple[Node, ...], x: list[str], p: dict[str, str]) -> str:
    """`x`: what holds each input, (n, size); `p`: what holds each array of parameters."""
    assert isinstance(node.table, ConvolutionTable)
    g, groups, channels = windows_of(node, sources), node.table.groups, node.table.channels
    view = numpy_windows(node, sources, x[0], (groups, g.channels // groups), "0.0")
    weight = f"{p['weight']}.reshape({groups}, {channels // groups}, {g.channels // groups}, {g.kernel[0]}, {g.kernel[1]})"
    product = f'np.einsum("ngirckl,goikl->ngorc", {view}, {weight}, optimize=True)'
    return f"({product}.reshape(-1, {channels}, {g.cells}) + {p['bias']}[:, None]).reshape(-1, {node.size})"


def torch(node: Node, sources: tuple[Node, ...], x: list[str], p: dict[str, str]) -> str:
    assert isinstance(node.table, ConvolutionTable)
    g, spatial = windows_of(node, sources), spatial_of(node)
    even = all(before == after for before, after in g.padding)
    settings = {"stride": g.stride, "padding": tuple(before for before, _ in g.padding) if even else (0, 0), "dilation": g.dilation}
    usual = {"stride": 1, "padding": 0, "dilation": 1}
    how = "".join(f", {name}={pair[-spatial:]}" for name, pair in settings.items() if set(pair[-spatial:]) != {usual[name]})
    how += f", groups={node.table.groups}" if node.table.groups > 1 else ""
    maps = torch_maps(node, sources, x[0], None if even else "0.0")
    return f"functional.conv{spatial}d({maps}, {p['weight']}, {p['bias']}{how}).reshape(-1, {node.size})"
