"""How the lines of an equation are drawn: the formula at the left, its number at the right, a bar for how much it weighs.

Symbols are rendered formulas, numbers are text in the formulas' own typeface: new numbers cost nothing to render. A line is measured once
and drawn until its numbers or the panel's width change. What is too wide gets smaller; what is still too wide is broken between its words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from imgui_bundle import imgui

from nnviz3d.layers.shared.equation_line import Line, Span
from nnviz3d.spec import node_names
from nnviz3d.spec.number_text import plain
from nnviz3d.ui.core import theme
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.name_shortening import cut
from nnviz3d.ui.core.tex import Formula
from nnviz3d.ui.core.widgets import show_tip

SYMBOLS, NUMBERS, STEPS, SHAPES = 15.5, 15.5, 14.0, 12.5  # unscaled pixels; numbers of an update are long
SMALLEST = 0.8  # a line of numbers gets so much smaller before it is broken; symbols by its square
COLUMN = 64.0  # from the right end of the second column to that of the first
INSET = 40.0  # "i=51" before a term
NAMED = 0.36  # of the width, at most: the names before terms that have them
_TEXT, _DIM, _FAINT, _ACCENT = (theme.packed(c) for c in (theme.TEXT, theme.DIM, theme.FAINT, theme.ACCENT))
_WEIGHED = ("term", "rest", "bias")
_LED = ("symbols", "result", "step", "number", "change")  # whose number has a word before it
ROOT = "√"  # the formulas' own is made to be built from pieces: it hangs below the line


@dataclass
class _Laid:
    """A line, measured. `rows`: pieces (x, text, colour, raised) of each row of numbers."""

    height: float
    above: float  # from the top to the first baseline
    formula: Formula | None = None
    size: float = 0.0  # of numbers, pixels
    step: float = 0.0  # from row to row
    rows: list[list[tuple[float, str, int, bool]]] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)  # of the rows
    number: str = ""
    number_x: float = 0.0
    number_y: float = 0.0  # baseline
    pixels: float = 0.0  # of the formula
    line: Line | None = None
    room: float = 0.0  # before a term


class Lines:
    """Draws sections of lines and keeps how each was laid out, until it says something else and is in sight."""

    def __init__(self):
        self._laid: dict[tuple[str, int], _Laid] = {}
        self._for: tuple = ()

    def draw(self, f: Frame, title: str, lines: list[Line], ruled: int = 2) -> None:
        """As wide as the panel. A result has a rule above where at least `ruled` lines precede it."""
        full = imgui.get_content_region_avail().x
        style = (full, f.scale, f.scene.look.palette, f.formulas.ready)
        if style != self._for:
            self._laid.clear()
            self._for = style
        inset = _room(f, lines, full)
        weighed = (line.value for line in lines if line.kind in _WEIGHED)
        largest = max((abs(value) for value in weighed if value is not None and value == value), default=0.0)
        for k, line in enumerate(lines):
            laid = self._laid.get((title, k))
            if laid is not None and not imgui.is_rect_visible(imgui.ImVec2(full, laid.height)):  # half of a long panel is
                imgui.dummy(imgui.ImVec2(full, laid.height))
                continue
            if laid is None or laid.room != inset or (laid.line is not line and laid.line != line):
                laid = self._laid[title, k] = _lay(f, line, full, inset)
                laid.line = line
            self._line(f, line, laid, full, largest, f"{title}{k}", line.kind in ("result", "change") and k >= ruled)

    def _line(self, f: Frame, line: Line, laid: _Laid, full: float, largest: float, ident: str, ruled: bool) -> None:
        corner = imgui.get_cursor_screen_pos()
        imgui.invisible_button(f"##{ident}", imgui.ImVec2(full, laid.height))
        hovered, draw_list = imgui.is_item_hovered(), imgui.get_window_draw_list()
        x, y = corner.x, corner.y
        at_neuron = hovered and line.neuron is not None and imgui.get_mouse_pos().x < x + laid.room - f.px(4)
        if line.chosen or (hovered and line.parameter is not None and not at_neuron):
            low = imgui.ImVec2(x + (laid.room - f.px(6) if line.neuron is not None and not line.chosen else -f.px(4)), y)
            end = imgui.ImVec2(x + full + f.px(4), y + laid.height)
            draw_list.add_rect_filled(low, end, theme.packed(theme.FIELD_HOVER, 0.75), f.px(4))
        base = y + laid.above
        if line.index is not None:
            self._index(f, draw_list, line, x, base, at_neuron, laid.room - f.px(4))
        if ruled:
            draw_list.add_line(imgui.ImVec2(x, y - f.px(1.5)), imgui.ImVec2(x + full, y - f.px(1.5)), theme.packed(theme.LINE), f.px(1))
        edge = full - (f.px(COLUMN) if line.second is not None else 0.0)  # where the number ends
        _bar(f, draw_list, line, corner, edge, edge * (0.25 if line.second is not None else 0.45), laid.height, largest)
        if laid.formula is not None:
            ink = _DIM if line.kind in ("rest", "bias", "number", "shapes") else _TEXT
            draw_list.push_clip_rect(imgui.ImVec2(x, y - f.px(4)), imgui.ImVec2(x + full, y + laid.height + f.px(4)), True)
            # asked for in each frame: so it counts as in use, and is made again where it was freed while nobody looked
            laid.formula = f.formulas.get(line.tex, laid.pixels) or laid.formula
            laid.formula.draw(draw_list, x + _inset(f, line, laid.room), base - laid.formula.baseline, ink)
            draw_list.pop_clip_rect()
        math, ascent = f.fonts.math or f.fonts.regular, laid.size * f.fonts.math_ascent
        for row, pieces in enumerate(laid.rows):
            top = base + row * laid.step - ascent
            for at, text, colour, raised in pieces:
                size, lift = (round(laid.size * 0.7), -0.12 * laid.size) if raised else (laid.size, 0.0)
                draw_list.add_text(f.fonts.regular if text == ROOT else math, size, imgui.ImVec2(x + at, top + lift), colour, text)
        up = imgui.get_font_baked().ascent
        if laid.number:
            draw_list.add_text(imgui.ImVec2(x + laid.number_x, y + laid.number_y - up), _colour(f, line), laid.number)
        if line.second is not None:
            second = plain(line.second, sign=True)
            at = imgui.ImVec2(x + full - imgui.calc_text_size(second).x, base - up)
            draw_list.add_text(at, of_ink(f, line.ink or "w", line.second < 0), second)
        if hovered:
            self._hovered(f, line, at_neuron)

    @staticmethod
    def _index(f: Frame, draw_list, line: Line, x: float, base: float, at_neuron: bool, room: float) -> None:
        """ "i=51" or its name: the neuron that the term comes from; a way there."""
        small = f.font(theme.SMALL)
        text = _called(line, room, f.names) if line.name else f"{line.letter}={line.index}"
        width = imgui.calc_text_size(text).x * theme.SMALL / theme.BODY
        small = int(small * min(1.0, room / max(width, 1.0)))  # five digits
        at = imgui.ImVec2(x, base - imgui.get_font_baked().ascent * small / f.px(theme.BODY))
        draw_list.add_text(f.fonts.regular, small, at, _ACCENT if at_neuron else _FAINT, text)

    @staticmethod
    def _hovered(f: Frame, line: Line, at_neuron: bool) -> None:
        if line.parameter is not None:
            f.lit = line.parameter
        if at_neuron:
            imgui.set_mouse_cursor(imgui.MouseCursor_.hand)
            topology, neuron = f.readout.topology, -1 if line.neuron is None else line.neuron
            known = 0 <= neuron < topology.n_neurons
            name = node_names.cell(topology, *node_names.found(topology, neuron)) if known else f"neuron {line.index}"
            show_tip(f, f"Go to {name}.")
        elif line.tip:
            show_tip(f, line.tip)
        if imgui.is_item_clicked():
            if at_neuron or (line.parameter is None and line.neuron is not None):
                f.do("pick", line.neuron)
            elif line.parameter is not None:
                f.do("choose", line.parameter)


def columns(f: Frame, first: str, second: str) -> None:
    """What the two columns of numbers are, in small print at the right end of the line that was just made."""
    low = imgui.get_item_rect_min()
    end = low.x + imgui.get_content_region_avail().x
    imgui.push_font(None, theme.SMALL)
    draw_list = imgui.get_window_draw_list()
    for words, right in ((first, end - f.px(COLUMN)), (second, end)):
        draw_list.add_text(imgui.ImVec2(right - imgui.calc_text_size(words).x, low.y), _FAINT, words)
    imgui.pop_font()


def of_ink(f: Frame, ink: str, negative: bool) -> int:
    """A number's colour: what it is, and its sign."""
    if ink == "a":
        return theme.packed(theme.NEGATIVE_NEURON if negative else theme.ACCENT)
    return theme.packed((theme.ERROR_SIGNS if ink == "d" else f.signs)[negative])


