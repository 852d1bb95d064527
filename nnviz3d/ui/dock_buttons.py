"""The row of buttons above the dock's sections, and the one that brings the dock back."""

from __future__ import annotations

from typing import Literal

from imgui_bundle import icons_fontawesome_6 as fa
from imgui_bundle import imgui

from nnviz3d.spec.commands import CommandName
from nnviz3d.ui.core import theme
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.widgets import icon_button, right_edge
from nnviz3d.ui.dialogs import file_menu, picture_menu

_W = imgui.WindowFlags_
_CORNER = int(_W.no_decoration | _W.no_move | _W.always_auto_resize | _W.no_saved_settings | _W.no_nav)
SIDE = 28.0  # of a button, unscaled: ten of them fit
LEAST = 9  # buttons that are always there
_FILM = ("Film the window until you press it again", "Stop filming and save the film")
_ACCENT = theme.packed(theme.ACCENT)


def draw(f: Frame) -> None:
    r = f.readout
    side = min(SIDE, imgui.get_content_region_avail().x / f.px(1) / LEAST - 3)  # in a narrow panel they would lie on each other
    imgui.push_style_var(imgui.StyleVar_.item_spacing, imgui.ImVec2(f.px(3), f.px(7)))
    mark = "\n(not saved yet)" if r.dirty else ""
    if icon_button(f, fa.ICON_FA_FOLDER_OPEN, "file", "Open, save as, film, export", size=side):
        imgui.open_popup("file")
    file_menu.draw(f)
    imgui.same_line()
    buttons: tuple[tuple[str, CommandName | Literal["picture"], str, bool], ...] = (
        (fa.ICON_FA_FLOPPY_DISK, "save", f"Save the scene (Ctrl+S){mark}", True),
        (fa.ICON_FA_ROTATE_LEFT, "undo", "Undo (Ctrl+Z)", r.can_undo),
        (fa.ICON_FA_ROTATE_RIGHT, "redo", "Redo (Ctrl+Shift+Z)", r.can_redo),
        (fa.ICON_FA_CAMERA, "picture", "Save a picture (F12), also in 4K, 8K, 16K", True),
        (fa.ICON_FA_VIDEO, "capture", f"{_FILM[r.capture is not None]} (F9)", True),
        (fa.ICON_FA_EXPAND, "fullscreen", "Full screen (F11)", True),
    )
    for icon, name, hint, enabled in buttons:
        if name == "fullscreen" and imgui.get_content_region_avail().x < 4 * f.px(side + 3):
            continue  # F11 is there, and the two at the right are not
        if icon_button(f, icon, name, hint, enabled, size=side):
            imgui.open_popup(name) if name == "picture" else f.do(name)
        if name == "picture":
            picture_menu.draw(f)
        if name == "save" and r.dirty:
            corner = imgui.get_item_rect_max()
            centre = imgui.ImVec2(corner.x - f.px(5), imgui.get_item_rect_min().y + f.px(6))
            imgui.get_window_draw_list().add_circle_filled(centre, f.px(3.5), _ACCENT)
        imgui.same_line()
    right = right_edge()
    imgui.same_line(right - 3 * f.px(side) - 2 * f.px(3))
    if icon_button(f, fa.ICON_FA_GRADUATION_CAP, "tour", "Guided tour: how a network learns, in eight short lessons (T)", size=side):
        f.do("tour", None if r.tour is None else "close")
    imgui.same_line()
    if icon_button(f, fa.ICON_FA_CIRCLE_QUESTION, "help", "All keys ( ? )", size=side):
        f.memory.help = not f.memory.help
    imgui.same_line()
    if icon_button(f, fa.ICON_FA_CHEVRON_RIGHT, "hide", "Hide the panels (H)", size=side):
        f.toggle_panels()
    imgui.pop_style_var()


def corner(f: Frame) -> None:
    """While the dock is hidden: the way back."""
    margin = f.px(theme.MARGIN)
    imgui.set_next_window_pos(imgui.ImVec2(f.width - margin, margin), imgui.Cond_.always, imgui.ImVec2(1, 0))
    imgui.set_next_window_bg_alpha(0.5)
    imgui.push_style_var(imgui.StyleVar_.window_padding, imgui.ImVec2(f.px(4), f.px(4)))
    imgui.begin("##show", None, _CORNER)
    if icon_button(f, fa.ICON_FA_SLIDERS, "panels", "Show the panels (H)"):
        f.toggle_panels()
    imgui.end()
    imgui.pop_style_var()
