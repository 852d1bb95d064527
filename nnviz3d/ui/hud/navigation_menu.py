"""Moving by a unit, on and back: what each unit is, its keys, and the list of them all that opens from both bars."""

from __future__ import annotations

from imgui_bundle import icons_fontawesome_6 as fa
from imgui_bundle import imgui

from nnviz3d.ui.core import theme
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.row_layout import Item
from nnviz3d.ui.core.widgets import dim, icon_button, small, tip
from nnviz3d.ui.hud import speed, toggles

SIDE = 26.0  # unscaled pixels of a button in the list
# unit: (keys, what it does in a walk, what it does outside; empty: there is none)
UNITS = {
    "phase": (", .", "One block of the timeline: the forward pass, backward pass or update of one layer.", ""),
    "layer": ("Shift+PgUp, PgDn", "The same point in the next layer, in the order of the passes.", ""),
    "sample": ("[ ]", "Another sample of this step's batch, at the same point.", "Another sample of the test set."),
    "step": (
        "PgUp, PgDn",
        "The previous or next step, from its start. Back restores the stored step with exactly the same numbers.",
        "One training step (one mini-batch). Back restores the previous stored step.",
    ),
    "epoch": (
        "Ctrl+PgUp, PgDn",
        "Forward: train to the end of this epoch, then walk through the first step of the next. Back: the first step of this epoch.",
        "Forward: train to the end of this epoch as fast as possible, then pause. Back: the end of the previous epoch.",
    ),
}  # fmt: skip


def hint(f: Frame, unit: str) -> str:
    return UNITS[unit][1 if f.readout.walk else 2]


def button(f: Frame) -> None:
    """The button of the list, and the list: moves, and what the bar has no room for."""
    if icon_button(f, fa.ICON_FA_ELLIPSIS, "moves", "Move by phase, layer, sample, step or epoch; more settings", size=36):
        imgui.open_popup("moves")
    right, top = imgui.get_item_rect_max().x, imgui.get_window_pos().y - f.px(6)
    imgui.set_next_window_pos(imgui.ImVec2(right, top), imgui.Cond_.always, imgui.ImVec2(1, 1))
    imgui.set_next_window_size_constraints(imgui.ImVec2(0, 0), imgui.ImVec2(f.width, max(top - f.px(6), 1)))
    if imgui.begin_popup("moves"):
        imgui.push_style_var(imgui.StyleVar_.frame_rounding, f.px(6))
        _list(f)
        _rest(f)
        imgui.pop_style_var()
        imgui.end_popup()


def _rest(f: Frame) -> None:
    """What the bar has no room for."""
    hidden = [item for item in toggles.here(f) if item.name not in f.memory.on_bar]
    if "speed" not in f.memory.on_bar:
        hidden.insert(0, Item(0, 0.0, lambda: speed.draw(f, f.px(speed.WIDTH))))
    if hidden:
        imgui.separator()
    for item in hidden:
        item.draw()


def _list(f: Frame) -> None:
    start, side = imgui.get_cursor_pos_x(), f.px(SIDE)
    dim("Move by")
    for unit, (keys, *_) in UNITS.items():
        if not hint(f, unit):
            continue
        top = imgui.get_cursor_pos_y()
        middle = top + (side - imgui.get_text_line_height()) / 2
        imgui.set_cursor_pos_y(middle)
        imgui.text_unformatted(unit)
        tip(f, hint(f, unit))
        imgui.same_line(start + f.px(72))
        for icon, count, way in ((fa.ICON_FA_CHEVRON_LEFT, -1, "Back"), (fa.ICON_FA_CHEVRON_RIGHT, 1, "Forward")):
            imgui.set_cursor_pos_y(top)
            if icon_button(f, icon, f"{unit}{count:+d}", f"{way} by one {unit}. {hint(f, unit)}", size=SIDE):
                f.do("move", (unit, count))
            imgui.same_line(0, f.px(4))
        imgui.same_line(start + f.px(80) + 2 * side + f.px(12))
        imgui.set_cursor_pos_y(middle - f.px(4))  # on the line of a button text stands lower by its padding
        small(f, keys, theme.packed(theme.FAINT))
        imgui.set_cursor_pos_y(top + side + f.px(2))
    imgui.dummy(imgui.ImVec2(0, 0))