def _called(line: Line, room: float, names: tuple[str, ...]) -> str:
    """The name of a term's neuron in small print, cut where it is wider than the room for it."""
    return cut(line.name, room * theme.BODY / theme.SMALL, names)


def _room(f: Frame, lines: list[Line], full: float) -> float:
    """What stands before the terms of a section: numbers, or names as far as they fit."""
    widest = max((imgui.calc_text_size(line.name).x for line in lines if line.name), default=0.0) * theme.SMALL / theme.BODY
    return max(f.px(INSET), min(widest + f.px(10), full * NAMED)) if widest else f.px(INSET)


def _inset(f: Frame, line: Line, room: float) -> float:
    return room if line.kind in _WEIGHED else f.px(10) if line.kind == "step" else 0.0


def _colour(f: Frame, line: Line) -> int:
    """Of the number at the right end."""
    if line.value is None or line.value != line.value:
        return _TEXT
    if line.ink or line.kind in _WEIGHED:
        return of_ink(f, line.ink or "w", line.value < 0)
    return _ACCENT if line.kind in ("result", "change") else _TEXT


def _bar(f: Frame, draw_list, line: Line, corner, full: float, longest: float, height: float, largest: float) -> None:
    """|value| relative to the largest of the lines, growing from the right under the number."""
    value = line.value
    if line.kind not in _WEIGHED or not largest or value is None or value != value:
        return
    width = longest * min(1.0, abs(value) / largest)
    low = imgui.ImVec2(corner.x + full - width, corner.y + height - f.px(2))
    colour = theme.packed((theme.ERROR_SIGNS if line.ink == "d" else f.signs)[value < 0], 0.5)
    draw_list.add_rect_filled(low, imgui.ImVec2(corner.x + full, corner.y + height - f.px(0.5)), colour, f.px(1))


