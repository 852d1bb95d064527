"""While a film is made of the window: a red dot, how long it is, and what was lost, at the top right of the stage.

Drawn in imgui's foreground, which the film leaves out.
"""

from __future__ import annotations

from imgui_bundle import imgui

from nnviz3d.ui.core import theme
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.widgets import show_tip

_DOT, _TEXT, _WARN = "#ff5a52", theme.TEXT, theme.packed(theme.WARN)
TIP = "Filming {what}. F9 or the button stops; the film is saved in the folder in which the program was started."
WHAT = ("the window, without this note", "the network, without panels and text")
LOST = "Dropped: frames that the encoder could not take in time; the previous frame is shown longer, so the speed stays right."


def clock(seconds: float) -> str:
    """ "0:07", "1:02:03"."""
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"


def draw(f: Frame) -> None:
    c = f.readout.capture
    if c is None:
        return
    text = "finishing the film" if c.finishing else clock(c.seconds) + ("  without panels" if c.alone else "")
    lost = f"{c.dropped:,} frame{'s' * (c.dropped != 1)} dropped" if c.dropped else ""
    pad, gap, radius = f.px(11), f.px(9), f.px(4.5)
    size = imgui.calc_text_size(text)
    extra = imgui.calc_text_size(lost).x + f.px(12) if lost else 0.0
    width, height = 2 * pad + 2 * radius + gap + size.x + extra, size.y + f.px(12)
    right = f.stage_width - f.px(theme.MARGIN) - (0 if f.docked else f.px(46))  # beside the button that brings the panels back
    left, top = right - width, f.px(theme.MARGIN)
    draw_list = imgui.get_foreground_draw_list()
    low, high = imgui.ImVec2(left, top), imgui.ImVec2(right, top + height)
    draw_list.add_rect_filled(low, high, theme.packed(theme.POPUP, 0.9), f.px(9))
    middle = top + height / 2
    draw_list.add_circle_filled(imgui.ImVec2(left + pad + radius, middle), radius, theme.packed(_DOT, 0.45 if c.finishing else 1.0))
    x, y = left + pad + 2 * radius + gap, middle - size.y / 2
    draw_list.add_text(imgui.ImVec2(x, y), theme.packed(_TEXT), text)
    if lost:
        draw_list.add_text(imgui.ImVec2(x + size.x + f.px(12), y), _WARN, lost)
    mouse = imgui.get_io().mouse_pos
    if low.x <= mouse.x <= high.x and low.y <= mouse.y <= high.y:
        show_tip(f, TIP.format(what=WHAT[c.alone]) + (f" {LOST}" if lost else ""))
