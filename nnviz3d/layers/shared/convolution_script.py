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
    how = f"stride={g.stride[-spatial:]}, dilation={g.dilation[-spatial:]}, groups={node.table.groups}"
    product = f"functional.conv{spatial}d({torch_maps(node, sources, x[0])}, {p['weight']}, {p['bias']}, {how})"
    return f"{product}.reshape(-1, {node.size})"
