"""Neuron: the equations of what is looked at, with live numbers: a neuron, one weight or bias, or a whole layer.

Whichever was picked last is shown; the names in the head lead from one to the other. Lines are made anew at most ten times a second, all
from one reading, so that what is printed always belongs to one moment.
"""

from __future__ import annotations

import numpy as np
from imgui_bundle import icons_fontawesome_6 as fa
from imgui_bundle import imgui, implot

from nnviz3d.spec.readout import LayerReading, NeuronReading, ParameterEquations, Readout
from nnviz3d.ui import curves, equations, layers, parameters, theme, updates
from nnviz3d.ui.frame import Frame
from nnviz3d.ui.line import Line
from nnviz3d.ui.lines import Lines, columns
from nnviz3d.ui.names import layer_name
from nnviz3d.ui.numbers import plain
from nnviz3d.ui.panels.inputs import Inputs
from nnviz3d.ui.panels.layer import Matrix
from nnviz3d.ui.widgets import elide, icon_button, right_edge, small, tip

TITLE, ICON, HINT, OPEN = "Neuron", fa.ICON_FA_MICROSCOPE, "The equations of a neuron, a weight or a layer.", True
SUM, ACTIVATION, ERROR, GRADIENT, CHECK, UPDATE = "Weighted sum", "Activation", "Error signal of this sample", "Gradient", "Check", "Update"
SHARE, FORWARD, BACKWARD = "Its share of z", "Forward", "Backward"
LAST_STEP = "Gradient of the last step"
FIRST = {  # what happens now stands first
    "update": (UPDATE, GRADIENT, CHECK, ERROR, BACKWARD),
    "error": (ERROR, BACKWARD, GRADIENT, CHECK, UPDATE),
    "gradient": (GRADIENT, CHECK, ERROR, BACKWARD, UPDATE),
}
REFRESH = 0.1  # seconds between two sets of numbers
_FAINT, _ACCENT = theme.packed(theme.FAINT), theme.packed(theme.ACCENT)
_PLOT = implot.Flags_.canvas_only | implot.Flags_.no_inputs
_AXIS = implot.AxisFlags_.no_label | implot.AxisFlags_.no_tick_marks | implot.AxisFlags_.no_tick_labels
Sections = list[tuple[str, list[Line]]]


def subject(r: Readout) -> tuple | None:
    """What is looked at; None: nothing."""
    found = (r.neuron.neuron if r.neuron else -1, r.parameter.parameter if r.parameter else -1, r.whole.layer if r.whole else -1)
    return found if max(found) >= 0 else None


class Neuron:
    """Holds the shown reading with its lines, and which of the three is looked at."""

    def __init__(self):
        self.shown: tuple[object, Sections] | None = None
        self.view = ""  # neuron, weight, layer
        self._subject: tuple = (-1, -1, -1)
        self._since = 0.0
        self._lines, self._inputs, self._matrix = Lines(), Inputs(), Matrix()

    def draw(self, f: Frame) -> None:
        reading = self._look(f.readout)
        if reading is None:
            self.shown = None
            self._matrix.release(f)
            small(f, "Click a neuron to see its equation with live numbers, or a weight's line to see what it does.", wrap=True)
            return
        self._follow(f, reading)
        shown, sections = self.shown
        if self.view != "layer":
            self._matrix.release(f)
        {"neuron": _neuron_head, "weight": _weight_head, "layer": _layer_head}[self.view](f, shown)
        if self.view == "layer":
            self._matrix.draw(f, shown)
        for title, those in _now(f, shown.layer, sections):
            self._section(f, shown, title, those)

    def _look(self, r: Readout):
        """Which reading: that of what was chosen last; when it is let go, of what is left."""
        found, readings = subject(r) or (-1, -1, -1), {"neuron": r.neuron, "weight": r.parameter, "layer": r.whole}
        for k, view in ((0, "neuron"), (2, "layer"), (1, "weight")):
            if found[k] >= 0 and found[k] != self._subject[k]:
                self.view = view
        self._subject = found
        if readings.get(self.view) is None:
            self.view = next((view for view in ("weight", "layer", "neuron") if readings[view] is not None), "")
        return readings.get(self.view)

    def _follow(self, f: Frame, reading) -> None:
        """Take over new numbers: at once for something else, or when something was checked; else ten times a second."""
        self._since += f.dt
        if self.shown is not None and reading is self.shown[0]:
            return
        if self.shown is None or _what(self.shown[0]) != _what(reading) or self._since >= REFRESH:
            self.shown, self._since = (reading, _sections(reading)), 0.0

    def _section(self, f: Frame, reading, title: str, those: list[Line]) -> None:
        if title == CHECK:
            _check_button(f, reading)
        else:
            imgui.spacing()
            update = title == UPDATE and isinstance(reading, NeuronReading)
            room = imgui.get_content_region_avail().x
            imgui.push_font(None, theme.SMALL)
            words = elide(updates.title(reading) if update else _heading(reading, title), room)
            imgui.pop_font()
            small(f, words, _FAINT)
        if title == GRADIENT and isinstance(reading, NeuronReading):
            columns(f, "this sample", "batch mean")
        style = imgui.get_style().item_spacing
        tight = imgui.ImVec2(style.x, f.px(3)) if title in (GRADIENT, UPDATE, FORWARD, BACKWARD) else style
        imgui.push_style_var(imgui.StyleVar_.item_spacing, tight)
        self._lines.draw(f, title, those)
        imgui.pop_style_var()
        if title == SUM and isinstance(reading, NeuronReading):
            self._inputs.draw(f, reading)
        if title == ACTIVATION:
            _inset(f, reading)


