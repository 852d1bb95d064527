"""Data: which set, how it is made and split, and what the network is given of it."""

from __future__ import annotations

import math

from imgui_bundle import icons_fontawesome_6 as fa
from imgui_bundle import imgui

from nnviz3d.spec import file_extensions
from nnviz3d.spec.scene import DataKind, Feature
from nnviz3d.ui.core import theme
from nnviz3d.ui.core.choices import column_names, words
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.strings import HINTS
from nnviz3d.ui.core.widgets import changing, choice, combo, dim, integer, label, slider, small, tip, toggle

TITLE, ICON, HINT, OPEN = "Data", fa.ICON_FA_DATABASE, "What the network learns.", False
KINDS, FEATURES = words(DataKind), words(Feature)
PLAYGROUND = ("circle", "xor", "gauss", "spiral", "reg-plane", "reg-gauss")
FILES = {
    "csv": file_extensions.TABLE,
    "npz": file_extensions.ARRAYS,
    "idx": ("ubyte", ".idx", ".gz"),
    "images": (),
}  # and how their names end
_NAMES = {
    "mnist": "MNIST (digits, 28 x 28)",
    "breast_cancer": "breast cancer",
    "reg-plane": "plane (regression)",
    "reg-gauss": "gauss (regression)",
    "blobs": "blobs (generated)",
    "csv": "your own table (CSV, Excel, Parquet)",
    "npz": "your own arrays (npz, npy)",
    "idx": "your own images (IDX)",
    "images": "your own pictures (a folder)",
}
OFFERED = 500  # columns in the list of targets
SPLITS = ("auto", "random", "last")
TASKS, HEADERS = ("auto", "classification", "regression"), ("auto", "yes", "no")


def draw(f: Frame) -> None:
    with changing(f):
        _source(f)
    if f.scene.data.kind not in PLAYGROUND and len(f.readout.features) > 1:
        _plane(f, f.readout.features)
    with changing(f):
        _use(f)


def _source(f: Frame) -> None:
    """Where the samples come from."""
    data = f.scene.data
    kinds = [kind for kind in KINDS if kind not in FILES or kind == data.kind or data.file.lower().endswith(FILES[kind])]
    choice(f, "data.kind", data.kind, kinds, _NAMES)
    small(f, f.readout.data_summary, wrap=True)
    if data.kind in FILES:
        _file(f)
    if imgui.button(f"{fa.ICON_FA_FOLDER_OPEN}   Open your own data …", imgui.ImVec2(-1, 0)):
        f.do("open_file", "data")
    tip(
        f,
        "A table (CSV: comma-separated values, Excel, Parquet), numpy's npz or npy, or IDX files (the format of MNIST). Dropping the "
        "file on the window does the same.",
    )
    if data.kind in PLAYGROUND:
        _features(f)
        slider(f, "data.noise", data.noise, 0, 0.5)
    if data.kind in PLAYGROUND or data.kind == "blobs":
        integer(f, "data.samples", data.samples, 2, "%d" if data.samples else "own default")
    if data.kind == "blobs":
        _blobs(f)


def _use(f: Frame) -> None:
    """How they are divided, scaled and varied."""
    data = f.scene.data
    slider(f, "data.test_fraction", data.test_fraction, 0, 0.9)
    toggle(f, "data.standardize", data.standardize)
    if f.readout.topology.input.axes[-2:] == ("row", "column"):
        choice(f, "data.targets", data.targets, ("own", "inputs"), {"own": "the set's own", "inputs": "the inputs"})
        _augment(f)
    integer(f, "data.seed", data.seed)


def _file(f: Frame) -> None:
    """What is read of a file, and how."""
    data, columns = f.scene.data, f.readout.data_columns
    small(f, data.file + (f"  and  {data.labels_file}" if data.kind == "idx" else ""), wrap=True)
    if data.kind == "images":
        toggle(f, "data.color", data.color)
        return
    if data.kind == "csv":
        if columns:
            _target(f, columns)
        if imgui.button(f"{fa.ICON_FA_TABLE_COLUMNS}   Columns and file format …", imgui.ImVec2(-1, 0)):
            f.do("columns")
        tip(f, "The use of each column, the treatment of gaps, the separator and the encoding.")
        choice(f, "data.header", data.header, HEADERS, {"auto": "detected"})
    choice(f, "data.task", data.task, TASKS, {"auto": "detected from the target"})
    if f.readout.units:
        choice(f, "data.standardize_target", data.standardize_target, ("auto", "yes", "no"))
    choice(f, "data.split", data.split, SPLITS, {"random": "drawn", "last": "the last rows"})


