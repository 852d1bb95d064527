"""Windows in a script: rows stay flat between layers, and get the axes of their maps here."""

from __future__ import annotations

from nnviz3d.layers.shared.window_table import WindowTable, windows_of
from nnviz3d.spec.topology import Node


def numpy_windows(node: Node, sources: tuple[Node, ...], x: str, lead: tuple[int, ...], empty: str) -> str:
    """A view of all windows: (n, *lead, rows, columns, window rows, window columns); `empty`: what stands in the padding."""
    g, axis = windows_of(node, sources), 1 + len(lead)
    maps = f"{x}.reshape(-1, {', '.join(map(str, (*lead, *g.size)))})"
    if g.is_padded:
        maps = f"np.pad({maps}, {((0, 0),) * axis + g.padding}, constant_values={empty})"
    view = f"np.lib.stride_tricks.sliding_window_view({maps}, {g.reach}, ({axis}, {axis + 1}))"
    steps = (*g.stride, *g.dilation)
    return view if steps == (1, 1, 1, 1) else f"{view}[..., {', '.join(f'::{step}' for step in steps)}]"


def torch_maps(node: Node, sources: tuple[Node, ...], x: str, empty: str | None = "0.0") -> str:
    """(n, channels, rows, columns) or (n, channels, columns), with the empty cells around them, unless these are None."""
    g, spatial = windows_of(node, sources), spatial_of(node)
    maps = f"{x}.reshape(-1, {', '.join(map(str, (g.channels, *g.size[-spatial:])))})"
    if not g.is_padded or empty is None:
        return maps
    sides = [side for pair in reversed(g.padding[-spatial:]) for side in pair]  # the last axis first
    return f"functional.pad({maps}, {tuple(sides)}, value={empty})"


def spatial_of(node: Node) -> int:
    assert isinstance(node.table, WindowTable)
    return node.table.spatial
