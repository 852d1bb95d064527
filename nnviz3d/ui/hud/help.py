"""The list of keys, over everything, until any of its ways out."""

from __future__ import annotations

from imgui_bundle import imgui

from nnviz3d.spec.key_bindings import MOTION, ROWS
from nnviz3d.ui.core import theme
from nnviz3d.ui.core.context import Frame

_W = imgui.WindowFlags_
_ACCENT, _TEXT = theme.packed(theme.ACCENT), theme.packed(theme.TEXT)


def draw(f: Frame) -> None:
    """A card in the middle; a click anywhere closes it."""
    if not f.memory.help:
        return
    imgui.set_next_window_pos(imgui.ImVec2(0, 0))
    imgui.set_next_window_size(imgui.ImVec2(f.width, f.height))
    imgui.set_next_window_bg_alpha(0.55)
    imgui.set_next_window_focus()
    imgui.push_style_var(imgui.StyleVar_.window_rounding, 0)
    imgui.begin("##shade", None, _W.no_decoration | _W.no_move | _W.no_saved_settings | _W.no_nav)
    imgui.pop_style_var()
    two = f.width > f.px(870)
    half = (len(ROWS) + 1) // 2 if two else len(ROWS)
    high = f.px(theme.BODY + 11)
    width, height = f.px(832 if two else 428), half * high + f.px(74)
    left, top = (f.width - width) / 2, max((f.height - height) / 2, f.px(8))
    imgui.dummy(imgui.ImVec2(1, height - f.px(8)))  # where it is taller than the window, the wheel moves it
    top -= imgui.get_scroll_y()
    draw_list = imgui.get_window_draw_list()
    draw_list.add_rect_filled(imgui.ImVec2(left, top), imgui.ImVec2(left + width, top + height), theme.packed(theme.POPUP, 0.99), f.px(12))
    draw_list.add_text(f.fonts.bold, f.font(theme.LARGE), imgui.ImVec2(left + f.px(28), top + f.px(20)), _TEXT, "Keys and mouse")
    motion = " ".join(f.typed.letters.get(letter, letter) for letter in MOTION)
    for k, row in enumerate(ROWS):
        x = left + f.px(28) + (f.px(404) if k >= half else 0)
        y = top + f.px(60) + (k % half) * high
        draw_list.add_text(imgui.ImVec2(x, y), _ACCENT, row.shown.replace("{motion}", motion))
        draw_list.add_text(imgui.ImVec2(x + f.px(160), y), _TEXT, row.words)
    if imgui.is_window_hovered() and imgui.is_mouse_clicked(0):
        f.memory.help = False
    imgui.end()
