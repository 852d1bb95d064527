"""Rows of a panel, one for each layer or closed part: its name, a bar from the least to the largest number in it with a tick at the mean,
and the mean. A part opens and closes here, in the Outline and in the picture at once."""

from __future__ import annotations

from collections.abc import Sequence
from math import log10

import numpy as np
from imgui_bundle import icons_fontawesome_6 as fa
from imgui_bundle import imgui

from nnviz3d.spec.number_text import short
from nnviz3d.ui.core import part_groups, theme
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.name_shortening import cut
from nnviz3d.ui.core.part_groups import PartLine
from nnviz3d.ui.core.widgets import tip

HEIGHT, INDENT, ARROW, NUMBER, MOST = 18.0, 12.0, 14.0, 52.0, 14.0  # unscaled; MOST: rows that are seen at once
BAR = 0.3  # of the width
_TEXT, _DIM, _FIELD, _ACCENT, _SPAN = (theme.packed(c) for c in (theme.TEXT, theme.DIM, theme.FIELD, theme.ACCENT, theme.CURVE_TEST))


def turn(f: Frame, name: str) -> None:
    """Open a part of the network, or close it."""
    f.do("close_part" if name in f.readout.opened else "open_part", name)


def opener(f: Frame, name: str, text: str) -> None:
    """A small button that opens a part."""
    imgui.push_font(None, theme.SMALL)
    if imgui.button(f"{fa.ICON_FA_CHEVRON_RIGHT}  {text}##open {name}"):
        turn(f, name)
    imgui.pop_font()
    tip(f, f"Opens {name} in the picture too")


def draw(
    f: Frame, ident: str, found: Sequence[PartLine], value_l: np.ndarray, what: str, chosen: int = -1, inks: dict[str, str] | None = None
) -> int:
    """`value_l`: the number of each layer, nan where it is not known; `what` it is, in words. `inks`: colours by the names of lines.
    Returns the layer that was clicked in this frame, or -1. Clicking a part opens or closes it."""
    known = value_l[np.isfinite(value_l) & (value_l > 0)]
    ends = (log10(known.min()), log10(known.max())) if len(known) else (0.0, 0.0)
    clicked, high = -1, f.px(HEIGHT)
    imgui.push_font(None, theme.SMALL)
    imgui.push_style_var(imgui.StyleVar_.item_spacing, imgui.ImVec2(0, 0))
    imgui.begin_child(f"##{ident}", imgui.ImVec2(0, min(len(found), MOST) * high), int(imgui.ChildFlags_.nav_flattened))
    clipper = imgui.ListClipper()
    clipper.begin(len(found), high)
    while clipper.step():
        for line in found[clipper.display_start : clipper.display_end]:
            corner, width = imgui.get_cursor_screen_pos(), imgui.get_content_region_avail().x
            if imgui.invisible_button(f"##{ident} {line.name}", imgui.ImVec2(max(width, 1.0), high)):
                if line.part:
                    turn(f, line.name)
                else:
                    clicked = line.members[0]
            hovered = imgui.is_item_hovered()
            tip(f, _described(line, value_l, what))
            _row(f, line, corner, width, value_l, ends, hovered or line.members == (chosen,), (inks or {}).get(line.name, ""))
    clipper.end()
    imgui.end_child()
    imgui.pop_style_var()
    imgui.pop_font()
    return clicked


def _described(line: PartLine, value_l: np.ndarray, what: str) -> str:
    """ "blocks.0: 10 layers ..." with the ends of the range."""
    inside = value_l[list(line.members)]
    middle = float(part_groups.mean(value_l, line.members))
    if not line.part:
        return f"{line.name}\n{what}: {short(middle)}" if np.isfinite(middle) else f"{line.name}\n{what}: not known yet"
    text = f"{line.label}: {len(line.members):,} layers with weights. Click to {'open' if line.closed else 'close'}."
    if np.isfinite(inside).any():
        text += f"\n{what}: mean {short(middle)}, from {short(float(np.nanmin(inside)))} to {short(float(np.nanmax(inside)))}"
    return text


def _row(
    f: Frame, line: PartLine, corner: imgui.ImVec2, width: float, value_l: np.ndarray, ends: tuple[float, float], lit: bool, ink: str
) -> None:
    draw_list, high = imgui.get_window_draw_list(), f.px(HEIGHT)
    y, x = corner.y + (high - imgui.get_text_line_height()) / 2, corner.x + f.px(INDENT) * line.depth
    if line.part:
        icon = fa.ICON_FA_CHEVRON_RIGHT if line.closed else fa.ICON_FA_CHEVRON_DOWN
        draw_list.add_text(imgui.ImVec2(x, y), _ACCENT if lit else _DIM, icon)
    elif ink:
        middle = corner.y + high / 2
        draw_list.add_line(imgui.ImVec2(x, middle), imgui.ImVec2(x + f.px(9), middle), theme.packed(ink), f.px(2.5))
    x += f.px(ARROW)
    right = corner.x + width - f.px(NUMBER)
    left = right - BAR * width
    draw_list.add_text(imgui.ImVec2(x, y), _ACCENT if lit else _TEXT, cut(line.label, left - x - f.px(6), f.names))
    if line.part and not line.closed:  # its lines follow
        return
    middle = float(part_groups.mean(value_l, line.members))
    if not np.isfinite(middle):
        return
    _bar(f, line, value_l, middle, (left, right - f.px(4)), corner.y, ends, ink)
    text = short(middle)
    draw_list.add_text(imgui.ImVec2(corner.x + width - imgui.calc_text_size(text).x, y), _TEXT if lit else _DIM, text)


def _bar(
    f: Frame, line: PartLine, value_l: np.ndarray, middle: float, room: tuple[float, float], top: float, ends: tuple[float, float], ink: str
) -> None:
    """On the logarithmic scale that all rows share."""
    draw_list, (left, right), high = imgui.get_window_draw_list(), room, f.px(HEIGHT)
    low, end = top + f.px(5), top + high - f.px(5)
    draw_list.add_rect_filled(imgui.ImVec2(left, low), imgui.ImVec2(right, end), _FIELD, f.px(3))

    def at(value: float) -> float:
        share = (log10(value) - ends[0]) / (ends[1] - ends[0]) if value > 0 and ends[1] > ends[0] else float(value > 0)
        return left + (right - left) * min(max(share, 0.0), 1.0)

    colour = theme.packed(ink) if ink else _SPAN
    if len(line.members) > 1:
        begin, stop = at(float(part_groups.least(value_l, line.members))), at(float(part_groups.largest(value_l, line.members)))
        draw_list.add_rect_filled(imgui.ImVec2(begin, low), imgui.ImVec2(max(stop, begin + f.px(2)), end), colour, f.px(2))
        tick = at(middle)
        draw_list.add_line(imgui.ImVec2(tick, low - f.px(2)), imgui.ImVec2(tick, end + f.px(2)), _TEXT, f.px(1.5))
    else:
        draw_list.add_circle_filled(imgui.ImVec2(at(middle), (low + end) / 2), f.px(3), colour)
