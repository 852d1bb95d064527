"""Representations: the samples as a cloud in 3D, by what a layer does with them. Drag to turn it; a click shows a sample."""

from __future__ import annotations

import numpy as np
from imgui_bundle import icons_fontawesome_6 as fa
from imgui_bundle import imgui

from nnviz3d.spec.number_text import count, percent
from nnviz3d.spec.readout import CloudReading, TsneAsked, TsneReading
from nnviz3d.ui.core import theme
from nnviz3d.ui.core.class_colours import class_colours, number_colours
from nnviz3d.ui.core.cloud_image import CloudView, painted
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.name_shortening import cut
from nnviz3d.ui.core.names import layer_name
from nnviz3d.ui.core.number_field import Accepted, stepped
from nnviz3d.ui.core.texture import Bitmap
from nnviz3d.ui.core.thumbnail_atlas import painted as thumbnail
from nnviz3d.ui.core.widgets import combo, label, small, tip

TITLE, ICON, HINT, OPEN = "Representations", fa.ICON_FA_BRAIN, "The samples as a cloud, by what a layer makes of them.", False
HEIGHT, RADIUS, NEAR = 260.0, 3.2, 9.0  # unscaled pixels: of the picture, of a disc, and of what the pointer reaches
SETTLE = 0.25  # seconds in which a point has gone most of its way to a new place
PICTURE = 56.0  # unscaled pixels
LEGEND = 12  # classes that are named
KINDS = {"pca": "PCA, 3 axes", "three": "three neurons", "tsne": "t-SNE"}
_TEXT, _DIM, _FAINT = (theme.packed(c) for c in (theme.TEXT, theme.DIM, theme.FAINT))
MAP = (
    "Samples that are near each other in the layer are near each other here. Sizes of clusters and distances between them mean little. "
    "The map is of the step at which it was begun; it does not move while the network learns, because every map turns out differently."
)
_PARTS = {"test": "test set", "train": "training set"}