def _target(f: Frame, columns: tuple[str, ...]) -> None:
    """The column to predict, by its number: names may come twice."""
    name = f.scene.data.target
    at = columns.index(name) if name in columns else int(name) if name.isdecimal() and int(name) < len(columns) else len(columns) - 1
    names = column_names(columns)
    text, hint = HINTS["data.target"]
    offered = sorted({*range(min(len(columns), OFFERED)), at, len(columns) - 1})
    imgui.begin_group()
    label(f, text)
    picked = combo("##data.target", str(at), [str(k) for k in offered], {str(k): f.legible(names[k]) for k in offered})
    imgui.end_group()
    tip(f, hint)
    if picked is not None and int(picked) != at:
        column = columns[int(picked)]
        f.edit("data.target", column if columns.count(column) == 1 and column else picked)


def _augment(f: Frame) -> None:
    """Random changes of the pictures that are learned from."""
    augment = f.scene.data.augment
    integer(f, "data.augment.shift", augment.shift, 0.05, "%d pixels")
    slider(f, "data.augment.rotate", augment.rotate, 0, 45, "%.0f°")
    toggle(f, "data.augment.flip", augment.flip)
    slider(f, "data.augment.noise", augment.noise, 0, 0.5)


def _blobs(f: Frame) -> None:
    """Inputs are a row, or a square picture where their number is a square."""
    data = f.scene.data
    before = len(f.edits)
    integer(f, "data.inputs", data.inputs)
    if len(f.edits) > before and data.shape:
        f.edit("data.shape", _square(f.edits[-1].value))
    side = _square(data.inputs)
    if side:
        text, hint = HINTS["data.shape"]
        label(f, text)
        changed, on = imgui.checkbox("##data.shape", bool(data.shape))
        tip(f, hint)
        if changed:
            f.edit("data.shape", side if on else [])
    integer(f, "data.classes", data.classes)


def _square(inputs: int) -> list[int]:
    """[side, side], or nothing where that is no square."""
    side = math.isqrt(inputs)
    return [side, side] if side * side == inputs else []


def _plane(f: Frame, features: tuple[str, ...]) -> None:
    """Two features that plate and tiles are over. They come and go together: a plane needs two."""
    names = [name if features.count(name) == 1 else str(k) for k, name in enumerate(features)]
    shown = {"": "none" if len(names) > 2 else "both inputs", **dict(zip(names, map(f.legible, features), strict=True))}
    values = {"view.plate_x": _named(f.scene.view.plate_x, names), "view.plate_y": _named(f.scene.view.plate_y, names)}
    for path, other in (("view.plate_x", "view.plate_y"), ("view.plate_y", "view.plate_x")):
        before = len(f.edits)
        choice(f, path, values[path], ["", *names], shown)
        if len(f.edits) == before:
            continue
        picked = f.edits[-1].value
        if not picked:
            f.edit(other, "")
        elif values[other] in ("", picked):  # the same twice: they change places
            f.edit(other, values[path] or next(name for name in names if name != picked))


def _named(value: str, names: list[str]) -> str:
    """A feature given by its number, by its name."""
    return names[int(value)] if value.isascii() and value.isdecimal() and value not in names and int(value) < len(names) else value


def _features(f: Frame) -> None:
    """Switches, wrapped over as many lines as they need."""
    active = f.scene.data.features
    text, hint = HINTS["data.features"]
    dim(text)
    tip(f, hint)
    right = imgui.get_cursor_screen_pos().x + imgui.get_content_region_avail().x
    for k, feature in enumerate(FEATURES):
        name = feature.replace("^2", "²").replace("*", "·")
        width = imgui.calc_text_size(name).x + 2 * f.px(9)
        if k and imgui.get_item_rect_max().x + f.px(6) + width < right:
            imgui.same_line(0, f.px(6))
        on = feature in active
        if _switch(name, on):
            new = [name for name in FEATURES if (name in active) != (name == feature)]
            if new:
                f.edit("data.features", new)
        tip(f, hint)


def _switch(text: str, on: bool) -> bool:
    if on:
        imgui.push_style_color(imgui.Col_.button, theme.packed(theme.ACCENT, 0.92))
        imgui.push_style_color(imgui.Col_.button_hovered, theme.packed(theme.ACCENT))
        imgui.push_style_color(imgui.Col_.text, theme.packed(theme.ON_ACCENT))
    pressed = imgui.button(text)
    if on:
        imgui.pop_style_color(3)
    return pressed
