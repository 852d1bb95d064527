"""Neuron: the equations of the picked neuron with its live numbers, its function with the point on it, its error signal.

All lines of an equation change together, so that what is printed always belongs to one moment: new numbers are rendered a
few formulas a frame behind the scenes and then swapped in, at most ten times a second.
"""

from __future__ import annotations

import numpy as np
from imgui_bundle import icons_fontawesome_6 as fa
from imgui_bundle import imgui, implot

from nnviz3d.spec.readout import NeuronReading
from nnviz3d.ui import curves, equations, lines, theme, updates
from nnviz3d.ui.equations import Line
from nnviz3d.ui.frame import Frame
from nnviz3d.ui.names import neuron_name
from nnviz3d.ui.numbers import plain
from nnviz3d.ui.widgets import elide, icon_button, right_edge, small, tip

TITLE, ICON, HINT, OPEN = "Neuron", fa.ICON_FA_MICROSCOPE, "The equation of one neuron.", True
SUM, ACTIVATION, ERROR = "Weighted sum", "Activation", "Error signal of this sample"
GRADIENT, CHECK, UPDATE = "Gradient", "Check", "Update"
REFRESH = 0.1  # seconds between two sets of numbers
RENDERS = 3  # formulas rendered in one frame, 0.2 to 0.4 ms each
_FAINT, _ACCENT = theme.packed(theme.FAINT), theme.packed(theme.ACCENT)
_PLOT = implot.Flags_.canvas_only | implot.Flags_.no_inputs
_AXIS = implot.AxisFlags_.no_label | implot.AxisFlags_.no_tick_marks | implot.AxisFlags_.no_tick_labels


class Neuron:
    """Holds the shown set of lines and the one in preparation."""

    def __init__(self):
        self.shown: tuple[NeuronReading, list[tuple[str, list[Line]]]] | None = None
        self._coming: tuple[NeuronReading, list[tuple[str, list[Line]]]] | None = None
        self._since = 0.0

    def _follow(self, f: Frame, reading: NeuronReading) -> None:
        """Take over new numbers: at once for another neuron, else when all their formulas are ready."""
        self._since += f.dt
        other = self.shown is None or self.shown[0].neuron != reading.neuron
        if other:
            self.shown, self._coming = (reading, _sections(reading)), None
            return
        if self._coming is None:
            if reading is self.shown[0] or self._since < REFRESH:
                return
            self._coming, self._since = (reading, _sections(reading)), 0.0
        budget = RENDERS
        for _, those in self._coming[1]:
            for line in those:
                if not f.formulas.has(line.tex, lines.size(f, line)):
                    if not budget:
                        return
                    f.formulas.get(line.tex, lines.size(f, line))
                    budget -= 1
        self.shown, self._coming = self._coming, None

    def draw(self, f: Frame) -> None:
        reading = f.readout.neuron
        if reading is None:
            self.shown = self._coming = None
            small(f, "Click a neuron to see its equation with live numbers.", wrap=True)
            return
        self._follow(f, reading)
        shown, sections = self.shown
        _head(f, shown)
        for title, those in _now(f, shown.layer, sections):
            _section(f, shown, title, those)


def _section(f: Frame, reading: NeuronReading, title: str, those: list[Line]) -> None:
    if title == CHECK:
        _check_button(f, reading)
    else:
        imgui.spacing()
        small(f, updates.title(reading) if title == UPDATE else title, _FAINT)
    if title == GRADIENT:
        lines.columns(f, "this sample", "batch mean")
    largest, gap = lines.largest(those), imgui.get_style().item_spacing
    if title in (GRADIENT, UPDATE):  # long ones
        gap = imgui.ImVec2(gap.x, f.px(3))
    imgui.push_style_var(imgui.StyleVar_.item_spacing, gap)
    for k, line in enumerate(those):
        if k and title == UPDATE and line.kind in ("symbols", "result"):  # symbols and their numbers belong together
            imgui.dummy(imgui.ImVec2(0, f.px(1)))
        lines.draw(f, line, largest, f"{title}{k}", ruled=k > 2 or title == CHECK)
    imgui.pop_style_var()
    if title == ACTIVATION:
        _inset(f, reading)


def _sections(reading: NeuronReading) -> list[tuple[str, list[Line]]]:
    parts = [
        (SUM, equations.pre_activation(reading)),
        (ACTIVATION, equations.activation(reading)),
        (ERROR, equations.backward(reading)),
    ]
    if reading.step is None:
        parts.append(("Gradient of the last step", equations.bias_gradient(reading)))
    else:
        parts += [(GRADIENT, updates.gradients(reading)), (CHECK, updates.check(reading)), (UPDATE, updates.update(reading))]
    return [(title, those) for title, those in parts if those or title == CHECK]


def _now(f: Frame, layer: int, sections: list[tuple[str, list[Line]]]) -> list[tuple[str, list[Line]]]:
    """Inside a walk, what happens to this layer now stands first: the error, the gradients that it leaves, the update."""
    walk = f.readout.walk
    if walk is None:
        return sections
    at = min(int(walk.number), len(walk.kinds) - 1)
    first = ()
    if walk.kinds[at] == "update":
        first = (UPDATE, GRADIENT, CHECK, ERROR)
    elif walk.kinds[at] in ("loss", "backward"):
        arrived = walk.kinds[: at + 1].count("backward") > walk.kinds.count("backward") - layer
        first = (GRADIENT, CHECK, ERROR, UPDATE) if arrived else (ERROR, GRADIENT, CHECK, UPDATE)
    place = {title: k for k, title in enumerate(first)}
    return sorted(sections, key=lambda section: place.get(section[0], len(first)))


def _check_button(f: Frame, reading: NeuronReading) -> None:
    """What comes of it stands below it."""
    chosen = reading.step.update
    name = "bias" if chosen.index is None else f"i={chosen.index}"
    imgui.push_font(None, theme.SMALL)
    if imgui.button(f"{fa.ICON_FA_SCALE_BALANCED}  Check this gradient ({name})##check_gradient"):
        f.do("walk_check", chosen.parameter)
    imgui.pop_font()
    tip(f, "Compare it with the loss itself: nudge the parameter up and down, and see how much the loss of this sample changes.")


def _head(f: Frame, reading: NeuronReading) -> None:
    """The name, and the button that lets go."""
    imgui.align_text_to_frame_padding()
    room = imgui.get_content_region_avail().x - f.px(34)
    name = neuron_name(f, reading)
    imgui.text_unformatted(elide(name, room))
    tip(f, f"Neuron id {reading.neuron}: its place among all neurons, layer {reading.layer}, number {reading.index} (from 0).")
    imgui.same_line(right_edge() - f.px(24))
    if icon_button(f, fa.ICON_FA_XMARK, "unpick", "Let go of this neuron (Esc)", size=24):
        f.do("pick", None)
    if reading.label:
        imgui.push_style_color(imgui.Col_.text, _ACCENT)
        imgui.text_unformatted(elide(reading.label, imgui.get_content_region_avail().x))
        imgui.pop_style_color()
        tip(f, "What this output stands for.")


def _inset(f: Frame, reading: NeuronReading) -> None:
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
