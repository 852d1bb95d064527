"""The table beside the output column: output and target with the error that starts there, or output before and after the step.

Drawn on the stage, behind all panels, row by row at the height of its neuron; where there is no room beside it, elsewhere with a leader.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from imgui_bundle import imgui

from nnviz3d.spec.number_text import MINUS, pair_plain, plain, short, tex
from nnviz3d.spec.step_annotations import Moment, Outputs, OutputsTable
from nnviz3d.spec.units import Unit
from nnviz3d.ui.core import theme
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.label_placement import Rect, settle, spread
from nnviz3d.ui.core.name_shortening import cut
from nnviz3d.ui.core.widgets import show_tip, text_width
from nnviz3d.ui.equations import losses

CELL, GAP, PAD = 56.0, 7.0, 9.0
ROW, LOWEST = 19.0, 11.5  # heights of a row: wanted, and the least that can be read
NAME = 64.0  # at most
FORMULA = 16.0
HINTS = {
    "output": "The network's answer to this sample by class: the activations of the output layer.",
    "target": "The sample's targets: the loss compares each output with its target.",
    "error": "How the loss changes with this output's z (dL/dz): the error that is sent back. Rose: this output should decrease. Green: "
    "it should increase.",
    "before": "The output before this step's update.",
    "after": "The output for the same sample with the new weights.",
    "change": "After minus before.",
}


@dataclass(frozen=True)
class _OutputColumn:
    title: str
    hint: str
    values: tuple[float, ...]
    colour: str
    bars: bool
    alpha: float = 1.0
    units: tuple[Unit, ...] = ()  # of each value, where they are in units of their own

    def text(self, k: int) -> str:
        """A value as it is printed; differences carry their sign."""
        value = float(self.values[k])
        if not self.units:
            return number(value) if self.bars else signed(value)
        text = (self.units[k].text if self.bars else self.units[k].difference)(value)
        return f"+{text}" if value > 0 and not self.bars else text.replace("-", MINUS)


def columns(table: OutputsTable) -> list[_OutputColumn]:
    """What the table says, with how much of it is to be seen already: the target comes first, then the error.

    Outputs and targets are in the targets' own units; the error is dL/dz of the network's own numbers.
    """
    o = own(table.outputs)
    if table.kind == "after":
        change = tuple(float(v) for v in o.after_k - o.before_k)
        return [
            _OutputColumn("before", "before", tuple(o.before_k), theme.DIM, True, 1.0, o.units),
            _OutputColumn("after", "after", tuple(o.after_k), theme.ACCENT, True, _rise(table.share, 0.0), o.units),
            _OutputColumn("change", "change", change, "", False, _rise(table.share, 0.4), o.units),
        ]
    letter = "p" if o.probability else "a"
    return [
        _OutputColumn("output", "output", tuple(o.before_k), theme.ACCENT, True, 1.0, o.units),
        _OutputColumn("target", "target", tuple(o.target_k), theme.CURVE_TEST, True, _rise(table.share, 0.0), o.units),
        _OutputColumn(f"{letter} − y" if o.difference else "δ", "error", tuple(o.delta_k), "", False, _rise(table.share, 0.5)),
    ]


def own(o: Outputs) -> Outputs:
    """The same with outputs and targets in the targets' own units."""
    if not o.units:
        return o
    mean_k, deviation_k = np.array([(unit.mean, unit.deviation) for unit in o.units]).T
    return replace(o, **{name: mean_k + deviation_k * getattr(o, name) for name in ("before_k", "target_k", "after_k")})


def _rise(share: float, start: float) -> float:
    return min(max((share - start) / 0.3, 0.0), 1.0)


