"""The menu behind the folder button: open, save as, film, and what a network can be exported to."""

from __future__ import annotations

from imgui_bundle import imgui

from nnviz3d.spec.commands import CommandName
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.widgets import small, tip

_OPEN = "A scene, your own data (CSV, npz, npy, IDX) or weights. Dropping a file on the window does the same."
_WEIGHTS = "All weights and biases as they are now, for nnviz3d and for other programs."
_SAVE = "The settings of network, data, training and view, as TOML."
_FILES: tuple[tuple[str, str, CommandName, str], ...] = (
    ("Open …", "Ctrl+O", "open_file", _OPEN),
    ("Save the scene as …", "Ctrl+Shift+S", "save_as", _SAVE),
)
_WINDOW = "What you see, until you press it again: an MP4 file in the folder the program was started in."
_TIMELINE = (
    "All that was done since the scene was opened, in a small file. "
    "`nnviz3d record FILE.timeline -o film.mp4` renders it again, at any size and rate."
)
_FILM: tuple[tuple[str, str, CommandName, str | None, str], ...] = (
    ("Film the window", "F9", "capture", None, _WINDOW),
    ("Film the network alone", "Shift+F9", "capture", "stage", "The same without panels and words."),
    ("Save the session's timeline", "Ctrl+F9", "save_timeline", None, _TIMELINE),
)
_CHECKPOINT = "Weights, and all that training needs to go on from here with the same numbers: drop it on the window, or train --resume."
_EXPORTS = (
    ("Checkpoint …", ".safetensors", "checkpoint", _CHECKPOINT),
    ("Weights …", ".safetensors", "weights", _WEIGHTS),
    ("numpy script …", ".py", "numpy", "A short script that gives the same outputs with numpy alone, and its weights."),
    ("PyTorch script …", ".py", "torch", "The same network in PyTorch, and its weights."),
)


def draw(f: Frame) -> None:
    """The popup "file"; whoever has the button opens it."""
    corner, below = imgui.get_item_rect_min(), imgui.get_item_rect_max()
    imgui.set_next_window_pos(imgui.ImVec2(corner.x, below.y + f.px(8)))
    if not imgui.begin_popup("file"):
        return
    for text, keys, command, hint in _FILES:
        if imgui.menu_item(text, keys, False)[0]:
            f.do(command)
        tip(f, hint)
    imgui.separator()
    for text, keys, command, value, hint in _FILM:
        running = command == "capture" and f.readout.capture is not None
        if running and value is not None:
            continue
        if imgui.menu_item("End the film" if running else text, keys, False)[0]:
            f.do(command, value)
        tip(f, hint)
    imgui.separator()
    small(f, "Export the network as it is now")
    for text, ending, kind, hint in _EXPORTS:
        if imgui.menu_item(text, ending, False)[0]:
            f.do("export", kind)
        tip(f, hint)
    imgui.end_popup()
