"""The row of round buttons in the bar at the bottom, the same for training and for a walk."""

from __future__ import annotations

from collections.abc import Sequence

from imgui_bundle import imgui

from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.row_layout import Item, bar
from nnviz3d.ui.core.widgets import icon_button
from nnviz3d.ui.hud import navigation_menu, speed

SIDE, GAP = 36.0, 6.0  # unscaled pixels


def button(f: Frame, rank: int, icon: str, ident: str, hint: str, command: tuple, **style) -> Item:
    """Does `command` (name and value) when it is pressed. `style` as in `widgets.icon_button`."""

    def draw() -> None:
        if icon_button(f, icon, ident, hint, size=SIDE, **style):
            f.do(*command)

    return Item(rank, f.px(SIDE), draw, ident)


def pace(f: Frame) -> Item:
    """How fast it goes."""
    return Item(3, f.px(speed.WIDTH), lambda: speed.beside(f, f.px(SIDE)), "speed")


def more(f: Frame, rank: int) -> Item:
    """The list of all moves."""
    return Item(rank, f.px(SIDE), lambda: navigation_menu.button(f))


def draw(f: Frame, items: Sequence[Item], room: float) -> set[str]:
    """What fits into `room` pixels, centred. Returns the names of what is there."""
    imgui.push_style_var(imgui.StyleVar_.frame_rounding, f.px(SIDE) / 2)
    drawn = bar(items, room, f.px(GAP))
    imgui.pop_style_var()
    return {item.name for item in drawn}