def draw(f: Frame, moment: Moment, taken: list[Rect]) -> Rect | None:
    """Draws the table of this moment, if there is one; returns where it is."""
    table = moment.table
    if table is None or not table.outputs.names:
        return None
    o, made = table.outputs, columns(table)
    anchor = _around(table)
    if not (-f.width < anchor[0] < 2 * f.width):  # behind the eye
        return None
    imgui.push_font(None, theme.SMALL)
    names = [cut(name, f.px(NAME), f.names) for name in o.names]
    name_width = max(imgui.calc_text_size(name).x for name in names)
    imgui.pop_font()
    foot = _foot(f, table)
    few = f"{len(names)} strongest of {o.total:,} outputs" if len(names) < o.total else ""
    if o.token >= 0:
        few = f"token {o.token}: {few}" if few else f"outputs of token {o.token}"
    head = f.px(theme.SMALL + 8)
    tail = max(foot[3] + f.px(10), f.px(28)) + (f.px(16) if few else 0)
    each = max([f.px(CELL), *(text_width(c.text(k), f.font(theme.SMALL)) + f.px(8) for c in made for k in range(len(c.units)))])
    width = max(name_width + f.px(GAP) + len(made) * (each + f.px(GAP)) + f.px(2 * PAD), foot[2] + f.px(2 * PAD))
    area = _area(f, taken)
    room = max(area[3] - area[1] - head - tail, f.px(40))
    row = max(min(f.px(ROW), room / len(names)), f.px(LOWEST) * 0.6)
    order = sorted(range(len(names)), key=lambda k: table.y_k[k])
    pitch = _pitch([table.y_k[k] for k in order])
    left = anchor[2] + f.px(10)
    beside = left + width <= area[2] and not _meets((left, anchor[1], left + width, anchor[3]), taken, moment.boxes, anchor)
    if beside:
        middles = spread([table.y_k[k] for k in order], row, area[1] + head + row / 2, area[3] - tail - row / 2)
    else:
        height = head + len(names) * row + tail
        left, top = settle((width, height), anchor, moment.boxes, taken, area, f.px(16))
        middles = [top + head + row * (k + 0.5) for k in range(len(names))]
    top, bottom = middles[0] - row / 2 - head, middles[-1] + row / 2 + tail
    rect = (left, top, left + width, bottom)
    draw_list = imgui.get_background_draw_list()
    low, high = imgui.ImVec2(left, top), imgui.ImVec2(left + width, bottom)
    draw_list.add_rect_filled(low, high, theme.packed(theme.GLASS, 0.72), f.px(9))
    draw_list.add_rect(low, high, theme.packed(theme.LINE, 0.7), f.px(9))
    if not beside:
        _leader(f, draw_list, anchor, rect)
    size = min(theme.SMALL, max(row / f.scale - 2, 8.0))
    first = left + f.px(PAD) + name_width + f.px(GAP)
    cell = (left + width - f.px(PAD) - first + f.px(GAP)) / len(made) - f.px(GAP)
    cells = [first + k * (cell + f.px(GAP)) for k in range(len(made))]
    _titles(f, draw_list, made, cells, cell, top + f.px(6))
    for k, y in zip(order, middles, strict=True):
        if beside:
            start = imgui.ImVec2(table.x_k[k] + table.reach + f.px(2), table.y_k[k])
            draw_list.add_line(start, imgui.ImVec2(left, y), theme.packed(theme.DIM, 0.4), f.scale)
        _row(f, draw_list, o, k, names[k], made, left, width, cells, cell, y, min(row, f.px(ROW), max(pitch, row)), size)
    _close(f, draw_list, foot, few, left, width, middles[-1] + row / 2, bottom)
    _tips(f, made, cells, cell, rect, o)
    return rect


def _row(f: Frame, draw_list, o: Outputs, k: int, name: str, made, left, width, cells, cell, y, row, size) -> None:
    pixels = f.font(size)
    if o.index_k[k] == o.label:
        low, high = imgui.ImVec2(left + f.px(3), y - row / 2), imgui.ImVec2(left + width - f.px(3), y + row / 2)
        draw_list.add_rect_filled(low, high, theme.packed(theme.ACCENT, 0.13), f.px(4))
    draw_list.add_text(f.fonts.regular, pixels, imgui.ImVec2(left + f.px(PAD), y - pixels / 2), theme.packed(theme.TEXT, 0.95), name)
    for column, x in zip(made, cells, strict=True):
        if column.alpha > 0:
            _cell(f, draw_list, column, k, o, x, cell, y, row, pixels)


