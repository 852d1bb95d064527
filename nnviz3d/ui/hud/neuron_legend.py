"""What the light of a neuron means, in the legend."""

from __future__ import annotations

from imgui_bundle import imgui

from nnviz3d.ui.core import theme
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.widgets import dim, tip


def draw(f: Frame, room: float) -> None:
    """On the same line where there is room."""
    difference = f.readout.walk is None and f.readout.moments.shown == "B - A"
    words = [("a moved up" if difference else "a > 0", theme.ACCENT), ("a moved down" if difference else "a < 0", theme.NEGATIVE_NEURON)]
    words += [(kind, theme.HOLD_COLOURS[kind]) for kind in ("frozen", "killed") if getattr(f.readout.holds, kind)]
    dot, gap = f.px(12), f.px(12)
    width = sum(dot + imgui.calc_text_size(text).x for text, _ in words) + gap
    left = imgui.get_item_rect_max().x - imgui.get_window_pos().x + f.px(18)
    if left + width < room + f.px(12):
        imgui.same_line(left)
    imgui.begin_group()
    for k, (text, colour) in enumerate(words):
        if k:
            imgui.same_line(0, gap)
        at, line = imgui.get_cursor_screen_pos(), imgui.get_text_line_height()
        imgui.get_window_draw_list().add_circle_filled(imgui.ImVec2(at.x + f.px(4), at.y + line / 2), f.px(3.6), theme.packed(colour))
        imgui.set_cursor_pos_x(imgui.get_cursor_pos_x() + dot)
        dim(text)
    imgui.end_group()
    held = " Ring of ice: frozen, not trained. Dark and crossed out: killed, its output is 0." if f.readout.holds else ""
    tip(f, "Neurons: the brighter, the larger the activation a. Warm colour: positive, violet: negative, dark: near 0." + held)
