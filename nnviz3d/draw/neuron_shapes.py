"""Neurons: spheres (near, sorted far to near so that glass blends), point sprites shaded as spheres, and dots where neither fits.

Where their responses over the plane are shown, all of them are tiles instead (see `tiles`).
"""

from __future__ import annotations

from math import log

import numpy as np

from nnviz3d.draw.camera import Pose, point
from nnviz3d.draw.frame import SceneFrame, Wave
from nnviz3d.draw.network_buffers import Subject
from nnviz3d.draw.palette import ERROR, PALETTES
from nnviz3d.draw.response_tiles import ResponseTiles
from nnviz3d.draw.sheets import Sheets, near_neurons
from nnviz3d.gfx import state
from nnviz3d.gfx.context import Context
from nnviz3d.gfx.program import Program
from nnviz3d.gfx.texture_buffer import TextureBuffer

SORT_UP_TO = 20_000  # more sprites than that are too small for their order to be seen; sorting 100,000 takes 8 ms
DOT_PIXELS = 2.5  # radius below which shading cannot be seen
_CALM = Wave()


class Neurons:
    """Of one or more subjects: each has an order of its own."""

    def __init__(self, context: Context, *subjects: Subject):
        self.quads = Program(context, "neuron.vert", "neuron.frag")
        self.points = Program(context, "neuron.vert", "neuron.frag", ("POINTS",))
        self.dots = Program(context, "neuron.vert", "dot.frag", ("DOTS",))
        self.tiles = ResponseTiles(context)
        self.sheets = Sheets(context, *subjects)
        self._orders = {subject: Order(subject) for subject in subjects}

    def order(self, subject: Subject) -> Order:
        """The order in which a subject's neurons were drawn last."""
        return self._orders[subject]

    def draw(self, subject: Subject, frame: SceneFrame, shared: dict, viewport: tuple[int, int]) -> None:
        order = self.order(subject)
        order.arrange(subject, frame, viewport)
        buffers = subject.columns | {"t_order": order.column}
        marks = {"u_hovered": frame.hovered, "u_picked": frame.picked, "u_glow": frame.look.glow, "u_radius": subject.radius}
        marks["u_pitch"] = subject.layout.pitch
        wave, sums = frame.wave or _CALM, PALETTES[frame.look.palette]
        marks |= {"u_error": wave.error, "u_error_positive": ERROR[0], "u_error_negative": ERROR[1]}
        marks |= {"u_fill_layer": float(wave.fill_layer), "u_fill": wave.fill, "u_sum_positive": sums[0], "u_sum_negative": sums[1]}
        source, target = (float(layer if layer >= 0 else -9) for layer in (wave.source_layer, wave.target_layer))
        marks |= {"u_source_layer": source, "u_target_layer": target, "u_source": wave.source}
        self.sheets.draw(subject, frame.pose, buffers, shared | marks)
        state.solid()
        if subject.tile:
            self.tiles.draw(subject, frame, buffers, shared | marks, sum(order.counts))
            return
        dots, points, quads = order.counts
        for program, first, count in ((self.dots, 0, dots), (self.points, dots, points), (self.quads, dots + points, quads)):
            if count:
                program.set(u_first=first, **shared, **marks)
                program.draw(*(("triangle_strip", 4, count) if program is self.quads else ("points", count, 1)), buffers)

    def close(self) -> None:
        for owned in (self.quads, self.points, self.dots, self.tiles, self.sheets, *(order.column for order in self._orders.values())):
            owned.close()


class Order:
    """Neuron ids of one subject in the order of drawing: `counts` of dots, point sprites and quads."""

    def __init__(self, subject: Subject):
        self.column = TextureBuffer(subject.topology.n_neurons, "int32")
        self.counts = (0, 0, 0)
        self._key: tuple | None = None

    def arrange(self, subject: Subject, frame: SceneFrame, viewport: tuple[int, int]) -> None:
        """Split by size on screen and sort far to near, as seen from the nearest place of a lattice of poses.

        So an idle sway sorts nothing again, and still the order is a function of the pose alone: any frame can be drawn by itself.
        """
        pose = _coarse(frame.pose)
        key = (pose, viewport, frame.level.quad_pixels, subject.layout)
        if key == self._key:
            return
        self._key = key
        _right, _up, back = pose.axes
        layout = subject.layout
        drawn, place_n4 = layout.alone, layout.place_n4
        if len(layout.tiles):
            near = near_neurons(layout, pose, viewport[0] / max(viewport[1], 1))
            drawn = np.arange(len(place_n4)) if drawn is None else np.concatenate([drawn, near])
        place_n4 = place_n4 if drawn is None else place_n4[drawn]
        depth_n = (pose.eye - place_n4[:, :3]).astype(np.float32) @ back.astype(np.float32)
        pixels = subject.radius * pose.clip_from_view(1.0)[1, 1] * viewport[1] / 2
        if (layout.cell_l != 1).any():
            pixels = pixels * layout.cell_l[place_n4[:, 3].astype(np.intp)]
        near_n = depth_n * frame.level.quad_pixels < pixels
        tiny_n = depth_n * DOT_PIXELS > pixels
        groups = [np.flatnonzero(mask) for mask in (tiny_n, ~near_n & ~tiny_n, near_n)]
        groups = [ids[np.argsort(-depth_n[ids], kind="stable")] if len(ids) <= SORT_UP_TO else ids for ids in groups]
        self.counts = tuple(map(len, groups))
        ids = np.concatenate(groups)
        self.column.write((ids if drawn is None else drawn[ids]).astype(np.int32))


def _coarse(pose: Pose) -> Pose:
    """The pose on a lattice of 2 degrees and 3 % of the distance."""
    step = 1.03 ** round(log(pose.distance) / log(1.03))
    target = point(round(x / (0.03 * step)) * 0.03 * step for x in pose.target)
    return Pose(target, round(pose.yaw * 28.6) / 28.6, round(pose.pitch * 28.6) / 28.6, step)