def _cell(
    f: Frame, draw_list, column: _OutputColumn, k: int, o: Outputs, x: float, width: float, y: float, row: float, pixels: float
) -> None:
    half = row * 0.5 - max(f.px(1), row * 0.08)
    ink, value = column.colour, float(column.values[k])
    if column.bars:
        low, high = span(o, k)
        zero, end = (min(max(-low / (high - low), 0), 1), min(max((value - low) / (high - low), 0), 1))
        field = theme.packed(theme.FIELD, 0.55 * column.alpha)
        draw_list.add_rect_filled(imgui.ImVec2(x, y - half), imgui.ImVec2(x + width, y + half), field, f.px(3))
        a, b = sorted((zero, end))
        if b > a:
            corner = imgui.ImVec2(x + width * a, y - half), imgui.ImVec2(x + max(width * b, width * a + f.scale), y + half)
            draw_list.add_rect_filled(*corner, theme.packed(ink, 0.42 * column.alpha), f.px(3))
    elif value and column.hint == "error":
        ink = theme.ERROR_SIGNS[0 if value > 0 else 1]
    else:
        ink = f.signs[0 if value > 0 else 1] if value else theme.DIM
    text = column.text(k)
    at = imgui.ImVec2(x + width - f.px(4) - text_width(text, pixels), y - pixels / 2)
    draw_list.add_text(f.fonts.regular, pixels, at, theme.packed(theme.TEXT if column.bars else ink, column.alpha), text)


def span(o: Outputs, k: int = 0) -> tuple[float, float]:
    """What the bars of a row reach from and to: 0 to 1 for probabilities, the data's range of a number with a unit, else all numbers of
    the table with 0 among them."""
    if o.units:
        return o.units[k].low, o.units[k].high if o.units[k].high > o.units[k].low else o.units[k].low + 1
    if o.probability:
        return 0.0, 1.0
    every = (*o.before_k, *o.after_k, *o.target_k, 0.0)
    low, high = min(every), max(every)
    return (low, high) if high > low else (0.0, 1.0)


def number(value: float) -> str:
    """Three digits; what is exactly 0 or 1, as targets are, without any."""
    return f"{value:.0f}" if value in (0, 1) else short(value)


def signed(value: float) -> str:
    return ("+" if value > 0 else "") + number(value)


def _titles(f: Frame, draw_list, made, cells, cell, y) -> None:
    for column, x in zip(made, cells, strict=True):
        pixels = f.font(theme.SMALL)
        at = imgui.ImVec2(x + cell - f.px(4) - text_width(column.title, pixels), y)
        draw_list.add_text(f.fonts.regular, pixels, at, theme.packed(theme.DIM, max(column.alpha, 0.25)), column.title)


def _foot(f: Frame, table: OutputsTable):
    """(parts, kind, width, height): the loss as a formula with its value, or old -> new with its change."""
    o = table.outputs
    if table.kind == "after":
        change = o.loss_after - o.loss_before
        words = "better" if change < 0 else "worse" if change > 0 else "the same"
        ink = theme.GOOD if change < 0 else theme.BAD if change > 0 else theme.DIM
        old, new = pair_plain(o.loss_before, o.loss_after)
        parts = [(f"loss {old} → {new}", theme.TEXT), (f"  {signed(change)}, {words}", ink)]
        return parts, "text", sum(text_width(text, f.font(theme.BODY)) for text, _ in parts), f.px(theme.BODY)
    latex, text = losses.formula(o)
    whole = f"{latex} = {tex(o.loss_before)}"
    made = f.formulas.get(whole, f.px(FORMULA))
    wide = f.px(3 * (CELL + GAP) + 24)
    if made is not None and made.width > wide:  # a table that is wider than its columns finds no room beside the outputs
        made = f.formulas.get(whole, max(f.px(FORMULA) * wide / made.width, f.px(FORMULA * 0.7)))
    if made is not None:
        return made, "tex", made.width, made.height
    parts = [(f"{text} = {plain(o.loss_before)}", theme.ACCENT)]
    return parts, "text", text_width(parts[0][0], f.font(theme.BODY)), f.px(theme.BODY)


