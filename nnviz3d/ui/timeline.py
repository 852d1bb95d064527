"""Lines that time is dragged along: one look and one feel for the iteration's phases and for the run's history."""

from __future__ import annotations

from imgui_bundle import imgui

from nnviz3d.ui import theme
from nnviz3d.ui.frame import Frame
from nnviz3d.ui.widgets import show_tip

Block = tuple[float, str]  # share of the line at which it ends, colour


def draw(f: Frame, name: str, room: float, height: float, share: float, blocks: list[Block], tips) -> float | None:
    """A line of coloured blocks, filled up to `share`, with a handle. Returns the share that it was dragged to in this frame, or None.

    `tips(share)` is what the pointer is told at a place.
    """
    left = imgui.get_cursor_screen_pos()
    imgui.invisible_button(name, imgui.ImVec2(room, height))
    hovered, held = imgui.is_item_hovered(), imgui.is_item_active()
    at = min(max((imgui.get_io().mouse_pos.x - left.x) / room, 0.0), 1.0)
    draw_list = imgui.get_window_draw_list()
    gap = min(f.px(2), room / max(len(blocks), 1) * 0.25)
    top, bottom = left.y + height * 0.3, left.y + height * 0.7
    start = 0.0
    for end, colour in blocks:
        x0, x1 = left.x + room * start, left.x + room * end - gap
        draw_list.add_rect_filled(imgui.ImVec2(x0, top), imgui.ImVec2(x1, bottom), theme.packed(colour, 0.22), f.px(2))
        filled = min(max((share - start) / max(end - start, 1e-9), 0.0), 1.0)
        if filled > 0:
            corner = imgui.ImVec2(x0 + (x1 - x0) * filled, bottom)
            draw_list.add_rect_filled(imgui.ImVec2(x0, top), corner, theme.packed(colour, 0.95), f.px(2))
        start = end
    middle = imgui.ImVec2(left.x + room * min(max(share, 0.0), 1.0), (top + bottom) / 2)
    draw_list.add_circle_filled(middle, height * 0.32, theme.packed(theme.TEXT))
    if hovered or held:
        show_tip(f, tips(at))
    return at if held else None
