"""The switch of the walk: weights as the phase shows them, before the step, after it, or their difference; and how much to magnify it."""

from __future__ import annotations

import math

from imgui_bundle import imgui

from nnviz3d.ui import theme
from nnviz3d.ui.frame import Frame
from nnviz3d.ui.numbers import times
from nnviz3d.ui.widgets import dim, tidy, tip

MODES = ("phase", "before", "after", "difference")
HEIGHT = 30.0
_HINTS = {
    "phase": "What belongs to the phase; in the update the old weight (thin) beside the new one.",
    "before": "All weights as they were before this step.",
    "after": "All weights after this step, their differences magnified.",
    "difference": "What this step changes of each weight: blue grew, orange shrank.",
}
_ACCENT, _DIM = theme.packed(theme.ACCENT), theme.packed(theme.DIM)


def cycle(f: Frame) -> None:
    """The next of the four."""
    f.edit("look.weights", MODES[(MODES.index(f.scene.look.weights) + 1) % len(MODES)])


def draw(f: Frame, room: float) -> None:
    """One row, centred in `room` pixels."""
    w = f.readout.moment.weights if f.readout.moment else None
    if w is None:
        return
    slider = f.px(150)
    pad, gap = f.px(16), f.px(2)
    imgui.push_font(None, theme.SMALL)
    widths = [imgui.calc_text_size(mode).x + pad for mode in MODES]
    full = imgui.calc_text_size("weights").x + f.px(8) + sum(widths) + 3 * gap + f.px(10) + slider
    imgui.set_cursor_pos_x(imgui.get_cursor_pos_x() + max(0.0, (room - full) / 2))
    imgui.push_style_var(imgui.StyleVar_.frame_padding, imgui.ImVec2(f.px(8), f.px(3)))
    imgui.align_text_to_frame_padding()
    dim("weights")
    tip(f, "Which weights the edges show (V). Only inside a step, where before and after are both known.")
    for mode, width in zip(MODES, widths, strict=True):
        imgui.same_line(0, f.px(8) if mode == "phase" else gap)
        on = mode == w.mode
        imgui.push_style_color(imgui.Col_.text, _ACCENT if on else _DIM)
        imgui.push_style_color(imgui.Col_.button, theme.packed(theme.ACCENT, 0.16) if on else 0)
        if imgui.button(f"{mode}##weights_{mode}", imgui.ImVec2(width, 0)):
            f.edit("look.weights", mode)
        imgui.pop_style_color(2)
        tip(f, _HINTS[mode])
    imgui.same_line(0, f.px(10))
    _slider(f, w, slider)
    imgui.pop_style_var()
    imgui.pop_font()


def _slider(f: Frame, w, width: float) -> None:
    """From 1 to the factor that makes a typical change visible, by ratio."""
    most = max(w.typical, w.factor)
    share = math.log(max(w.factor, 1.0)) / math.log(most) if most > 1 else 1.0
    imgui.set_next_item_width(width)
    auto = f.scene.look.exaggeration == 0
    text = f"differences {times(w.factor)}{' auto' if auto else ''}"
    if most <= 1:
        imgui.begin_disabled()
    changed, new = imgui.slider_float("##look.exaggeration", share, 0.0, 1.0, text.replace("%", "%%"), imgui.SliderFlags_.no_input)
    if most <= 1:
        imgui.end_disabled()
    tip(f, "How much the differences of weights are magnified: from 1 (as they are) to auto, where a typical change is as long as a strong"
           " weight. At 1 most of them are too small to be seen.")  # fmt: skip
    if changed:
        f.edit("look.exaggeration", 0.0 if new >= 0.995 else tidy(float(f"{max(most**new, 1.0):.2g}")))