def _close(f: Frame, draw_list, foot, few: str, left: float, width: float, top: float, bottom: float) -> None:
    """A line, what was left out, and the loss."""
    parts, kind, wide, high = foot
    if few:
        at = imgui.ImVec2(left + f.px(PAD), top + f.px(2))
        draw_list.add_text(f.fonts.regular, f.font(theme.SMALL), at, theme.packed(theme.DIM), few)
        top += f.px(16)
    line = top + f.px(3)
    ends = imgui.ImVec2(left + f.px(PAD), line), imgui.ImVec2(left + width - f.px(PAD), line)
    draw_list.add_line(*ends, theme.packed(theme.LINE, 0.8), f.scale)
    x, y = left + width - f.px(PAD) - wide, (line + bottom - high) / 2
    if kind == "tex":
        parts.draw(draw_list, x, y, theme.packed(theme.ACCENT))
        return
    for text, ink in parts:
        draw_list.add_text(f.fonts.regular, f.font(theme.BODY), imgui.ImVec2(x, y), theme.packed(ink), text)
        x += text_width(text, f.font(theme.BODY))


def _around(table: OutputsTable) -> Rect:
    r = table.reach
    return min(table.x_k) - r, min(table.y_k) - r, max(table.x_k) + r, max(table.y_k) + r


def _pitch(y: list[float]) -> float:
    return min((b - a for a, b in pairwise(y)), default=1e9)


def _area(f: Frame, taken: list[Rect]) -> Rect:
    """The free stage: above the transport bar or the caption, which come last in `taken`."""
    margin = f.px(6)
    bottom = taken[-1][1] if taken else f.height
    return margin, margin, f.stage_width - margin, bottom - margin


def _meets(rect: Rect, taken: list[Rect], boxes, anchor: Rect) -> bool:
    """Whether a table there would lie on panels, cards or layers; the outputs' own box ends a little to the right of them."""
    left, top, right, bottom = rect[0] + (anchor[2] - anchor[0]), rect[1], rect[2], rect[3]
    return any(left < b[2] and b[0] < right and top < b[3] and b[1] < bottom for b in (*taken, *boxes))


def _leader(f: Frame, draw_list, anchor: Rect, rect: Rect) -> None:
    """A thin line from the middle of the outputs to the nearest edge of the table."""
    x, y = (anchor[0] + anchor[2]) / 2, (anchor[1] + anchor[3]) / 2
    to = min(max(x, rect[0]), rect[2]), min(max(y, rect[1]), rect[3])
    start = min(max(to[0], anchor[0]), anchor[2]), min(max(to[1], anchor[1]), anchor[3])
    draw_list.add_line(imgui.ImVec2(*start), imgui.ImVec2(*to), theme.packed(theme.DIM, 0.6), f.scale)


def _tips(f: Frame, made, cells, width, rect: Rect, o: Outputs) -> None:
    """What the column under the pointer says; below the rows, what the loss is."""
    io = imgui.get_io()
    x, y = io.mouse_pos.x, io.mouse_pos.y
    if f.compact or io.want_capture_mouse or not (rect[0] <= x <= rect[2] and rect[1] <= y <= rect[3]):
        return
    if y > rect[3] - f.px(30):
        scaled = " Errors are divided by the target's standard deviation." if any(unit.scaled for unit in o.units) else ""
        whose = f"token {o.token} of the displayed sequence" if o.token >= 0 else "the displayed sample"
        show_tip(f, f"{losses.WORDS.get(o.loss, '')}{scaled} For {whose} alone, without L1 and L2 regularisation.")
        return
    for column, cell in zip(made, cells, strict=True):
        if cell <= x <= cell + width:
            show_tip(f, HINTS[column.hint] + (" In the unit of the data." if column.units else ""))
