"""The activation function of a neuron, with its point on it."""

from __future__ import annotations

import numpy as np
from imgui_bundle import imgui, implot

from nnviz3d.spec.number_text import plain
from nnviz3d.spec.readout import NeuronReading
from nnviz3d.ui.core import theme
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.widgets import small, tip
from nnviz3d.ui.equations import curves

_PLOT = implot.Flags_.canvas_only | implot.Flags_.no_inputs
_AXIS = implot.AxisFlags_.no_label | implot.AxisFlags_.no_tick_marks | implot.AxisFlags_.no_tick_labels


def draw(f: Frame, reading: NeuronReading) -> None:
    """The activation function with this neuron's point on it."""
    if reading.z is None or not np.isfinite(reading.z) or not np.isfinite(reading.a):
        return
    reach = curves.reach(reading.z)
    curve = curves.curve(reading.activation, reach)
    if curve is None:
        return
    z, a = curve
    low, high = min(float(a.min()), reading.a), max(float(a.max()), reading.a)
    air = 0.12 * (high - low or 1.0)
    if implot.begin_plot("##function", imgui.ImVec2(-1, f.px(84)), _PLOT):
        implot.setup_axes("", "", _AXIS, _AXIS)
        implot.setup_axes_limits(-reach, reach, low - air, high + air, implot.Cond_.always)
        line, point = implot.Spec(), implot.Spec()
        line.line_color, line.line_weight = theme.vec(theme.DIM, 0.9), f.px(1.5)
        point.marker, point.marker_size = implot.Marker_.circle, f.px(4.5)
        point.marker_fill_color = point.marker_line_color = theme.vec(theme.ACCENT)
        implot.plot_line("f", z, a, line)
        implot.plot_scatter("at", np.array([reading.z]), np.array([reading.a]), point)
        implot.end_plot()
    slope = "" if reading.slope is None else f",  slope f'(z) = {plain(reading.slope)}"
    tip(f, f"{reading.activation}: z = {plain(reading.z)}, a = {plain(reading.a)}{slope}. Axes: z from {-reach:g} to {reach:g}.")
    small(f, f"z = {plain(reading.z)}   a = {plain(reading.a)}{slope.replace(',  ', '   ')}")