def _what(reading) -> tuple:
    """Others have other lines, not only other numbers."""
    if isinstance(reading, NeuronReading):
        return "neuron", reading.neuron, reading.step is None
    if isinstance(reading, ParameterEquations):
        return "weight", reading.parameter, reading.check, reading.update is None
    return "layer", reading.layer


def _sections(reading) -> Sections:
    if isinstance(reading, LayerReading):
        parts = [
            (FORWARD, layers.forward(reading)), (BACKWARD, layers.backward(reading)),
            (GRADIENT, layers.gradient(reading)), (UPDATE, layers.update(reading)),
        ]  # fmt: skip
    elif isinstance(reading, ParameterEquations):
        parts = [
            (SHARE, parameters.share(reading)), (GRADIENT, parameters.gradient(reading)),
            (CHECK, updates.check(reading.check, "w" if reading.source is not None else "b")),
            (UPDATE, updates.update(reading.update) or parameters.change(reading)),
        ]  # fmt: skip
    else:
        parts = [
            (SUM, equations.pre_activation(reading)), (ACTIVATION, equations.activation(reading)), (ERROR, equations.backward(reading)),
        ]  # fmt: skip
        if reading.step is None:
            parts.append((LAST_STEP, equations.bias_gradient(reading)))
        else:
            parts += [(GRADIENT, updates.gradients(reading)), (UPDATE, updates.update(reading.step.update))]
    return [(title, those) for title, those in parts if those or (title == CHECK and reading.sample is not None)]


def _heading(reading, title: str) -> str:
    if isinstance(reading, ParameterEquations) and title == UPDATE:
        return f"Update ({reading.update.optimizer})" if reading.update is not None else "The last step"
    if isinstance(reading, LayerReading) and title == UPDATE and reading.optimizer:
        return f"Update ({reading.optimizer})"
    return title


def _now(f: Frame, layer: int, sections: Sections) -> Sections:
    """Inside a walk, what happens to this layer now stands first: the error, the gradients that it leaves, the update."""
    walk = f.readout.walk
    if walk is None:
        return sections
    at = min(int(walk.number), len(walk.kinds) - 1)
    first = ()
    if walk.kinds[at] == "update":
        first = FIRST["update"]
    elif walk.kinds[at] in ("loss", "backward"):
        arrived = walk.kinds[: at + 1].count("backward") > walk.kinds.count("backward") - layer
        first = FIRST["gradient" if arrived else "error"]
    place = {title: k for k, title in enumerate(first)}
    return sorted(sections, key=lambda section: place.get(section[0], len(first)))


def _check_button(f: Frame, reading: ParameterEquations) -> None:
    """What comes of it stands below it."""
    imgui.push_font(None, theme.SMALL)
    if imgui.button(f"{fa.ICON_FA_SCALE_BALANCED}  Check this gradient##check_gradient"):
        f.do("check", reading.parameter)
    imgui.pop_font()
    tip(f, "Compare it with the loss itself: nudge the number up and down, and see how much the loss of this sample changes.")


# ---------------------------------------------------------------- heads


def _link(f: Frame, text: str, ident: str, hint: str, colour: int = _ACCENT) -> bool:
    """Words that lead somewhere."""
    imgui.push_style_color(imgui.Col_.button, 0)
    imgui.push_style_color(imgui.Col_.text, colour)
    imgui.push_style_var(imgui.StyleVar_.frame_padding, imgui.ImVec2(0, f.px(5)))
    pressed = imgui.button(f"{text}##{ident}")
    imgui.pop_style_var()
    imgui.pop_style_color(2)
    tip(f, hint)
    return pressed


