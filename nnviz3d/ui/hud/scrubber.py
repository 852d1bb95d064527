"""Lines that time is dragged along: one look and one feel for the iteration's phases and for the run's history."""

from __future__ import annotations

from imgui_bundle import imgui

from nnviz3d.ui.core import theme
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.widgets import show_tip

Block = tuple[float, str]  # share of the line at which it ends, colour; without a colour it is a gap
KNOB = 0.32  # radius of the handle, of the height


def draw(
    f: Frame, name: str, room: float, height: float, share: float, blocks: list[Block], tips, marks: tuple[float, ...] = ()
) -> float | None:  # fmt: skip
    """A line of coloured blocks, filled up to `share`, with a handle. Returns the share that it was dragged to in this frame, or None.

    `tips(share)` is what is shown for a place under the pointer; `marks` are shares that get a tick. All of the handle can be grabbed: the
    line is shorter than `room` by its radius on both sides.
    """
    corner = imgui.get_cursor_screen_pos()
    imgui.invisible_button(name, imgui.ImVec2(room, height))
    hovered, held = imgui.is_item_hovered(), imgui.is_item_active()
    knob = height * KNOB
    left, room = corner.x + knob, max(room - 2 * knob, 1.0)
    at = min(max((imgui.get_io().mouse_pos.x - left) / room, 0.0), 1.0)
    draw_list = imgui.get_window_draw_list()
    gap = min(f.px(2), room / max(len(blocks), 1) * 0.25)
    top, bottom = corner.y + height * 0.3, corner.y + height * 0.7
    start = 0.0
    for end, colour in blocks:
        x0 = left + room * start
        x1 = max(left + room * end - (gap if end < 1 else 0), x0 + f.px(1.5) if colour else x0)
        if not colour:
            _gap(f, x0, x1, (top + bottom) / 2)
            start = end
            continue
        draw_list.add_rect_filled(imgui.ImVec2(x0, top), imgui.ImVec2(x1, bottom), theme.packed(colour, 0.22), f.px(2))
        filled = min(max((share - start) / max(end - start, 1e-9), 0.0), 1.0)
        if filled > 0:
            filled_to = imgui.ImVec2(x0 + (x1 - x0) * filled, bottom)
            draw_list.add_rect_filled(imgui.ImVec2(x0, top), filled_to, theme.packed(colour, 0.95), f.px(2))
        start = end
    for x in _apart([left + room * mark for mark in marks], f.px(3)):
        draw_list.add_line(imgui.ImVec2(x, corner.y), imgui.ImVec2(x, corner.y + height), theme.packed(theme.ACCENT, 0.9), f.px(1.5))
    middle = imgui.ImVec2(left + room * min(max(share, 0.0), 1.0), (top + bottom) / 2)
    draw_list.add_circle_filled(middle, knob, theme.packed(theme.TEXT))
    if hovered or held:
        show_tip(f, tips(at))
    return at if held else None


def _gap(f: Frame, x0: float, x1: float, y: float) -> None:
    """Where there is nothing to go to: dots."""
    ink, step = theme.packed(theme.FAINT, 0.6), f.px(5)
    for k in range(int(max(x1 - x0 - step / 2, 0) // step) + 1 if x1 > x0 else 0):
        imgui.get_window_draw_list().add_circle_filled(imgui.ImVec2(x0 + step / 2 + k * step, y), f.px(0.9), ink)


def _apart(places: list[float], least: float) -> list[float]:
    """So many that each can be seen: a slider that was dragged leaves hundreds."""
    out: list[float] = []
    for x in places:
        if not out or x - out[-1] >= least:
            out.append(x)
    return out
