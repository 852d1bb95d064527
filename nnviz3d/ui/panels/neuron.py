"""Neuron: the equations of the picked neuron with its live numbers, its function with the point on it, its error signal.

All lines of an equation change together, so that what is printed always belongs to one moment: new numbers are rendered a
few formulas a frame behind the scenes and then swapped in, at most ten times a second.
"""

from __future__ import annotations

import numpy as np
from imgui_bundle import icons_fontawesome_6 as fa
from imgui_bundle import imgui, implot

from nnviz3d.spec.readout import NeuronReading
from nnviz3d.ui import curves, equations, theme
from nnviz3d.ui.equations import Line
from nnviz3d.ui.frame import Frame
from nnviz3d.ui.names import neuron_name
from nnviz3d.ui.numbers import plain
from nnviz3d.ui.widgets import elide, icon_button, right_edge, show_tip, small, tip

TITLE, ICON, HINT, OPEN = "Neuron", fa.ICON_FA_MICROSCOPE, "The equation of one neuron.", True
REFRESH = 0.1  # seconds between two sets of numbers
RENDERS = 3  # formulas rendered in one frame, 0.2 to 0.4 ms each
SIZE = 15.5
_TEXT, _DIM, _FAINT, _ACCENT = (theme.packed(c) for c in (theme.TEXT, theme.DIM, theme.FAINT, theme.ACCENT))
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
        for _, lines in self._coming[1]:
            for line in lines:
                if not f.formulas.has(line.tex, f.px(SIZE)):
                    if not budget:
                        return
                    f.formulas.get(line.tex, f.px(SIZE))
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
        for title, lines in sections:
            imgui.spacing()
            small(f, title, _FAINT)
            largest = max(
                (abs(line.value) for line in lines if line.kind in ("term", "rest", "bias") and line.value == line.value), default=0.0
            )
            for k, line in enumerate(lines):
                _line(f, line, largest, f"{title}{k}", ruled=k > 2)
            if title == "Activation":
                _inset(f, shown)


def _sections(reading: NeuronReading) -> list[tuple[str, list[Line]]]:
    parts = [
        ("Weighted sum", equations.pre_activation(reading)),
        ("Activation", equations.activation(reading)),
        ("Error signal of this sample", equations.backward(reading)),
        ("Gradient of the last step", equations.bias_gradient(reading)),
    ]
    return [(title, lines) for title, lines in parts if lines]


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


def _line(f: Frame, line: Line, largest: float, ident: str, ruled: bool) -> None:
    """Formula at the left, its value at the right, a faint bar for how much it weighs; click goes where it comes from."""
    formula = f.formulas.get(line.tex, f.px(SIZE))
    full, text_height, ascent = imgui.get_content_region_avail().x, imgui.get_text_line_height(), imgui.get_font_baked().ascent
    above = max(ascent, formula.baseline if formula else 0)  # formula and number stand on one baseline
    height = above + max(text_height - ascent, formula.height - formula.baseline if formula else 0) + f.px(2)
    corner = imgui.get_cursor_screen_pos()
    imgui.invisible_button(f"##{ident}", imgui.ImVec2(full, height))
    hovered = imgui.is_item_hovered()
    draw_list = imgui.get_window_draw_list()
    colour = _colour(f, line)
    if hovered and line.neuron is not None:
        end = imgui.ImVec2(corner.x + full, corner.y + height)
        draw_list.add_rect_filled(corner, end, theme.packed(theme.FIELD_HOVER, 0.6), f.px(4))
    inset = f.px(40) if line.kind in ("term", "rest", "bias") else 0.0
    if line.index is not None:
        at = imgui.ImVec2(corner.x, corner.y + above - ascent * theme.SMALL / theme.BODY)
        draw_list.add_text(f.fonts.regular, f.px(theme.SMALL), at, _FAINT, f"{line.letter}={line.index}")
    if line.kind == "result" and ruled:
        draw_list.add_line(corner, imgui.ImVec2(corner.x + full, corner.y), theme.packed(theme.LINE), f.px(1))
    _bar(f, draw_list, line, corner, full, height, largest)
    number = line.printed
    number_width = imgui.calc_text_size(number).x if number else 0.0
    ink = _TEXT if line.kind == "symbols" else _DIM if line.kind in ("rest", "bias", "number") else colour
    if formula is not None:
        _fit(f, draw_list, formula, corner.x + inset, corner.y + above - formula.baseline, full - inset - number_width - f.px(8), ink)
    else:
        text = elide(line.text, full - inset - number_width - f.px(8))
        draw_list.add_text(imgui.ImVec2(corner.x + inset, corner.y + above - ascent), ink, text)
    if number:
        if line.kind == "result":
            number = f"= {number}"
            number_width = imgui.calc_text_size(number).x
        at = imgui.ImVec2(corner.x + full - number_width, corner.y + above - ascent)
        draw_list.add_text(at, _ACCENT if line.kind == "result" else colour, number)
    if hovered and line.tip:
        show_tip(f, line.tip)
    if line.neuron is not None and imgui.is_item_clicked():
        f.do("pick", line.neuron)


def _fit(f: Frame, draw_list, formula, x: float, y: float, room: float, ink: int) -> None:
    """Clipped where it is wider than the panel, rather than drawn over the number."""
    if formula.width > room:
        draw_list.push_clip_rect(imgui.ImVec2(x, y - f.px(4)), imgui.ImVec2(x + room, y + formula.height + f.px(4)), True)
    formula.draw(draw_list, x, y, ink)
    if formula.width > room:
        draw_list.pop_clip_rect()


def _colour(f: Frame, line: Line) -> int:
    if line.value is None or line.kind in ("symbols", "result", "number"):
        return _TEXT
    return theme.packed(f.signs[0] if line.value >= 0 else f.signs[1])


def _bar(f: Frame, draw_list, line: Line, corner, full: float, height: float, largest: float) -> None:
    """|value| relative to the largest of the lines, growing from the right under the number."""
    if line.kind not in ("term", "rest", "bias") or not largest or line.value != line.value:
        return
    width = full * 0.45 * min(1.0, abs(line.value) / largest)
    low = imgui.ImVec2(corner.x + full - width, corner.y + height - f.px(2))
    colour = theme.packed(f.signs[0] if line.value >= 0 else f.signs[1], 0.5)
    draw_list.add_rect_filled(low, imgui.ImVec2(corner.x + full, corner.y + height - f.px(0.5)), colour, f.px(1))


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
