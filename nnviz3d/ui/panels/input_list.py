"""All inputs of a network that has more than a glance can hold: a list with a search, the strongest first, also of those in a stack."""

from __future__ import annotations

import numpy as np
from imgui_bundle import imgui

from nnviz3d.spec.number_text import plain
from nnviz3d.spec.readout import MatrixReading, NeuronReading
from nnviz3d.ui.core import theme
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.widgets import elide, small, tip
from nnviz3d.ui.equations.equation_draw import of_ink

ROWS = 10  # before it scrolls
LEAST = 12  # fewer are seen in the picture, with their names
_DIM, _FAINT, _TEXT = (theme.packed(c) for c in (theme.DIM, theme.FAINT, theme.TEXT))


class InputList:
    """Keeps what is searched for."""

    def __init__(self):
        self.query = ""
        self._found: tuple = (None, "", None, None)
        self._fits: tuple = (None, "", None)  # of these names, this search

    def draw(self, f: Frame, r) -> None:
        """Beside an input, or the first layer as a whole; nothing elsewhere."""
        node = f.readout.topology.input
        values = _values(r, node.number)
        if values is None or len(values) != node.size or node.size <= LEAST or len(node.shape) > 1:
            return
        small(f, f"All {node.size:,} inputs", _FAINT)
        tip(f, "Each input with its value for the displayed sample and the sum of |w| over its weights into the first layer.")
        imgui.set_next_item_width(-1)
        hint = "input ... (number or name)" if node.labels else "input ... (number)"
        self.query = imgui.input_text_with_hint("##find_input", hint, self.query)[1]
        order, strength = self._order(r, len(values), node.labels)
        line = imgui.get_text_line_height_with_spacing()
        imgui.begin_child("##inputs", imgui.ImVec2(0, line * min(max(len(order), 1), ROWS) + f.px(4)))
        if not len(order):
            small(f, f"none; inputs are numbered 0 to {node.size - 1:,}", _FAINT)
        full = imgui.get_content_region_avail().x
        clipper = imgui.ListClipper()
        clipper.begin(len(order), line)
        while clipper.step():
            for k in range(clipper.display_start, clipper.display_end):
                i = int(order[k])
                _row(f, node, i, float(values[i]), None if strength is None else float(strength[i]), full)
        imgui.end_child()

    def _order(self, r, count: int, labels) -> tuple[np.ndarray, np.ndarray | None]:
        """Indices that fit the search, the strongest first; and the strengths, where all weights are known."""
        if self._found[0] is r and self._found[1] == self.query:
            return self._found[2:]
        if isinstance(r, NeuronReading):
            strength = r.strengths
        else:
            strength = np.abs(r.weight).sum(0) if r.stride[1] == 1 else None
        order = np.arange(count) if strength is None else np.argsort(-np.nan_to_num(strength), kind="stable")
        if query := self.query.strip().lower():
            if self._fits[0] is not labels or self._fits[1] != query or len(self._fits[2]) != count:
                named = (k < len(labels) and query in str(labels[k]).lower() for k in range(count))
                self._fits = labels, query, np.array([query in str(k) or there for k, there in enumerate(named)])
            order = order[self._fits[2][order]]
        self._found = r, self.query, order, strength
        return order, strength


def _values(r, first: int) -> np.ndarray | None:
    """What the inputs are for the shown sample: shown for one of them, and of a layer that its matrix joins to them."""
    if isinstance(r, NeuronReading):
        return r.values if r.layer == first else None
    return r.x if isinstance(r, MatrixReading) and r.sources[0].node == first else None


def _row(f: Frame, node, i: int, a: float, strength: float | None, full: float) -> None:
    """Number and name, value, strength. A click looks at that input."""
    corner = imgui.get_cursor_screen_pos()
    neuron = node.neurons.start + i
    chosen = f.readout.neuron is not None and f.readout.neuron.neuron == neuron
    if imgui.selectable(f"##input{i}", chosen)[0]:
        f.do("pick", neuron)
    draw_list = imgui.get_window_draw_list()
    draw_list.add_text(corner, _DIM, elide(f"{i}" + (f"  {node.labels[i]}" if i < len(node.labels) else ""), full * 0.55))
    ends = [(0.76, plain(a), of_ink(f, "a", a < 0))]
    if strength is not None:
        ends.append((1.0, plain(strength), _TEXT))
    for share, text, colour in ends:
        at = imgui.ImVec2(corner.x + full * share - imgui.calc_text_size(text).x - f.px(2), corner.y)
        draw_list.add_text(at, colour, text)
