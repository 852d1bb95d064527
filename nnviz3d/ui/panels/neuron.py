"""Neuron: the equations of what is looked at, with live numbers: a neuron, one weight or bias, or a whole layer.

Whichever was picked last is shown; the names in the head lead from one to the other. Lines are made again with each reading, all from
one, so that what is printed always belongs to one moment.
"""

from __future__ import annotations

from imgui_bundle import icons_fontawesome_6 as fa
from imgui_bundle import imgui

from nnviz3d.layers.shared.equation_line import Line
from nnviz3d.spec.readout import LayerReading, MatrixReading, NeuronReading, ParameterEquations, Readout
from nnviz3d.ui.core import theme
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.widgets import elide, small, tip
from nnviz3d.ui.equations import neuron_equations, shares, updates, window_grids
from nnviz3d.ui.equations.equation_draw import Lines, columns
from nnviz3d.ui.equations.sections import (
    ACTIVATION,
    BACKWARD,
    CHECK,
    FORWARD,
    GRADIENT,
    SUM,
    UPDATE,
    Reading,
    Sections,
    heading,
    ordered,
    sections,
    there,
)
from nnviz3d.ui.panels import kernels, neuron_curve, neuron_head
from nnviz3d.ui.panels.input_list import InputList
from nnviz3d.ui.panels.inputs import Inputs
from nnviz3d.ui.panels.layer_detail import Matrix

TITLE, ICON, HINT, OPEN = "Neuron", fa.ICON_FA_MICROSCOPE, "The equations of a neuron, a weight or a layer.", True
_FAINT = theme.packed(theme.FAINT)


def subject(r: Readout) -> tuple | None:
    """What is looked at; None: nothing."""
    found = (r.neuron.neuron if r.neuron else -1, r.parameter.parameter if r.parameter else -1, r.whole.layer if r.whole else -1)
    return found if max(found) >= 0 else None


class Neuron:
    """Holds the shown reading with its lines, and which of the three is looked at."""

    def __init__(self):
        self.shown: tuple[Reading, Sections] | None = None
        self.view = ""  # neuron, weight, layer
        self._subject: tuple = (-1, -1, -1)
        self._lines, self._inputs, self._matrix, self._all = Lines(), Inputs(), Matrix(), InputList()

    def draw(self, f: Frame) -> None:
        reading = self._look(f.readout)
        if reading is None:
            self.shown = None
            self._matrix.release(f)
            small(f, "Click a neuron to see its equation with live numbers, or an edge to see its weight.", wrap=True)
            return
        shown, parts = self._follow(reading)
        if not isinstance(shown, MatrixReading):
            self._matrix.release(f)
        if isinstance(shown, NeuronReading):
            neuron_head.neuron(f, shown)
        elif isinstance(shown, ParameterEquations):
            neuron_head.weight(f, shown)
        else:
            neuron_head.layer(f, shown)
        if isinstance(shown, MatrixReading):
            self._matrix.draw(f, shown)
        elif isinstance(shown, LayerReading) and shown.kernels is not None:
            kernels.draw(f, shown, shown.kernels)
        self._all.draw(f, shown)
        for title, lines in ordered(f.readout.walk, shown.layer, parts):
            self._section(f, shown, title, lines)

    def _look(self, r: Readout) -> Reading | None:
        """Which reading: that of what was chosen last; when it is let go, of what is left."""
        found, readings = subject(r) or (-1, -1, -1), {"neuron": r.neuron, "weight": r.parameter, "layer": r.whole}
        for k, view in ((0, "neuron"), (2, "layer"), (1, "weight")):
            if found[k] >= 0 and found[k] != self._subject[k]:
                self.view = view
        self._subject = found
        if readings.get(self.view) is None:
            self.view = next((view for view in ("weight", "layer", "neuron") if readings[view] is not None), "")
        return readings.get(self.view)

    def _follow(self, reading: Reading) -> tuple[Reading, Sections]:
        """Take over new numbers."""
        shown = self.shown
        if shown is None or reading is not shown[0]:
            self.shown = shown = reading, sections(reading)
        return shown

    def _section(self, f: Frame, reading: Reading, title: str, lines: list[Line]) -> None:
        if title == CHECK and isinstance(reading, ParameterEquations) and there(reading, title):
            _check_button(f, reading)
        else:
            imgui.spacing()
            room = imgui.get_content_region_avail().x
            imgui.push_font(None, theme.SMALL)
            words = elide(heading(reading, title), room)
            imgui.pop_font()
            small(f, words, _FAINT)
        known = there(reading, title)
        if title == GRADIENT and isinstance(reading, NeuronReading) and reading.step is not None and known:
            columns(f, *updates.columns(reading.step))
        style = imgui.get_style().item_spacing
        tight = imgui.ImVec2(style.x, f.px(3)) if title in (GRADIENT, UPDATE, FORWARD, BACKWARD) else style
        imgui.push_style_var(imgui.StyleVar_.item_spacing, tight)
        if isinstance(reading, NeuronReading) and reading.window is not None and title == neuron_equations.title(reading) and known:
            window_grids.draw(f, reading, reading.window)
        self._lines.draw(f, title, lines)
        imgui.pop_style_var()
        if title == SUM and isinstance(reading, NeuronReading) and known:
            self._inputs.draw(f, reading)
        if title == ACTIVATION and isinstance(reading, NeuronReading) and known:
            if reading.shares is not None:
                shares.draw(f, reading.shares)
            neuron_curve.draw(f, reading)


def _check_button(f: Frame, reading: ParameterEquations) -> None:
    """What comes of it stands below it."""
    imgui.push_font(None, theme.SMALL)
    if imgui.button(f"{fa.ICON_FA_SCALE_BALANCED}  Check this gradient##check_gradient"):
        f.do("check", reading.parameter)
    imgui.pop_font()
    tip(
        f,
        "Compare it with the loss itself: change the parameter slightly up and down, and measure how much the loss of this sample changes.",
    )
