"""Outline: the parts and layers of the network as a tree, with shapes and parameters. A click flies there."""

from __future__ import annotations

from imgui_bundle import icons_fontawesome_6 as fa
from imgui_bundle import imgui

from nnviz3d.ui.core import theme, tree
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.tree import TreeRow
from nnviz3d.ui.core.widgets import elide, small, tip

TITLE, ICON, HINT, OPEN = "Outline", fa.ICON_FA_LIST, "Parts and layers of the network; fly to one, open it, search ( / ).", False
INDENT, ARROW, MOST = 14.0, 18.0, 14.0  # unscaled: of a level, of the arrow; rows that are seen at once
_TEXT, _DIM, _ACCENT = (theme.packed(c) for c in (theme.TEXT, theme.DIM, theme.ACCENT))


def draw(f: Frame) -> None:
    rows = tree.rows(f.readout.topology, f.readout.opened)
    small(f, "Enter or a click flies there; Space or the arrow opens and closes; / searches.", _DIM, wrap=True)
    height = imgui.get_text_line_height_with_spacing()
    size = imgui.ImVec2(0, min(len(rows), MOST) * height + f.px(4))
    imgui.begin_child("##outline", size, int(imgui.ChildFlags_.nav_flattened))
    clipper = imgui.ListClipper()
    clipper.begin(len(rows), height)
    while clipper.step():
        for k in range(clipper.display_start, clipper.display_end):
            _row(f, rows[k])
    clipper.end()
    imgui.end_child()


def _row(f: Frame, row: TreeRow) -> None:
    opened = row.name in f.readout.opened
    imgui.push_id(row.name)
    imgui.dummy(imgui.ImVec2(f.px(INDENT) * row.depth + 0.1, 0))
    imgui.same_line(0, 0)
    start = imgui.get_cursor_pos_x()
    if row.part:
        imgui.push_style_var(imgui.StyleVar_.frame_padding, imgui.ImVec2(f.px(2), 0))  # no wider than the arrow's room
        if imgui.small_button(f"{fa.ICON_FA_CHEVRON_DOWN if opened else fa.ICON_FA_CHEVRON_RIGHT}##arrow"):
            _turn(f, row, opened)
        imgui.pop_style_var()
        tip(f, "Close" if opened else "Open")
        imgui.same_line(0, 0)
    imgui.set_cursor_pos_x(start + f.px(ARROW))
    imgui.push_style_color(imgui.Col_.text, _ACCENT if row.name == f.readout.place else _TEXT)
    pressed = imgui.selectable(row.text, row.name == f.readout.place)[0]
    imgui.pop_style_color()
    if pressed:
        if row.part and imgui.is_key_down(imgui.Key.space):
            _turn(f, row, opened)
        else:
            f.do("fly_to", row.name)
    tip(f, f"{row.name}\n{row.what}")
    imgui.same_line(start + f.px(150))
    imgui.push_font(None, theme.SMALL)
    text = elide(row.what, imgui.get_content_region_avail().x)
    imgui.pop_font()
    small(f, text, _DIM)
    imgui.pop_id()


def _turn(f: Frame, row: TreeRow, opened: bool) -> None:
    f.do("close_part" if opened else "open_part", row.name)
