"""Where widgets are: records every item by its label while a frame is drawn, so that tests click names, not pixels."""

from __future__ import annotations

import contextlib

from imgui_bundle import imgui

_MAKERS = ("button", "invisible_button", "checkbox", "slider_float", "slider_int", "drag_int", "drag_float", "begin_combo", "input_text",
           "input_text_with_hint", "selectable", "menu_item", "tree_node_ex")  # fmt: skip
RING = "(the keyboard's ring)"  # found[RING]: labels of what has it


@contextlib.contextmanager
def recording():
    """Within the context `found[label]` is the list of centres (x, y), in the order in which the items were made."""
    found: dict[str, list[tuple[float, float]]] = {}
    kept = {name: getattr(imgui, name) for name in _MAKERS}

    def wrap(make):
        def made(label, *args, **kwargs):
            result = make(label, *args, **kwargs)
            if not (make is kept["begin_combo"] and result):  # an open combo has already begun another window
                low, high = imgui.get_item_rect_min(), imgui.get_item_rect_max()
                if imgui.is_item_focused():
                    found.setdefault(RING, []).append(label.split("##")[-1])
                found.setdefault(label.split("##")[-1] if "##" in label else label, []).append(((low.x + high.x) / 2, (low.y + high.y) / 2))
            return result

        return made

    for name, make in kept.items():
        setattr(imgui, name, wrap(make))
    try:
        yield found
    finally:
        for name, make in kept.items():
            setattr(imgui, name, make)


def find(driver, label: str, which: int = 0) -> tuple[float, float]:
    """The centre of an item of the next frame."""
    driver.frame(2)  # windows that fit their content find their place in the second frame
    with recording() as found:
        driver.frame()
    assert label in found, f"{label!r} is not on screen; there are {sorted(found)}"
    return found[label][which]