class RepresentationPanel:
    """Remembers the layer, the axes, the view, and where the points are on their way."""

    def __init__(self):
        self.node, self.kind, self.neurons = -1, "pca", (0, 1, 2)
        self.run, self.on = 0, True  # of the maps by t-SNE: how many were begun, and whether the last may go on
        self.view = CloudView()
        self._places: np.ndarray | None = None  # (r, 3), scaled so that the cloud has the radius 1
        self._subject: tuple | None = None
        self._scale = 1.0
        self._bitmap, self._drawn = Bitmap(), None
        self._thumb, self._thumbed = Bitmap(), None
        self._own, self._owned = Bitmap(), None
        self._dragged = 0.0

    def draw(self, f: Frame) -> None:
        if f.readout.reasons.data:
            small(f, f.readout.reasons.data, wrap=True)
            return
        self._choose(f)
        node = self._node(f)
        f.wants["cloud"] = (node, {"pca": None, "three": self.neurons, "tsne": TsneAsked(self.run, self.on)}[self.kind])
        r = f.readout.cloud
        if r is None or r.node != node or (r.map is not None) != (self.kind == "tsne"):
            small(f, "Passing the samples through the network …")
            return
        self._move(f, r)
        self._picture(f, r)
        if r.map is not None:
            self._progress(f, r, r.map)
        self._explanation(f, r)

    # ------------------------------------------------------------ choices

    def _node(self, f: Frame) -> int:
        """The chosen layer; at first the last hidden one, of a network that gives its inputs back the narrowest: its code."""
        hidden = f.readout.topology.nodes[1:-1]
        if 0 <= self.node <= len(hidden) + 1:
            return self.node
        if not hidden:
            return 0
        return min(hidden, key=lambda node: node.size).number if f.scene.data.targets == "inputs" else hidden[-1].number

    def _choose(self, f: Frame) -> None:
        names = {str(node.number): layer_name(f, node.number) for node in f.readout.topology.nodes}
        node = self._node(f)
        imgui.begin_group()
        label(f, "Layer")
        picked = combo("##cloud.layer", str(node), list(names), names)
        imgui.end_group()
        tip(f, "Each sample is a point: the activations of this layer's neurons are its coordinates, of which three axes are shown.")
        if picked is not None:
            self.node = int(picked)
        imgui.begin_group()
        label(f, "Axes")
        picked = combo("##cloud.axes", self.kind, list(KINDS), KINDS)
        imgui.end_group()
        tip(
            f,
            "PCA: the principal components, the three directions in which the points differ most. Or three neurons, as they are. "
            "Or t-SNE, a map in which samples that the layer treats alike lie together.",
        )
        self.kind = picked or self.kind
        if self.kind == "three":
            self._three(f, f.readout.topology.nodes[self._node(f)].size)

    def _three(self, f: Frame, size: int) -> None:
        for k in range(3):
            imgui.begin_group()
            label(f, f"Neuron {'xyz'[k]}")
            new = stepped(f, f"##cloud.neuron{k}", min(self.neurons[k], size - 1), Accepted(0, size - 1, whole=True))
            imgui.end_group()
            tip(f, "The number of the neuron, from 0, whose activation is this axis.")
            if new is not None:
                self.neurons = (*self.neurons[:k], int(new), *self.neurons[k + 1 :])

    # ------------------------------------------------------------ places

    def _move(self, f: Frame, r: CloudReading) -> None:
        """Towards where the points are now, a part of the way in each frame."""
        subject = (r.node, self.kind, self.neurons, len(r.rows_r), f.readout.topology)
        size = float(np.sqrt(np.square(r.xyz_r3).sum(1).mean())) * 1.7 if len(r.xyz_r3) else 1.0
        wanted = r.xyz_r3 / max(size, 1e-12)
        if subject != self._subject or self._places is None:
            self._subject, self._places, self._scale = subject, wanted, size
            return
        way = 1 - np.exp(-f.dt / SETTLE * 2.5)
        self._scale += (size - self._scale) * way
        if np.abs(wanted - self._places).max() > 2e-3:
            self._places = self._places + (wanted - self._places) * way

    # ------------------------------------------------------------ the picture

    def _picture(self, f: Frame, r: CloudReading) -> None:
        assert self._places is not None
        width, height = imgui.get_content_region_avail().x, f.px(HEIGHT)
        corner, size = imgui.get_cursor_screen_pos(), (max(int(width), 8), max(int(height), 8))
        imgui.invisible_button("##cloud", imgui.ImVec2(width, height))
        self._turn(f, r, corner, size)
        colours = class_colours(len(r.classes), f.signs)
        key = (id(self._places), self.view, size, r.version, f.signs, f.scale)
        if key != self._drawn:
            self._drawn = key
            ink = colours[r.value_r % max(len(colours), 1)] if r.classes else number_colours(r.value_r, f.signs)
            self._bitmap.write(painted(self._places, ink, self.view, *size, f.px(RADIUS)))
        draw_list, end = imgui.get_window_draw_list(), imgui.ImVec2(corner.x + size[0], corner.y + size[1])
        draw_list.add_image_rounded(self._bitmap.ref, corner, end, imgui.ImVec2(0, 0), imgui.ImVec2(1, 1), 0xFFFFFFFF, f.px(5))
        self._ring(f, r, corner, size)

    def _turn(self, f: Frame, r: CloudReading, corner: imgui.ImVec2, size: tuple[int, int]) -> None:
        """A drag turns it, a click without a drag shows the sample under the pointer."""
        if imgui.is_item_activated():
            self._dragged = 0.0
        if imgui.is_item_active():
            delta = imgui.get_io().mouse_delta
            self._dragged += abs(delta.x) + abs(delta.y)
            if self._dragged > f.px(4):
                self.view = self.view.turned(delta.x / size[0], delta.y / size[1])
        found = self._under(f, corner, size) if imgui.is_item_hovered() and self._dragged <= f.px(4) else -1
        if found >= 0:
            self._hint(f, r, found)
        if imgui.is_item_deactivated() and self._dragged <= f.px(4):
            if found >= 0:
                f.do("show_sample", int(r.rows_r[found]))
            self._dragged = 0.0
        elif not imgui.is_item_active():
            self._dragged = 0.0

    def _under(self, f: Frame, corner: imgui.ImVec2, size: tuple[int, int]) -> int:
        """The point under the pointer, the nearest to the eye of those in reach; -1: none."""
        assert self._places is not None
        mouse = imgui.get_mouse_pos()
        place, near = self.view.project(self._places, *size)
        distance = np.hypot(place[:, 0] - (mouse.x - corner.x), place[:, 1] - (mouse.y - corner.y))
        reach = np.flatnonzero(distance < f.px(NEAR))
        return int(reach[np.argmin(distance[reach] - 3 * near[reach])]) if len(reach) else -1

    def _hint(self, f: Frame, r: CloudReading, k: int) -> None:
        """Number, class and picture of a point."""
        row, names = int(r.rows_r[k]), r.classes
        value = r.value_r[k]
        what = names[int(value)] if r.classes and int(value) < len(names) else f"{float(value):.4g}"
        imgui.push_style_var(imgui.StyleVar_.window_padding, imgui.ImVec2(f.px(10), f.px(8)))
        imgui.begin_tooltip()
        if len(r.shape) > 1 and min(r.shape[-2:]) > 1:
            if self._thumbed != (row, r.part):
                self._thumbed = row, r.part
                self._thumb.write(_thumbnail(r.x_ni[row], r.shape))
            _image(f, self._thumb, r.shape)
        imgui.text_unformatted(f"sample {count(row + 1)}: {what}")
        small(f, "Click to show it")
        imgui.end_tooltip()
        imgui.pop_style_var()

    def _ring(self, f: Frame, r: CloudReading, corner: imgui.ImVec2, size: tuple[int, int]) -> None:
        """Round the shown sample, with its picture beside it."""
        place, near = self.view.project(r.shown_3[None] / max(self._scale, 1e-12), *size)
        x, y = corner.x + float(place[0, 0]), corner.y + float(place[0, 1])
        if not (corner.x <= x <= corner.x + size[0] and corner.y <= y <= corner.y + size[1]):
            return
        draw_list, radius = imgui.get_window_draw_list(), f.px(RADIUS) * float(near[0]) + f.px(3)
        draw_list.add_circle(imgui.ImVec2(x, y), radius, _TEXT, 0, f.px(1.6))
        if len(r.shape) < 2 or min(r.shape[-2:]) < 2:
            return
        key = (r.shown_row, r.shown_x.tobytes())
        if key != self._owned:
            self._owned = key
            self._own.write(_thumbnail(r.shown_x, r.shape))
        side = f.px(PICTURE) * 0.6
        outwards = 1 if x >= corner.x + size[0] / 2 else -1  # where fewer points lie
        left = x + outwards * (radius + f.px(10) + side / 2) - side / 2
        left = min(max(left, corner.x), corner.x + size[0] - side)
        low = imgui.ImVec2(left, min(max(y - side / 2, corner.y), corner.y + size[1] - side))
        high = imgui.ImVec2(low.x + side, low.y + side)
        draw_list.add_image(self._own.ref, low, high)
        draw_list.add_rect(low, high, _DIM, f.px(2), f.px(1))

    # ------------------------------------------------------------ words

    def _explanation(self, f: Frame, r: CloudReading) -> None:
        if r.map is not None:
            small(f, _map_text(r, r.map), wrap=True)
            tip(f, MAP)
            self._classes(f, r)
            return
        of, variance = f" of {count(r.of)}" if len(r.rows_r) < r.of else "", percent(min(float(r.share_3.sum()), 1.0))
        text = f"{count(len(r.rows_r))}{of} samples of the {_PARTS.get(r.part, r.part)}, step {count(r.step)}; "
        small(f, f"{text}the axes show {variance} of the variance of {count(r.size)} neurons", wrap=True)
        each = ", ".join(percent(float(share)) for share in r.share_3)
        turned = "While the network learns the cloud is turned onto the one before, so that it moves smoothly."
        tip(f, f"By axis: {each}. {turned} Ring: the shown sample, at its place of now.")
        self._classes(f, r)

    def _progress(self, f: Frame, r: CloudReading, m: TsneReading) -> None:
        """How far it has come, a button to stop it, and one for a map of now."""
        if not m.over:
            width = imgui.get_content_region_avail().x - f.px(84)
            imgui.progress_bar(m.done / m.steps, imgui.ImVec2(width, 0), f"{count(m.done)} of {count(m.steps)}")
            imgui.same_line()
            if imgui.button("Stop##cloud", imgui.ImVec2(-1, 0)):
                self.on = False
            return
        if m.done < m.steps:
            if imgui.button("Continue##cloud"):
                self.on = True
            imgui.same_line()
        if imgui.button(f"t-SNE of step {count(f.readout.step)}##cloud", imgui.ImVec2(-1, 0)):
            self.run, self.on = self.run + 1, True
        tip(f, "Another map, of what the layer does now.")

    def _classes(self, f: Frame, r: CloudReading) -> None:
        """What the colours are."""
        if not r.classes:
            small(f, "Colour: the target, from the smallest to the largest.", _FAINT)
            return
        names = r.classes[:LEGEND]
        colours, room = class_colours(len(r.classes), f.signs), imgui.get_content_region_avail().x
        across = max(1, int(room // f.px(92)))
        imgui.push_font(None, theme.SMALL)
        for k, name in enumerate(names):
            if k % across:
                imgui.same_line((k % across) * room / across)
            at = imgui.get_cursor_screen_pos()
            red, green, blue = (round(255 * float(c)) for c in colours[k])
            middle = imgui.ImVec2(at.x + f.px(5), at.y + imgui.get_text_line_height() / 2)
            imgui.get_window_draw_list().add_circle_filled(middle, f.px(4), 255 << 24 | blue << 16 | green << 8 | red)
            imgui.set_cursor_screen_pos(imgui.ImVec2(at.x + f.px(14), at.y))
            imgui.text_unformatted(cut(name, room / across - f.px(22), f.names))
        imgui.pop_font()


def _map_text(r: CloudReading, m: TsneReading) -> str:
    of = f" of {count(r.of)}" if len(r.rows_r) < r.of else ""
    stopped = f", stopped after {count(m.done)} of {count(m.steps)} steps" if m.over and m.done < m.steps else ""
    return (
        f"t-SNE of step {count(r.step)}{stopped}: {count(len(r.rows_r))}{of} samples of the {_PARTS.get(r.part, r.part)}, "
        f"{count(r.size)} neurons, perplexity {m.perplexity:.3g}, divergence {m.divergence:.2f}"
    )


def _thumbnail(x_i: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """(H, W, 4) uint8, enlarged without blur."""
    image = np.reshape(x_i, (-1, *shape[-2:])).mean(0)
    grow = max(1, 64 // max(image.shape))
    return thumbnail(image, image.min(), image.max()).repeat(grow, 0).repeat(grow, 1)


def _image(f: Frame, bitmap: Bitmap, shape: tuple[int, ...]) -> None:
    height, width = shape[-2:]
    imgui.image(bitmap.ref, imgui.ImVec2(f.px(PICTURE) * width / height, f.px(PICTURE)))
