"""The list of the shipped scenes that opens below the title."""

from __future__ import annotations

from itertools import zip_longest

from imgui_bundle import icons_fontawesome_6 as fa
from imgui_bundle import imgui

from nnviz3d.spec.scene_groups import GROUPS
from nnviz3d.ui.core import theme
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.widgets import dim, elide, small, tip

GAP = 8  # unscaled pixels above a heading
_ACCENT = theme.packed(theme.ACCENT)


def draw(f: Frame) -> None:
    """The shipped scenes under their headings, each with its sentence, in a list that scrolls; and files of one's own."""
    r = f.readout
    rows = list(zip_longest(r.scene_names, r.scene_abouts, r.scene_groups, fillvalue=""))
    column = max(imgui.calc_text_size(name).x for name in r.scene_names) + f.px(20)
    room = min(f.px(520), f.width - column - f.px(76))
    imgui.push_style_var(imgui.StyleVar_.item_spacing, imgui.ImVec2(f.px(8), f.px(2)))
    line = imgui.get_text_line_height_with_spacing()
    needed = (len(rows) + len(set(r.scene_groups))) * line + len(set(r.scene_groups)) * f.px(GAP) + f.px(4)
    below = f.height - imgui.get_cursor_screen_pos().y - 2 * line - f.px(3 * theme.MARGIN)
    bar = imgui.get_style().scrollbar_size if needed > below else 0.0
    nav = imgui.ChildFlags_.nav_flattened
    imgui.begin_child("##scenes", imgui.ImVec2(column + max(room, 0) + bar, max(min(needed, below), 4 * line)), nav)
    for group in (group for group in GROUPS if group in r.scene_groups):
        imgui.dummy(imgui.ImVec2(0, f.px(GAP - 4)))
        small(f, group, _ACCENT)
        for name, about, _ in (row for row in rows if row[2] == group):
            _scene(f, name, about, column, room)
    imgui.end_child()
    imgui.pop_style_var()
    imgui.separator()
    if imgui.selectable(f"{fa.ICON_FA_FOLDER_OPEN}   Open a file …", False)[0]:
        f.do("open_file")
    tip(f, "A scene, a recording (.nnrec), your own data (CSV, npz, npy, IDX) or weights. Dropping a file on the window does the same.")


def _scene(f: Frame, name: str, about: str, column: float, room: float) -> None:
    now = name == f.readout.scene_name
    if imgui.selectable(name, now, 0, imgui.ImVec2(column + max(room, 0), 0))[0] and not now:
        f.do("open", name)
        imgui.close_current_popup()
    if now and imgui.is_window_appearing():
        imgui.set_scroll_here_y(0.5)
    tip(f, about)
    if room > f.px(120):
        imgui.same_line(column)
        imgui.push_font(None, theme.SMALL)
        text = about.removeprefix("An instructive failure: ").removeprefix("A film: ")
        dim(elide(text[:1].upper() + text[1:], room))
        imgui.pop_font()
