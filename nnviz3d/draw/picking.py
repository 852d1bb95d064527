"""Which neuron is under the pointer: the nearest sphere or cell of a sheet on the line of sight, by arithmetic over the same positions
that are drawn.

Exact at any size, without a pass or a wait for the GPU: 1.3 ms for 100,000 spheres, and only when the pointer rests on the stage. What a
sheet costs does not depend on its cells.
"""

from __future__ import annotations

import numpy as np

from nnviz3d.draw.camera import Pose
from nnviz3d.layout.grid import Layout
from nnviz3d.layout.tiles import Tiles

SLACK_PIXELS = 3.0  # far neurons are a few pixels wide; a hand is not that steady


def pick(layout: Layout, pose: Pose, ndc: tuple[float, float], aspect: float, height: float, radius: float) -> int | None:
    """The id of the neuron under a point of the picture, or None. `radius` in world units, `height` of the picture in pixels."""
    eye, way = pose.ray(ndc, aspect)
    cell, distance = pick_cell(layout.tiles, eye, way)
    drawn = layout.alone
    place_n4 = layout.place_n4 if drawn is None else layout.place_n4[drawn]
    to_n3 = place_n4[:, :3] - eye.astype(np.float32)
    along_n = to_n3 @ way.astype(np.float32)
    miss2_n = np.einsum("nk,nk->n", to_n3, to_n3) - along_n * along_n
    pixel = 2 / (pose.clip_from_view(aspect)[1, 1] * max(height, 1.0))
    radius_n = radius * layout.cell_l[place_n4[:, 3].astype(np.intp)]
    reach_n = radius_n + SLACK_PIXELS * pixel * along_n
    hits = np.flatnonzero((along_n > 0) & (along_n < distance) & (miss2_n <= reach_n * reach_n))
    inside = hits[miss2_n[hits] <= radius_n[hits] ** 2]
    if not len(inside) and cell >= 0:
        return cell
    if not len(hits):
        return None
    found = int(inside[np.argmin(along_n[inside])]) if len(inside) else int(hits[np.argmin(miss2_n[hits])])
    return found if drawn is None else int(drawn[found])


def pick_slab(layout: Layout, eye: np.ndarray, way: np.ndarray) -> tuple[str, float]:
    """The name of the slab that a line of sight meets first, and how far away that is; "", inf: it meets none."""
    found, nearest = "", np.inf
    for glass in layout.glass:
        if glass.fill < 0.5:
            continue
        ((low, high),) = layout.glass_boxes(glass)[:1]
        with np.errstate(divide="ignore", invalid="ignore"):
            t = np.sort(np.stack([(low - eye) / way, (high - eye) / way]), axis=0)
        begin, end = float(np.nanmax(t[0])), float(np.nanmin(t[1]))
        if 0 < begin <= end and begin < nearest:
            found, nearest = glass.part.name, begin
    return found, nearest


def pick_cell(tiles: Tiles, eye: np.ndarray, way: np.ndarray) -> tuple[int, float]:
    """The neuron whose cell a line of sight meets first, and how far away that is; -1, inf: it meets none."""
    if not len(tiles):
        return -1, np.inf
    down_s3, across_s3 = tiles.down_s3.astype(np.float64), tiles.across_s3.astype(np.float64)
    normal_s3 = np.cross(down_s3, across_s3)
    facing_s = normal_s3 @ way
    with np.errstate(divide="ignore", invalid="ignore"):
        along_s = np.einsum("sk,sk->s", tiles.corner_s3 - eye, normal_s3) / facing_s
        at_s3 = eye + along_s[:, None] * way - tiles.corner_s3
        row_s = np.floor(np.einsum("sk,sk->s", at_s3, down_s3) / (down_s3**2).sum(1) * tiles.rows_s)
        column_s = np.floor(np.einsum("sk,sk->s", at_s3, across_s3) / (across_s3**2).sum(1) * tiles.columns_s)
        cell_s = row_s * tiles.columns_s + column_s
        inside_s = (along_s > 0) & (row_s >= 0) & (column_s >= 0) & (row_s < tiles.rows_s) & (column_s < tiles.columns_s)
        inside_s &= cell_s < tiles.cells_s
    hits = np.flatnonzero(inside_s)
    if not len(hits):
        return -1, np.inf
    k = hits[np.argmin(along_s[hits])]
    return int(tiles.first_s[k] + cell_s[k]), float(along_s[k])
