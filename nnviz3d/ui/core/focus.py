"""Panels by keyboard alone: F6 (or a gamepad's start) goes from the stage to the panels, the bar and the header in turn; Tab goes in.

There imgui's own navigation holds: arrows and Tab move a ring, Space presses what is in it (on a slider: arrows then move it), Enter
does so too or lets one type, and Esc goes back to the stage. While the stage has the keyboard imgui does not navigate at all, so that a
click on a panel never takes camera keys and shortcuts away.
"""

from __future__ import annotations

from imgui_bundle import imgui

from nnviz3d.spec import key_bindings as table
from nnviz3d.ui.core.context import Frame

AREAS = ("", "##dock", "##transport", "##header")
_W, _K = imgui.WindowFlags_, imgui.Key
_KEYBOARD = imgui.ConfigFlags_.nav_enable_keyboard


def flags(f: Frame, name: str) -> int:
    """Of a window: whether the keyboard walks through it."""
    return _W.none if f.memory.area == name else _W.no_nav


def follow(f: Frame, name: str) -> None:
    """Inside a window that has just begun: take the keyboard when it was sent here."""
    if f.memory.area == name and f.memory.area_frames == 1:
        imgui.set_window_focus()
        imgui.internal.nav_init_window(imgui.internal.get_current_window(), True)
        imgui.set_nav_cursor_visible(True)


def keys(f: Frame) -> None:
    """F6, Shift+F6, Tab and what ends it. Called once a frame, after all windows."""
    memory, io = f.memory, imgui.get_io()
    pressed = lambda key: imgui.is_key_pressed(key, False)  # noqa: E731
    asked = {table.resolve(press) for press in f.typed.presses}
    present = [area for area in AREAS if area != "##dock" or f.docked]
    if f.narrow and f.docked:
        present = ["", "##dock"]
    area = memory.area
    if asked & {"focus_next", "focus_previous"} or pressed(_K.gamepad_start):
        place = present.index(area) if area in present else 0
        area = present[(place + (-1 if "focus_previous" in asked else 1)) % len(present)]
    elif "focus_in" in asked and not area and not io.want_text_input:
        area = present[1]
    elif area and (area not in present or _left(f, pressed)):
        area = ""
    _go(f, area)
    memory.busy = imgui.is_any_item_active() or imgui.is_popup_open("", imgui.PopupFlags_.any_popup)


def _left(f: Frame, pressed) -> bool:
    """Esc, unless it closed a popup or let go of a widget; or a press on the stage."""
    away = imgui.is_mouse_clicked(0) and not imgui.get_io().want_capture_mouse
    return away or (not f.memory.busy and (pressed(_K.escape) or pressed(_K.gamepad_face_right)))


def _go(f: Frame, area: str) -> None:
    memory, io = f.memory, imgui.get_io()
    memory.area_frames += 1
    if area == memory.area:
        return
    memory.area, memory.area_frames = area, 0
    if area:
        io.config_flags |= _KEYBOARD
    else:
        io.config_flags &= ~_KEYBOARD
        imgui.set_window_focus(None)