def _arrow(f: Frame, icon: str = fa.ICON_FA_CHEVRON_RIGHT) -> None:
    imgui.same_line(0, f.px(6))
    imgui.align_text_to_frame_padding()
    imgui.push_font(None, 9.0)
    imgui.push_style_color(imgui.Col_.text, _FAINT)
    imgui.text_unformatted(icon)
    imgui.pop_style_color()
    imgui.pop_font()
    imgui.same_line(0, f.px(6))


def _close(f: Frame, command: str, hint: str) -> None:
    imgui.same_line(right_edge() - f.px(24))
    if icon_button(f, fa.ICON_FA_XMARK, "unpick", hint, size=24):
        f.do(command, None)


def _neuron_head(f: Frame, reading: NeuronReading) -> None:
    """Layer, neuron, and the button that lets go."""
    place = f"Neuron id {reading.neuron}: its place among all neurons, layer {reading.layer}, number {reading.index} (from 0)."
    if reading.layer:
        if _link(f, layer_name(f, reading.layer), "whole_layer", "Look at the whole layer: its matrix, all its weights."):
            f.do("choose_layer", reading.layer)
    else:
        imgui.align_text_to_frame_padding()
        imgui.text_unformatted(layer_name(f, 0))
    _arrow(f)
    imgui.align_text_to_frame_padding()
    imgui.text_unformatted(f"neuron {reading.index}")
    tip(f, place)
    _close(f, "pick", "Let go of this neuron (Esc)")
    if reading.label:
        imgui.push_style_color(imgui.Col_.text, _ACCENT)
        imgui.text_unformatted(elide(reading.label, imgui.get_content_region_avail().x))
        imgui.pop_style_color()
        tip(f, "What this output stands for." if reading.layer else "What this input is.")


def _weight_head(f: Frame, reading: ParameterEquations) -> None:
    """The way back to its neuron and its layer; which one it is, and the next one."""
    if _link(f, layer_name(f, reading.layer), "whole_layer", "Look at the whole layer: its matrix, all its weights."):
        f.do("choose_layer", reading.layer)
    _arrow(f)
    if _link(f, f"neuron {reading.index}", "end_neuron", "Look at the neuron that it leads into."):
        f.do("pick", reading.neuron)
    bias = reading.source is None
    word = "bias" if bias else "weight"
    imgui.same_line(0, 0)
    if imgui.get_content_region_avail().x > imgui.calc_text_size(word).x + f.px(24 + 30):  # else the row below says it
        _arrow(f)
        imgui.align_text_to_frame_padding()
        imgui.text_unformatted(word)
    number = f"Parameter {reading.parameter:,} of the network. " + (
        "" if bias else f"In the arrays: weight[{reading.index}, {reading.source_index}]."
    )
    tip(f, number)
    _close(f, "choose", "Let go of this bias" if bias else "Let go of this weight")
    if not bias:
        _from(f, reading)


def _from(f: Frame, reading: ParameterEquations) -> None:
    """ "from neuron [51]": any other weight of the same neuron."""
    if _link(f, "from neuron", "start_neuron", f"Look at neuron {reading.source_index} of {layer_name(f, reading.layer - 1).lower()}."):
        f.do("pick", reading.source)
    imgui.same_line()
    imgui.set_next_item_width(min(f.px(120), imgui.get_content_region_avail().x))
    changed, i = imgui.input_int("##from_neuron", reading.source_index, 1, 10, imgui.InputTextFlags_.enter_returns_true)
    tip(f, f"Any of the {reading.fan_in:,} weights that lead into this neuron, by the number of the neuron it comes from (from 0).")
    first = reading.parameter - reading.source_index
    i = min(max(i, 0), reading.fan_in - 1)
    if changed and i != reading.source_index:
        f.do("choose", first + i)


def _layer_head(f: Frame, reading: LayerReading) -> None:
    imgui.align_text_to_frame_padding()
    imgui.text_unformatted(layer_name(f, reading.layer))
    o, i = reading.shape
    tip(f, f"{o:,} neurons, each with {i:,} weights and a bias: {o * i + o:,} parameters.")
    last = len(f.readout.topology.nodes) - 1
    imgui.same_line(right_edge() - f.px(24 * 3 + 6))
    for icon, by, hint in ((fa.ICON_FA_CHEVRON_LEFT, -1, "The layer before"), (fa.ICON_FA_CHEVRON_RIGHT, 1, "The next layer")):
        if icon_button(f, icon, f"layer{by}", hint, 1 <= reading.layer + by <= last, size=24):
            f.do("choose_layer", reading.layer + by)
        imgui.same_line(0, f.px(3))
    if icon_button(f, fa.ICON_FA_XMARK, "unpick", "Let go of this layer", size=24):
        f.do("choose_layer", None)


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
