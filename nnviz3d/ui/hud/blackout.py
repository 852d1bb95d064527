"""A black screen in a talk, so that people look at who speaks. Any key or click ends it; what runs goes on."""

from __future__ import annotations

from imgui_bundle import imgui

from nnviz3d.ui.core.context import Frame

_W = imgui.WindowFlags_


def draw(f: Frame) -> None:
    if not f.memory.black:
        return
    imgui.set_next_window_pos(imgui.ImVec2(0, 0))
    imgui.set_next_window_size(imgui.ImVec2(f.width, f.height))
    imgui.set_next_window_focus()
    imgui.push_style_color(imgui.Col_.window_bg, imgui.ImVec4(0, 0, 0, 1))
    imgui.push_style_var(imgui.StyleVar_.window_rounding, 0)
    imgui.push_style_var(imgui.StyleVar_.window_border_size, 0)
    imgui.begin("##black", None, _W.no_decoration | _W.no_move | _W.no_saved_settings | _W.no_nav)
    if imgui.is_window_hovered() and imgui.is_mouse_clicked(0):
        f.memory.black = False
    imgui.end()
    imgui.pop_style_var(2)
    imgui.pop_style_color()
