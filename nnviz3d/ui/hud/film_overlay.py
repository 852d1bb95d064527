"""What a film writes into its picture: a caption, the numbers of the run, a line for editors, and the picked neuron's equation."""

from __future__ import annotations

import math

from imgui_bundle import imgui

from nnviz3d.spec.readout import NeuronReading
from nnviz3d.ui.core import theme
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.names import cell, layer_name
from nnviz3d.ui.core.widgets import elide, floating, small
from nnviz3d.ui.equations import neuron_equations, updates
from nnviz3d.ui.equations.equation_draw import Lines
from nnviz3d.ui.equations.sections import ACTIVATION, ERROR, GRADIENT, UPDATE, there
from nnviz3d.ui.hud import film_chart
from nnviz3d.ui.hud.transport import broken, metrics

CARD, TALL = 300.0, 330.0  # the equation's width, and its height where it stands below the network
CORNER, PAD = 22.0, 12.0
CAPTION, MORE = 88.0, 27.0  # what caption and numbers take at the bottom; more in a tall picture, where captions have two lines


def room(width: float, height: float, scale: float) -> tuple[float, float]:
    """Shares of the width, at the right, and of the height, at the bottom, that an equation and the words below it take."""
    if height > width:
        return 0.0, min(scale * (CAPTION + MORE + TALL) / height, 0.5)
    return min(scale * (CARD + 2 * PAD + CORNER) / width, 0.5), scale * CAPTION / height


def head(height: float, scale: float) -> float:
    """The share of the height, at the top, that the chart takes."""
    return min(scale * (film_chart.HEIGHT + CORNER) / height, 0.3)


class FilmOverlay:
    """Keeps how the equation was laid out. `settled`: its card was as large as what it holds."""

    def __init__(self):
        self._lines = Lines()
        self.settled = True

    def draw(self, f: Frame) -> None:
        titles, self.settled = f.readout.titles, True
        # nobody can press anything in a film or a still
        sentence = f.readout.sentence.removeprefix("Paused. ").removesuffix(" Press Play to train it.")
        said = (titles.caption, titles.fade) if titles is not None and titles.caption else (sentence, 1.0)
        imgui.push_font(None, theme.LARGE)
        lines = broken(said[0], f.width - 2 * f.px(theme.MARGIN))
        imgui.pop_font()
        y = f.height - f.px(74) - (len(lines) - 1) * f.px(theme.LARGE * 1.25)
        for text in lines:
            _words(f, text, theme.LARGE, theme.TEXT, said[1], f.width / 2, y, 0.5)
            y += f.px(theme.LARGE * 1.25)
        _words(f, metrics(f), theme.BODY, theme.DIM, 1.0, f.width / 2, f.height - f.px(74 - theme.LARGE * 1.45), 0.5)
        if titles is not None and titles.burned:
            _words(f, titles.burned, theme.SMALL, theme.TEXT, 0.9, f.px(CORNER), f.px(CORNER / 3), 0.0)
        if titles is not None and titles.chart > 0:
            film_chart.draw(f, f.px(CORNER), f.px(CORNER), titles.chart)
        if titles is not None and titles.equation > 0 and f.readout.neuron is not None:
            self._equation(f, f.readout.neuron, titles.equation)

    def _equation(self, f: Frame, r: NeuronReading, alpha: float) -> None:
        """Beside the network, or below it in a tall picture: what the neuron does in this phase, with its numbers."""
        walk = f.readout.walk
        kind = walk.kinds[walk.phase] if walk is not None else ""
        sum_ = neuron_equations.title(r)
        parts = [(sum_, sum_, neuron_equations.pre_activation(r)), (ACTIVATION, ACTIVATION, neuron_equations.activation(r))]
        if kind == "backward" and r.delta is not None:
            parts = [(ERROR, "Error signal", neuron_equations.backward(r))]
        elif kind in ("update", "after") and r.step is not None:
            head = "Gradients: {}, {}".format(*updates.columns(r.step))
            parts = [(GRADIENT, head, updates.gradients(r)), (UPDATE, UPDATE, updates.update(r.step.update))]
        imgui.push_style_var(imgui.StyleVar_.alpha, alpha)
        if f.height > f.width:
            floating(f, "##equation", f.width / 2, f.height - f.px(CAPTION + MORE), (0.5, 1.0))
        else:
            floating(f, "##equation", f.width - f.px(CORNER), (f.height - f.px(CAPTION)) / 2 + f.px(CORNER / 2), (1.0, 0.5))
        place = layer_name(f, r.layer).replace("Hidden layer", "Layer")
        imgui.text_unformatted(f"{place}, {cell(f, r.layer, r.index)}" + (f": {r.label}" if r.label else ""))
        imgui.dummy(imgui.ImVec2(f.px(CARD), 0))
        for section, title, lines in parts:
            if lines and there(r, section):
                small(f, title, theme.packed(theme.FAINT))
                self._lines.draw(f, title, lines)
        self.settled = abs(imgui.get_cursor_pos_y() + f.px(9) - imgui.get_style().item_spacing.y - imgui.get_window_size().y) < 1.5
        imgui.end()
        imgui.pop_style_var()


def _words(f: Frame, text: str, size: float, colour: str, alpha: float, x: float, y: float, pivot: float) -> None:
    """A line with a dark rim, so that it can be read over anything."""
    if alpha <= 0:
        return
    draw_list = imgui.get_background_draw_list()
    imgui.push_font(None, size)
    text = elide(text, f.width - 2 * f.px(theme.MARGIN))
    x = round(x - imgui.calc_text_size(text).x * pivot)
    # a film fades evenly only where the rim fades faster than the letters
    for dx, dy in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        at = imgui.ImVec2(x + dx * f.scale, round(y) + dy * f.scale)
        draw_list.add_text(f.fonts.regular, f.font(size), at, theme.packed("#04070f", 0.6 * math.pow(alpha, 1.5)), text)
    draw_list.add_text(f.fonts.regular, f.font(size), imgui.ImVec2(x, round(y)), theme.packed(colour, alpha), text)
    imgui.pop_font()
