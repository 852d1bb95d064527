"""The menu behind the camera button: a picture of the window as it is, or larger, of the stage alone."""

from __future__ import annotations

from imgui_bundle import imgui

from nnviz3d.spec.limits import STILLS, enlarged
from nnviz3d.ui.core import theme
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.widgets import small

_KEYS = {"4K": "Shift+F12"}
WIDTH = 300.0  # about: where there is room, the menu begins below its button


def draw(f: Frame) -> None:
    """The popup "picture"; code that has the button opens it."""
    corner, below = imgui.get_item_rect_min(), imgui.get_item_rect_max()
    right = min(corner.x + f.px(WIDTH), f.width - f.px(theme.MARGIN))  # the button is near the window's edge
    imgui.set_next_window_pos(imgui.ImVec2(right, below.y + f.px(8)), imgui.Cond_.always, imgui.ImVec2(1, 0))
    if not imgui.begin_popup("picture"):
        return
    if imgui.menu_item("The window", "F12", False)[0]:
        f.do("screenshot")
    imgui.separator()
    small(f, "The same view without panels, larger; the window pauses meanwhile")
    for name, longest in STILLS.items():
        width, height = enlarged((round(f.width), round(f.height)), longest)
        if imgui.menu_item(f"{name}  {width} x {height}", _KEYS.get(name, ""), False)[0]:
            f.do("screenshot", name)
    imgui.end_popup()
