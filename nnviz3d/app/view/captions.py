"""What layers and their groups are called on the stage: "conv 5x5, 16 maps 8x8, relu", "head 2"."""

from __future__ import annotations

import numpy as np

from nnviz3d.layout.grid import Layout
from nnviz3d.spec.parts import NetworkPart
from nnviz3d.spec.topology import Node, Topology

GROUPS = {"channel": "maps", "token": "tokens", "head": "heads"}
MOST_HEADS = 16  # of one tensor: more numbers than that are noise


def caption(topology: Topology, node: Node) -> str:
    """ "input 8x8", "48 relu"; its name first where the scene has named what it is made of. Of maps, tokens and heads how many."""
    if len(node.shape) > 1 and node.axes[0] in GROUPS:
        return _of_groups(topology, node)
    shape = "x".join(map(str, node.picture or node.shape))
    if node is topology.input:
        return f"input {shape}"
    named = node.table is not None and not node.table.known
    name = "" if (topology.is_chain or node is topology.output) and not named else f"{_name(node)} "
    function = f" {node.activation}" if name == "" or node.activation != "linear" else ""
    return f"{name}{shape}{function}"


def slab_text(topology: Topology, part: NetworkPart) -> str:
    """What a card says of a slab."""
    parameters = sum(r.size for k in part.nodes for _, r in topology.nodes[k].learned)
    return (
        f"{part.label}: {len(part.nodes):,} layers, {parameters:,} parameters. Click to open. Each row is a layer, on a scale of four "
        f"powers of ten: mean |a|, mean |gradient|, mean |change| / |w| of the last step"
    )


def _of_groups(topology: Topology, node: Node) -> str:
    count, inner = node.shape[0], "x".join(map(str, node.shape[1:]))
    named = node.table is not None and not node.table.known
    name = "input" if node is topology.input else "output" if node is topology.output and not named else _name(node)
    what = GROUPS[node.axes[0]] if count > 1 else GROUPS[node.axes[0]][:-1]
    cells = f"{count} {what} {inner}" if node.axes[0] != "token" else f"{count} {what} of {inner}"
    parts = [f"{name}{_window(node)}", cells]
    return ", ".join(parts + ([] if node.activation == "linear" else [node.activation]))


def _name(node: Node) -> str:
    """The kind in words where the scene gives no name, else the last part of the name: what stands before it is said by its container."""
    if node.name != f"{node.kind}{node.number}":
        return node.name.rsplit(".", 1)[-1]
    return node.kind.removesuffix("1d").removesuffix("2d").replace("_", " ") if len(node.shape) > 1 else node.name


def _window(node: Node) -> str:
    """ " 5x5" of a kind that slides a window."""
    kernel = getattr(node.table, "kernel", None)
    if not kernel:
        return ""
    sides = [kernel] * (len(node.shape) - 1) if isinstance(kernel, int) else list(kernel)
    return f" {'x'.join(map(str, sides))}"


def heads(topology: Topology, layout: Layout) -> tuple[list[np.ndarray], list[tuple[str, float]]]:
    """Where the names of heads stand, over their tiles; the number of each, from 1, and the side of its tile."""
    points, words = [], []
    tiles = layout.tiles
    for node in topology.nodes:
        if node.axes[0] != "head" or len(node.shape) != 3 or not 1 < node.shape[0] <= MOST_HEADS:
            continue
        for k, tile in enumerate(np.flatnonzero(tiles.node_s == node.number)):
            points.append(tiles.corner_s3[tile] + tiles.across_s3[tile] / 2)
            words.append((f"head {k + 1}", float(np.linalg.norm(tiles.across_s3[tile]))))
    return points, words
