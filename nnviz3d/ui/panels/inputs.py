"""All inputs of a neuron, however many: a list with a search, the largest term first. Closed it is one button and costs nothing."""

from __future__ import annotations

import numpy as np
from imgui_bundle import icons_fontawesome_6 as fa
from imgui_bundle import imgui

from nnviz3d.spec.number_text import plain
from nnviz3d.spec.readout import NeuronReading
from nnviz3d.ui.core import theme
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.widgets import elide, tip
from nnviz3d.ui.equations.equation_draw import of_ink

ROWS = 8  # before it scrolls
_DIM, _FAINT, _TEXT = (theme.packed(c) for c in (theme.DIM, theme.FAINT, theme.TEXT))


class Inputs:
    """`open` and what is searched for."""

    def __init__(self):
        self.open, self.query = False, ""
        self._found: tuple = (None, "", None)

    def draw(self, f: Frame, r: NeuronReading) -> None:
        if r.weights is None or r.values is None or not len(r.weights):
            return
        count = len(r.weights)
        imgui.push_font(None, theme.SMALL)
        icon = fa.ICON_FA_CHEVRON_DOWN if self.open else fa.ICON_FA_MAGNIFYING_GLASS
        if imgui.button(f"{icon}  {'The one weight' if count == 1 else f'All {count:,} weights'}##all_weights"):
            self.open = not self.open
        imgui.pop_font()
        tip(f, "Every weight that leads into this neuron: find one by the number or name of the neuron that it comes from.")
        if self.open:
            self._list(f, r, r.weights, r.values)

    def _list(self, f: Frame, r: NeuronReading, weights: np.ndarray, values: np.ndarray) -> None:
        labels = r.incoming.labels if r.incoming is not None else ()
        imgui.set_next_item_width(-1)
        hint = "from neuron ... (number or name)" if labels else "from neuron ... (number)"
        self.query = imgui.input_text_with_hint("##find_weight", hint, self.query)[1]
        order = self._order(r, weights, values, labels)
        line = imgui.get_text_line_height_with_spacing()
        imgui.begin_child("##weights", imgui.ImVec2(0, line * min(max(len(order), 1), ROWS) + f.px(4)))
        if not len(order):
            imgui.push_style_color(imgui.Col_.text, _FAINT)
            imgui.text_unformatted(f"none; numbers run from 0 to {len(weights) - 1:,}")
            imgui.pop_style_color()
        full = imgui.get_content_region_avail().x
        clipper = imgui.ListClipper()
        clipper.begin(len(order), line)
        while clipper.step():
            for k in range(clipper.display_start, clipper.display_end):
                i = int(order[k])
                _row(f, r, i, float(weights[i]), float(values[i]), labels, full)
        imgui.end_child()

    def _order(self, r: NeuronReading, weights: np.ndarray, values: np.ndarray, labels) -> np.ndarray:
        """Indices that fit the search, the largest |w a| first."""
        if self._found[0] is r and self._found[1] == self.query:
            return self._found[2]
        query = self.query.strip().lower()
        product = np.abs(weights.astype(np.float64) * values)
        order = np.argsort(-product, kind="stable")
        if query:
            named = [query in str(k) or (k < len(labels) and query in str(labels[k]).lower()) for k in range(len(product))]
            order = order[np.asarray(named)[order]]
            exact = [int(query)] if query.isdecimal() and int(query) < len(product) else []
            order = np.array([*exact, *(k for k in order.tolist() if k not in exact)], int)
        self._found = (r, self.query, order)
        return order


def _row(f: Frame, r: NeuronReading, i: int, w: float, a: float, labels, full: float) -> None:
    """One weight: where from, w times a, and what that gives. Pointed at it lights its edge; a click chooses it."""
    corner = imgui.get_cursor_screen_pos()
    if imgui.selectable(f"##weight{i}", False)[0]:
        f.do("choose", r.first + i)
    if imgui.is_item_hovered():
        f.lit = r.first + i
    draw_list = imgui.get_window_draw_list()
    name = f"{i}" + (f"  {labels[i]}" if i < len(labels) else "")
    ends = (
        (0.62, plain(w), of_ink(f, "w", w < 0)),
        (0.8, plain(a), of_ink(f, "a", a < 0)),
        (1.0, plain(w * a, sign=True), of_ink(f, "w", w * a < 0)),
    )
    draw_list.add_text(corner, _DIM, elide(name, full * 0.4))
    for share, text, colour in ends:
        size = imgui.calc_text_size(text).x
        draw_list.add_text(imgui.ImVec2(corner.x + full * share - size - f.px(2), corner.y), colour, text)
