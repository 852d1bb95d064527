"""The map: where one is in a network that is larger than the window. A press flies there."""

from __future__ import annotations

from imgui_bundle import imgui

from nnviz3d.ui.core import theme
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.widgets import tip

_W = imgui.WindowFlags_
_FLAGS = int(_W.no_decoration | _W.no_move | _W.no_saved_settings | _W.no_nav)
LARGEST = 190.0, 90.0  # unscaled: width and height
ROOM = 760.0  # unscaled width of the stage from which there is room beside the bar at the bottom
LEAST = 2.0  # pixels of a box


def draw(f: Frame, top: float) -> None:
    """At the lower left, over the bar at the bottom whose upper rim is `top`; nothing where all is in view, or no room is left."""
    found = f.readout.map
    if found is None or f.readout.tour is not None or f.readout.walk is not None or f.stage_width < f.px(ROOM) or f.low:
        return
    width = min(f.px(LARGEST[0]), f.px(LARGEST[1]) * found.aspect)
    size = imgui.ImVec2(width, max(width / found.aspect, f.px(20)))
    margin, pad = f.px(theme.MARGIN), f.px(8)
    imgui.set_next_window_pos(imgui.ImVec2(margin, top - margin), imgui.Cond_.always, imgui.ImVec2(0, 1))
    imgui.set_next_window_size(imgui.ImVec2(size.x + 2 * pad, size.y + 2 * pad))
    imgui.push_style_var(imgui.StyleVar_.window_padding, imgui.ImVec2(pad, pad))
    imgui.begin("##map", None, _FLAGS)
    imgui.pop_style_var()
    corner, draw_list = imgui.get_cursor_screen_pos(), imgui.get_window_draw_list()
    imgui.invisible_button("##map", size)
    if imgui.is_item_activated():
        mouse = imgui.get_io().mouse_pos
        f.do("look_at", ((mouse.x - corner.x) / size.x, (mouse.y - corner.y) / size.y))
    tip(f, "The whole network; click to go there")

    def at(x: float, y: float) -> imgui.ImVec2:
        return imgui.ImVec2(corner.x + x * size.x, corner.y + y * size.y)

    ink = theme.packed(theme.DIM, 0.8)
    for left, up, right, down in found.boxes_b4.tolist():
        low, high = at(left, up), at(right, down)
        draw_list.add_rect_filled(low, imgui.ImVec2(max(high.x, low.x + LEAST), max(high.y, low.y + LEAST)), ink)
    draw_list.add_rect(at(*found.seen[:2]), at(*found.seen[2:]), theme.packed(theme.ACCENT), 0.0, f.px(1.5))
    imgui.end()
