"""The menu behind the folder button: open, save as, film, and what a network can be exported to."""

from __future__ import annotations

from imgui_bundle import imgui

from nnviz3d.spec.commands import CommandName
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.widgets import small, tip

_OPEN = "A scene, your own data (CSV, npz, npy, IDX) or weights. Dropping a file on the window does the same."
_WEIGHTS = "The current weights and biases, for nnviz3d and other programs."
_SAVE = "The settings of network, data, training and view, as a text file in TOML format."
_FILES: tuple[tuple[str, str, CommandName, str], ...] = (
    ("Open …", "Ctrl+O", "open_file", _OPEN),
    ("Save the scene as …", "Ctrl+Shift+S", "save_as", _SAVE),
)
_WINDOW = "Films what you see until you press it again. The MP4 file is saved in the folder in which the program was started."
_TIMELINE = (
    "Everything done since the scene was opened, in a small file. "
    "`nnviz3d record FILE.timeline -o film.mp4` renders it again at any size and frame rate."
)
_FILM: tuple[tuple[str, str, CommandName, str | None, str], ...] = (
    ("Film the window", "F9", "capture", None, _WINDOW),
    ("Film the network alone", "Shift+F9", "capture", "stage", "The same without panels and text."),
    ("Save the session's timeline", "Ctrl+F9", "save_timeline", None, _TIMELINE),
)
_CHECKPOINT = (
    "The weights and everything else needed to continue training exactly from here: drop the file on the window, or use train --resume."
)
_EXPORTS = (
    ("Checkpoint …", ".safetensors", "checkpoint", _CHECKPOINT),
    ("Weights …", ".safetensors", "weights", _WEIGHTS),
    ("numpy script …", ".py", "numpy", "A short script that computes the same outputs with numpy alone, and a file with the weights."),
    ("PyTorch script …", ".py", "torch", "The same network in PyTorch, and a file with the weights."),
)


def draw(f: Frame) -> None:
    """The popup "file"; code that has the button opens it."""
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
        if imgui.menu_item("Stop filming" if running else text, keys, False)[0]:
            f.do(command, value)
        tip(f, hint)
    imgui.separator()
    small(f, "Export the current network")
    for text, ending, kind, hint in _EXPORTS:
        if imgui.menu_item(text, ending, False)[0]:
            f.do("export", kind)
        tip(f, hint)
    imgui.end_popup()
