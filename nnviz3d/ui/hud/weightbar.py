"""The switch of the walk: weights as the phase shows them, before the step, after it, or their difference; and how much to magnify it."""

from __future__ import annotations

import math

from imgui_bundle import imgui

from nnviz3d.spec.number_text import times
from nnviz3d.ui.core import theme
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.row_layout import Item, switch, width
from nnviz3d.ui.core.widgets import tidy, tip

MODES = ("phase", "before", "after", "difference")
SLIDER = 126.0  # unscaled pixels
_HINTS = {
    "phase": "The weights that fit the phase (V switches between all); in the update, the old weight (thin) beside the new one.",
    "before": "All weights as they were before this step.",
    "after": "All weights after this step, their differences magnified.",
    "difference": "The change of each weight in this step: blue increased, orange decreased.",
}


def cycle(f: Frame) -> None:
    """The next of the four."""
    f.edit("look.weights", MODES[(MODES.index(f.scene.look.weights) + 1) % len(MODES)])


def items(f: Frame) -> list[Item]:
    """The switch and the slider, for a row of switches; none outside a walk."""
    w = f.readout.moment.weights if f.readout.moment else None
    if w is None:
        return []
    options = [(mode, mode, _HINTS[mode]) for mode in MODES]
    slider = f.px(SLIDER)
    return [
        Item(0, width(f, "weights", options), lambda: _switch(f, w, options), "weights"),
        Item(2, slider, lambda: _slider(f, w, slider), "magnify"),
    ]


def _switch(f: Frame, w, options) -> None:
    mode = switch(f, "weights", "weights", options, w.mode)
    if mode is not None:
        f.edit("look.weights", mode)


def _slider(f: Frame, w, width: float) -> None:
    """From 1 to the factor that makes a typical change visible, by ratio."""
    most = max(w.typical, w.factor)
    share = math.log(max(w.factor, 1.0)) / math.log(most) if most > 1 else 1.0
    imgui.push_font(None, theme.SMALL)
    imgui.push_style_var(imgui.StyleVar_.frame_padding, imgui.ImVec2(f.px(8), f.px(2.5)))
    imgui.set_next_item_width(width)
    auto = f.scene.look.exaggeration == 0
    text = f"magnify {times(w.factor)}{' auto' if auto else ''}"
    if most <= 1:
        imgui.begin_disabled()
    changed, new = imgui.slider_float("##look.exaggeration", share, 0.0, 1.0, text.replace("%", "%%"), imgui.SliderFlags_.no_input)
    if most <= 1:
        imgui.end_disabled()
    imgui.pop_style_var()
    imgui.pop_font()
    tip(f, "How much weight differences are magnified: from 1 (actual size) to auto, where a typical change is drawn like a strong"
           " weight. At 1 most of them are too small to be visible.")  # fmt: skip
    if changed:
        f.edit("look.exaggeration", 0.0 if new >= 0.995 else tidy(float(f"{max(most**new, 1.0):.2g}")))
