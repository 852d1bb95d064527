"""Search: a field over the stage ( / ) that finds layers and parts by name or kind; Enter flies to the chosen one."""

from __future__ import annotations

from imgui_bundle import imgui

from nnviz3d.ui.core import theme, tree
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.widgets import small

_W = imgui.WindowFlags_
_FLAGS = int(_W.no_decoration | _W.no_move | _W.always_auto_resize | _W.no_saved_settings | _W.no_nav)
WIDTH = 340.0
_DIM = theme.packed(theme.DIM)


def draw(f: Frame) -> None:
    """Nothing while it is closed."""
    memory = f.memory
    if memory.search is None:
        memory.search_choice = -1
        return
    width = min(f.px(WIDTH), f.stage_width - 2 * f.px(theme.MARGIN))
    imgui.set_next_window_pos(imgui.ImVec2(f.stage_width / 2, f.height * 0.3), imgui.Cond_.always, imgui.ImVec2(0.5, 0))
    imgui.set_next_window_size(imgui.ImVec2(width, 0))
    imgui.begin("##search", None, _FLAGS)
    fresh = memory.search_choice < 0
    if fresh:
        imgui.set_window_focus()
        imgui.set_keyboard_focus_here()
        memory.search_choice = 0
    imgui.set_next_item_width(-1)
    before = memory.search
    entered, memory.search = imgui.input_text_with_hint("##name", "layer or kind", before, int(imgui.InputTextFlags_.enter_returns_true))
    if memory.search != before:
        memory.search_choice = 0
    found = tree.search(f.readout.topology, memory.search)
    memory.search_choice = _moved(memory.search_choice, len(found))
    for k, row in enumerate(found):
        if imgui.selectable(f"{row.name}##{k}", k == memory.search_choice)[0]:
            memory.search_choice, entered = k, True
        imgui.same_line(f.px(150))
        small(f, row.what, _DIM)
    if memory.search and not found:
        small(f, "No layer or part has that in its name or kind.", _DIM)
    imgui.end()
    if entered and not found:
        memory.search_choice = -1  # the field keeps the keyboard: what is typed next must not reach the network
    if entered and found:
        f.do("fly_to", found[memory.search_choice].name)
    if (entered and found) or imgui.is_key_pressed(imgui.Key.escape, False):
        memory.search = None


def _moved(choice: int, count: int) -> int:
    """Arrow keys choose another one."""
    by = int(imgui.is_key_pressed(imgui.Key.down_arrow)) - int(imgui.is_key_pressed(imgui.Key.up_arrow))
    return min(max(choice + by, 0), max(count - 1, 0))