# ---------------------------------------------------------------- measuring


def _lay(f: Frame, line: Line, full: float, before: float) -> _Laid:
    """Formula or words beside the number where both fit; else the number stands below."""
    inset, up = _inset(f, line, before), imgui.get_font_baked().ascent
    down = imgui.get_text_line_height() - up
    number = f"{line.lead} {line.printed}" if line.printed and line.kind in _LED else line.printed
    columns = line.second is not None
    width = imgui.calc_text_size(number).x if number else 0.0
    taken = max(width, f.px(2 * COLUMN - 10) if columns else 0.0)
    room, most = full - inset - (taken + f.px(8) if taken else 0.0), full - inset
    laid = _formula(f, line, room, most) if line.tex else None
    if laid is None:
        spans = line.spans or (Span(line.text),)
        laid = _words(f, line, spans, room, most, inset)
    below = laid.size < 0
    laid.size = abs(laid.size)
    tall = laid.above + max(len(laid.rows) - 1, 0) * laid.step
    depth = laid.formula.height - laid.formula.baseline if laid.formula else 0.3 * laid.size
    laid.above = max(laid.above, up) if not below else laid.above
    tall = max(tall, up) if not below else tall
    laid.number, laid.number_x = number, full - (f.px(COLUMN) if columns else 0.0) - width
    laid.number_y = tall + down + up if below else laid.above
    laid.room = before
    laid.height = (laid.number_y + down if below else max(tall + depth, laid.above + down)) + f.px(2)
    return laid


def _formula(f: Frame, line: Line, room: float, most: float) -> _Laid | None:
    """Symbols at a size that fits; None where they cannot be rendered, or would be too small to read."""
    size = f.px(SHAPES if line.kind == "shapes" else SYMBOLS)
    formula = f.formulas.get(line.tex, size)
    if formula is None:
        return None
    below, pixels = False, size
    if formula.width > room:
        below = bool(line.printed) and formula.width * SMALLEST > room
        share = (most if below else room) / formula.width
        if share < SMALLEST**2:
            return None
        if share < 1:
            pixels = int(size * share)
            formula = f.formulas.get(line.tex, pixels)
    if formula is None:
        return None
    return _Laid(0.0, formula.baseline, formula, -size if below else size, pixels=pixels)


def _words(f: Frame, line: Line, spans: tuple[Span, ...], room: float, most: float, inset: float) -> _Laid:
    """Numbers in one row, smaller, or in several rows broken between words. A negative size: the number stands below."""
    size = f.font({"step": STEPS, "shapes": SHAPES, "note": STEPS}.get(line.kind, NUMBERS))
    neutral = _DIM if line.kind in ("rest", "bias", "number", "step", "note", "shapes") else _TEXT
    math = f.fonts.math or f.fonts.regular
    imgui.push_font(math, size / f.scale)
    pieces = []  # (width, text, colour, raised, a break may follow)
    for span in spans:
        colour = of_ink(f, span.ink, span.negative) if span.ink else neutral
        for word in re.findall(r"√|[^ √]+ *| +", span.text):
            width = imgui.calc_text_size(word).x * (0.7 if span.raised else 1.0)
            pieces.append((width, word, colour, span.raised, word.endswith(" ")))
    imgui.pop_font()
    width = sum(piece[0] for piece in pieces)
    below = width * SMALLEST > room and bool(line.printed)
    limit = most if below else room
    share = min(1.0, max(limit / max(width, 1.0), SMALLEST))
    together, rest = [], []  # what no break may part
    for piece in pieces:
        rest.append(piece)
        if piece[4]:
            together.append(rest)
            rest = []
    rows, ends, x = [[]], [0.0], 0.0
    for chunk in [*together, rest]:
        if rows[-1] and x + share * sum(piece[0] for piece in chunk) > limit + 0.5:
            rows.append([])
            ends.append(0.0)
            x = f.px(12)
        for w, word, colour, raised, _ in chunk:
            rows[-1].append((inset + x, word, colour, raised))
            x += share * w
            ends[-1] = inset + x
    size = max(int(size * share), 1)
    return _Laid(0.0, size * f.fonts.math_ascent, None, -size if below else size, 1.25 * size, rows, ends)
