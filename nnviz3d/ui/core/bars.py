"""Named numbers as rows of bars: a name, a bar that grows to the right of 0 (or to both sides of it), the number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from imgui_bundle import imgui

from nnviz3d.ui.core import theme
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.name_shortening import cut
from nnviz3d.ui.core.widgets import tip

_DIM, _TEXT, _FIELD = theme.packed(theme.DIM), theme.packed(theme.TEXT), theme.packed(theme.FIELD)
HEIGHT, NAME, NUMBER = 17.0, 0.3, 58.0  # unscaled pixels of a row; share of the width for names; least unscaled pixels for numbers


@dataclass(frozen=True)
class Bar:
    """`share` in [-1, 1] of the longest bar there can be; `colour` as `theme.packed`; `strong`: the one that counts. `key`: what a click
    on it answers, None where it cannot be clicked."""

    name: str
    share: float
    number: str
    colour: int
    tip: str = ""
    strong: bool = False
    key: int | None = None


def draw(f: Frame, ident: str, bars: Sequence[Bar]) -> int | None:
    """The key of the bar that was clicked in this frame."""
    signed, clicked = any(bar.share < 0 for bar in bars), None
    imgui.push_font(None, theme.SMALL)
    imgui.push_style_var(imgui.StyleVar_.item_spacing, imgui.ImVec2(0, f.px(2)))
    numbers = max([f.px(NUMBER), *(imgui.calc_text_size(bar.number).x + f.px(8) for bar in bars)])
    for k, bar in enumerate(bars):
        corner, width = imgui.get_cursor_screen_pos(), imgui.get_content_region_avail().x
        if imgui.invisible_button(f"##{ident}{k}", imgui.ImVec2(width, f.px(HEIGHT))) and bar.key is not None:
            clicked = bar.key
        tip(f, bar.tip)
        _row(f, bar, corner, width, numbers, signed)
    imgui.pop_style_var()
    imgui.pop_font()
    return clicked


def _row(f: Frame, bar: Bar, corner: imgui.ImVec2, width: float, numbers: float, signed: bool) -> None:
    draw_list, high, ink = imgui.get_window_draw_list(), f.px(HEIGHT), _TEXT if bar.strong else _DIM
    y = corner.y + (high - imgui.get_text_line_height()) / 2
    left, right = corner.x + NAME * width, corner.x + width - numbers
    draw_list.add_text(imgui.ImVec2(corner.x, y), ink, cut(bar.name, NAME * width - f.px(8), f.names))
    low, end = corner.y + f.px(3.5), corner.y + high - f.px(3.5)
    draw_list.add_rect_filled(imgui.ImVec2(left, low), imgui.ImVec2(right, end), _FIELD, f.px(3))
    zero = (left + right) / 2 if signed else left
    reach = zero + max(-1.0, min(bar.share, 1.0)) * ((right - left) / 2 if signed else right - left)
    if abs(reach - zero) >= 0.5:
        draw_list.add_rect_filled(imgui.ImVec2(min(zero, reach), low), imgui.ImVec2(max(zero, reach), end), bar.colour, f.px(2))
    x = corner.x + width - imgui.calc_text_size(bar.number).x
    draw_list.add_text(imgui.ImVec2(x, y), ink, bar.number)
