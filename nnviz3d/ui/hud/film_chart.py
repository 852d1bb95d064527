"""The small chart of a film: how the share of right answers (or the loss) has come about, in a corner of the picture."""

from __future__ import annotations

import numpy as np
from imgui_bundle import imgui

from nnviz3d.spec.number_text import percent, short
from nnviz3d.ui.core import theme
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.widgets import text_width

WIDTH, HEIGHT = 236.0, 84.0
PAD, HEAD = 10.0, 20.0
MOST = 400  # points that are drawn


def draw(f: Frame, left: float, top: float, alpha: float) -> None:
    """At these pixels. Nothing is drawn before the second look at the test set."""
    charts = f.readout.charts
    shares = np.isfinite(charts.test_accuracy).any()
    step, value = charts.test_step, charts.test_accuracy if shares else charts.test_loss
    known = np.isfinite(value)
    step, value = step[known], value[known]
    if len(step) < 2:
        return
    draw_list = imgui.get_background_draw_list()
    right, bottom = left + f.px(WIDTH), top + f.px(HEIGHT)
    low, high = imgui.ImVec2(left, top), imgui.ImVec2(right, bottom)
    draw_list.add_rect_filled(low, high, theme.packed(theme.GLASS, 0.72 * alpha), f.px(9))
    draw_list.add_rect(low, high, theme.packed(theme.LINE, 0.7 * alpha), f.px(9))
    small, body = f.font(theme.SMALL), f.font(theme.BODY)
    title = "right answers on unseen samples" if shares else "loss on unseen samples"
    now = percent(float(value[-1])) if shares else short(float(value[-1]))
    imgui.push_font(None, theme.BODY)
    draw_list.add_text(f.fonts.regular, small, imgui.ImVec2(left + f.px(PAD), top + f.px(6)), theme.packed(theme.DIM, alpha), title)
    at = imgui.ImVec2(right - f.px(PAD) - text_width(now, body), top + f.px(4))
    draw_list.add_text(f.fonts.regular, body, at, theme.packed(theme.ACCENT, alpha), now)
    imgui.pop_font()
    top_value = 1.0 if shares else float(value.max()) or 1.0
    x0, x1, y0, y1 = left + f.px(PAD), right - f.px(PAD), bottom - f.px(PAD), top + f.px(HEAD + PAD * 0.6)
    for share in (0.0, 0.5, 1.0):
        y = y0 + (y1 - y0) * share
        ink = theme.packed(theme.FAINT, (0.5 if share == 0 else 0.2) * alpha)
        draw_list.add_line(imgui.ImVec2(x0, y), imgui.ImVec2(x1, y), ink, f.scale)
    pick = np.unique(np.linspace(0, len(step) - 1, min(len(step), MOST)).astype(int))
    x = x0 + (x1 - x0) * (step[pick] - step[0]) / max(float(step[-1] - step[0]), 1.0)
    y = y0 + (y1 - y0) * np.clip(value[pick] / top_value, 0, 1)
    points: list[imgui.ImVec2Like] = [imgui.ImVec2(a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)]
    draw_list.add_polyline(points, theme.packed(theme.ACCENT, alpha), f.px(1.8), 0)
    draw_list.add_circle_filled(points[-1], f.px(3.2), theme.packed(theme.ACCENT, alpha))
