"""How one line of an equation is drawn: the formula at the left, its number at the right, a bar for how much it weighs."""

from __future__ import annotations

from imgui_bundle import imgui

from nnviz3d.ui import theme
from nnviz3d.ui.equations import Line
from nnviz3d.ui.frame import Frame
from nnviz3d.ui.numbers import plain
from nnviz3d.ui.widgets import elide, show_tip

SIZE, STEP_SIZE = 15.5, 14.0  # numbers of an update are long
COLUMN = 64.0  # from the right end of the second column to that of the first
_TEXT, _DIM, _FAINT, _ACCENT = (theme.packed(c) for c in (theme.TEXT, theme.DIM, theme.FAINT, theme.ACCENT))
_WEIGHED = ("term", "rest", "bias")


def size(f: Frame, line: Line) -> float:
    """Pixels that its formula is rendered at."""
    return f.px(STEP_SIZE if line.kind == "step" else SIZE)


def largest(lines: list[Line]) -> float:
    """What the bars of these lines are relative to."""
    return max((abs(line.value) for line in lines if line.kind in _WEIGHED and line.value == line.value), default=0.0)


def draw(f: Frame, line: Line, largest: float, ident: str, ruled: bool) -> None:
    """One line, as wide as the panel. `largest`: of the values beside it; `ruled`: a result has a rule above.

    A click goes to the neuron that it comes from, or chooses its parameter. Where formula and number do not fit side by side, the number
    of an update stands below.
    """
    formula, full = f.formulas.get(line.tex, size(f, line)), imgui.get_content_region_avail().x
    if line.kind == "step" and formula is not None and formula.width > full - f.px(10):  # as small as it must be
        formula = f.formulas.get(line.tex, size(f, line) * (full - f.px(12)) / formula.width)
    text_height, ascent = imgui.get_text_line_height(), imgui.get_font_baked().ascent
    number = f"= {line.printed}" if line.printed and line.kind in ("symbols", "result", "step") else line.printed
    columns = line.second is not None
    taken = max(imgui.calc_text_size(number).x if number else 0.0, f.px(2 * COLUMN - 10) if columns else 0.0)
    inset = f.px(40) if line.kind in _WEIGHED else f.px(10) if line.kind == "step" else 0.0
    room = full - inset - taken - f.px(8)
    above = max(ascent, formula.baseline if formula else 0)  # formula and number stand on one baseline
    height = above + max(text_height - ascent, formula.height - formula.baseline if formula else 0) + f.px(2)
    below = line.kind == "step" and formula is not None and formula.width > room
    drop = text_height if below else 0.0
    corner = imgui.get_cursor_screen_pos()
    imgui.invisible_button(f"##{ident}", imgui.ImVec2(full, height + drop))
    if not imgui.is_item_visible():  # scrolled away, as half of a long panel is: 30 us saved a line
        return
    hovered = imgui.is_item_hovered()
    draw_list = imgui.get_window_draw_list()
    colour = _colour(f, line)
    if line.chosen or (hovered and (line.neuron is not None or line.parameter is not None)):
        end = imgui.ImVec2(corner.x + full, corner.y + height)
        draw_list.add_rect_filled(corner, end, theme.packed(theme.FIELD_HOVER, 0.9 if line.chosen else 0.6), f.px(4))
    if line.chosen:
        draw_list.add_rect_filled(corner, imgui.ImVec2(corner.x + f.px(2), corner.y + height), _ACCENT, f.px(1))
    if line.index is not None:
        at = imgui.ImVec2(corner.x + f.px(5 if line.parameter is not None else 0), corner.y + above - ascent * theme.SMALL / theme.BODY)
        draw_list.add_text(f.fonts.regular, f.px(theme.SMALL), at, _FAINT, f"{line.letter}={line.index}")
    if line.kind == "result" and ruled:
        y = corner.y - f.px(1.5)
        draw_list.add_line(imgui.ImVec2(corner.x, y), imgui.ImVec2(corner.x + full, y), theme.packed(theme.LINE), f.px(1))
    edge = full - (f.px(COLUMN) if columns else 0.0)  # where the number ends
    _bar(f, draw_list, line, corner, edge, edge * (0.25 if columns else 0.45), height, largest)
    ink = _TEXT if line.kind == "symbols" else _DIM if line.kind in ("rest", "bias", "number", "step") else colour
    if formula is not None:
        available = full - inset if below else room
        _fit(f, draw_list, formula, corner.x + inset, corner.y + above - formula.baseline, available, ink)
    else:
        draw_list.add_text(imgui.ImVec2(corner.x + inset, corner.y + above - ascent), ink, elide(line.text, room))
    if number:
        at = imgui.ImVec2(corner.x + edge - imgui.calc_text_size(number).x, corner.y + above - ascent + drop)
        draw_list.add_text(at, _ACCENT if line.kind == "result" else colour, number)
    if columns:
        second = plain(line.second, sign=True)
        at = imgui.ImVec2(corner.x + full - imgui.calc_text_size(second).x, corner.y + above - ascent)
        draw_list.add_text(at, _by_sign(f, line.second), second)
    if hovered and line.tip:
        show_tip(f, line.tip)
    if imgui.is_item_clicked():
        if line.parameter is not None:
            f.do("walk_choose", line.parameter)
        elif line.neuron is not None:
            f.do("pick", line.neuron)


def columns(f: Frame, first: str, second: str) -> None:
    """What the two columns of numbers are, in small print at the right end of the line that was just made."""
    low = imgui.get_item_rect_min()
    end = low.x + imgui.get_content_region_avail().x
    imgui.push_font(None, theme.SMALL)
    draw_list = imgui.get_window_draw_list()
    for words, right in ((first, end - f.px(COLUMN)), (second, end)):
        draw_list.add_text(imgui.ImVec2(right - imgui.calc_text_size(words).x, low.y), _FAINT, words)
    imgui.pop_font()


def _by_sign(f: Frame, value: float, alpha: float = 1.0) -> int:
    return theme.packed(f.signs[0] if value >= 0 else f.signs[1], alpha)


def _fit(f: Frame, draw_list, formula, x: float, y: float, room: float, ink: int) -> None:
    """Clipped where it is wider than the panel, rather than drawn over the number."""
    if formula.width > room:
        draw_list.push_clip_rect(imgui.ImVec2(x, y - f.px(4)), imgui.ImVec2(x + room, y + formula.height + f.px(4)), True)
    formula.draw(draw_list, x, y, ink)
    if formula.width > room:
        draw_list.pop_clip_rect()


def _colour(f: Frame, line: Line) -> int:
    return _TEXT if line.value is None or line.kind in ("symbols", "result", "number", "step") else _by_sign(f, line.value)


def _bar(f: Frame, draw_list, line: Line, corner, full: float, longest: float, height: float, largest: float) -> None:
    """|value| relative to the largest of the lines, growing from the right under the number."""
    if line.kind not in _WEIGHED or not largest or line.value != line.value:
        return
    width = longest * min(1.0, abs(line.value) / largest)
    low = imgui.ImVec2(corner.x + full - width, corner.y + height - f.px(2))
    colour = _by_sign(f, line.value, 0.5)
    draw_list.add_rect_filled(low, imgui.ImVec2(corner.x + full, corner.y + height - f.px(0.5)), colour, f.px(1))
