"""Strongest inputs: the samples of the data that activate the picked neuron, or its channel, most. A click shows one."""

from __future__ import annotations

import numpy as np
from imgui_bundle import icons_fontawesome_6 as fa
from imgui_bundle import imgui

from nnviz3d.spec.node_names import inside
from nnviz3d.spec.number_text import count, percent, plain, short
from nnviz3d.spec.readout import StrongestReading
from nnviz3d.ui.core import theme
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.name_shortening import cut
from nnviz3d.ui.core.names import layer_name
from nnviz3d.ui.core.thumbnail_atlas import Sheet, painted
from nnviz3d.ui.core.widgets import small, tip

TITLE, ICON, HINT, OPEN = "Strongest inputs", fa.ICON_FA_RANKING_STAR, "The samples that activate the picked neuron or channel most.", False
ACROSS, FINEST, STRIP, CELLS = 3, 64, 78.0, 24  # pictures in a row; cells a side of one; unscaled pixels of a strip, and its cells
LARGEST = 84.0  # unscaled pixels of a picture
_TEXT, _DIM, _ACCENT, _FAINT = (theme.packed(c) for c in (theme.TEXT, theme.DIM, theme.ACCENT, theme.FAINT))
PARTS = {"test": "test set", "train": "training set"}
GROUPS = {"channel": "Its whole channel", "token": "Its whole token", "head": "Its whole head"}


class StrongestPanel:
    """Remembers whether the neuron or its group is meant."""

    def __init__(self):
        self.grouped = True
        self._sheet = Sheet()

    def draw(self, f: Frame) -> None:
        picked = f.readout.neuron if f.readout.pinned else None
        if f.readout.reasons.data and f.readout.recording is None:
            small(f, f.readout.reasons.data, wrap=True)
            return
        if picked is None or picked.network == "B":
            small(f, "Pick a neuron in the picture: the samples that activate it most are shown here.", _FAINT, wrap=True)
            return
        node = f.readout.topology.nodes[picked.layer]
        if node.groups > 1:
            _, self.grouped = imgui.checkbox(GROUPS.get(node.axes[0], "Its whole group"), self.grouped)
            tip(f, "All neurons of the group together: a sample counts with the largest activation in it.")
        f.wants["strongest"] = (picked.neuron, self.grouped)
        r = f.readout.strongest
        if r is None or not r.rows:
            small(f, "Looking through the samples …")
            return
        self._head(f, r)
        (self._grid if len(r.shape) > 1 and min(r.shape[-2:]) > 1 else self._table)(f, r)

    def _head(self, f: Frame, r: StrongestReading) -> None:
        node, index = f.readout.topology.locate(r.neuron)
        part = f"Neuron {index}" if r.size == 1 else f"{node.axes[0].capitalize()} {index // r.size}"
        rows = count(r.looked) if r.known == r.looked else f"{count(r.known)} of {count(r.looked)}"
        of = f", of {count(r.of)}" if r.looked < r.of else ""
        small(f, f"{part} of {inside(layer_name(f, node.number))}: {rows} samples of the {PARTS[r.part]}{of}, step {count(r.step)}",
              wrap=True)  # fmt: skip
        tip(f, "Looked through a few rows a frame, and about every two seconds again while the network learns.")
        small(f, f"Active (above 0) for {percent(r.active)} of them", _FAINT)

    def _grid(self, f: Frame, r: StrongestReading) -> None:
        x = np.stack([row.x for row in r.rows]).reshape(len(r.rows), -1, *r.shape[-2:]).mean(1)
        thin = -(-max(x.shape[1:]) // FINEST)
        key = (f.scale, r.part, tuple(row.index for row in r.rows))
        self._sheet.fill(key, painted(x[:, ::thin, ::thin], r.low.min(), r.high.max()), round(f.px(LARGEST)))
        gap, line = f.px(6), f.px(theme.SMALL) + f.px(3)
        side = min((imgui.get_content_region_avail().x - gap * (ACROSS - 1)) / ACROSS, f.px(LARGEST))
        fit = side / max(r.shape[-2:])
        high, wide = r.shape[-2] * fit, r.shape[-1] * fit
        draw_list = imgui.get_window_draw_list()
        imgui.push_style_var(imgui.StyleVar_.item_spacing, imgui.ImVec2(gap, gap))
        imgui.push_font(None, theme.SMALL)
        for k, row in enumerate(r.rows):
            if k % ACROSS:
                imgui.same_line()
            at = imgui.get_cursor_screen_pos()
            self._button(f, r, k, imgui.ImVec2(side, side + line))
            low = imgui.ImVec2(at.x + (side - wide) / 2, at.y + (side - high) / 2)
            self._sheet.draw(draw_list, k, low, imgui.ImVec2(low.x + wide, low.y + high))
            self._frame(f, r, k, at, imgui.ImVec2(at.x + side, at.y + side))
            draw_list.add_text(imgui.ImVec2(at.x, at.y + side + f.px(1)), _TEXT, cut(f"{short(row.value)}  {row.label}", side, f.names))
        imgui.pop_font()
        imgui.pop_style_var()

    def _table(self, f: Frame, r: StrongestReading) -> None:
        x = np.stack([row.x[:CELLS] for row in r.rows])
        key = (f.scale, r.part, tuple(row.index for row in r.rows))
        self._sheet.fill(key, painted(x, r.low[:CELLS], r.high[:CELLS])[:, None], round(f.px(STRIP)))
        width, high, strip = imgui.get_content_region_avail().x, f.px(25), f.px(STRIP)
        draw_list = imgui.get_window_draw_list()
        imgui.push_style_var(imgui.StyleVar_.item_spacing, imgui.ImVec2(0, f.px(3)))
        imgui.push_font(None, theme.SMALL)
        y = (high - imgui.get_text_line_height()) / 2
        for k, row in enumerate(r.rows):
            at = imgui.get_cursor_screen_pos()
            self._button(f, r, k, imgui.ImVec2(width, high))
            self._sheet.draw(draw_list, k, imgui.ImVec2(at.x + f.px(3), at.y + f.px(4)), imgui.ImVec2(at.x + strip, at.y + high - f.px(4)))
            number = short(row.value)
            right = at.x + width - imgui.calc_text_size(number).x - f.px(6)
            draw_list.add_text(imgui.ImVec2(right, at.y + y), _DIM, number)
            left = at.x + strip + f.px(8)
            draw_list.add_text(imgui.ImVec2(left, at.y + y), _TEXT, cut(row.label, right - left - f.px(8), f.names))
            self._frame(f, r, k, at, imgui.ImVec2(at.x + width, at.y + high))
        imgui.pop_font()
        imgui.pop_style_var()

    def _button(self, f: Frame, r: StrongestReading, k: int, size: imgui.ImVec2) -> None:
        row = r.rows[k]
        if imgui.invisible_button(f"##strong{k}", size):
            f.do("show_sample", row.index)
        where = f" (its cell {row.cell})" if r.size > 1 else ""
        tip(f, f"Sample {count(row.index + 1)}: {row.label}. Activation {plain(row.value)}{where}. Click to show it.")

    def _frame(self, f: Frame, r: StrongestReading, k: int, low: imgui.ImVec2, high: imgui.ImVec2) -> None:
        shown = f.readout.sample_part == r.part and f.readout.sample_index == r.rows[k].index
        if shown or imgui.is_item_hovered():
            imgui.get_window_draw_list().add_rect(low, high, _ACCENT if shown else _DIM, f.px(3), f.px(2 if shown else 1))
