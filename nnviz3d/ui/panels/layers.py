"""Layers: how each layer's numbers develop. Three views: their spread over the steps, the gradient from layer to layer, the size of steps.

Holds what is prepared for drawing until the reading is another one; while it is scrolled away nothing is prepared or drawn.
"""

from __future__ import annotations

import numpy as np
from imgui_bundle import icons_fontawesome_6 as fa
from imgui_bundle import imgui, implot

from nnviz3d.spec.number_text import count, short
from nnviz3d.spec.readout import LayersReading
from nnviz3d.ui.core import histogram_image, part_rows, plots, theme
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.plots import PLOT, line_spec
from nnviz3d.ui.core.texture import Bitmap, ramp
from nnviz3d.ui.core.widgets import combo, elide, small, tip
from nnviz3d.ui.panels.folded_layers import FoldedLayers, Folding
from nnviz3d.ui.panels.layer_plots import HEIGHT, Flow, Ratio, room, until

TITLE, ICON, HINT, OPEN = "Layers", fa.ICON_FA_LAYER_GROUP, "Weights, gradients and activations of each layer, over the steps.", False
VIEWS = {
    "values": ("Values", "The distribution of a layer's weights, gradients or activations over the steps."),
    "flow": ("Gradient flow", "How large the gradient is in each layer, from the input to the output."),
    "ratio": ("Update size", "How far one step changes each layer's weights."),
}
QUANTITIES = {"weight": "weights", "gradient": "gradients", "activation": "activations"}
ROWS, COLUMNS = 80, 256  # texels of the picture
COLOURS = ramp((0, "#3a2a14", 0.0), (0.04, "#4a3416", 0.5), (0.5, "#b3762c", 0.9), (1, "#ffdf9e", 1.0))
SHARES = (0.05, 0.5, 0.95)


class Layers:
    """Remembers the view, the quantity and the layer that are looked at."""

    def __init__(self):
        self.view, self.quantity, self.layer = "values", "weight", 0
        self.log = {"weight": False, "gradient": True, "activation": False}
        self.spread, self.flow, self.ratio = SpreadPlot(), Flow(), Ratio()
        self.folding = Folding()
        self._followed = -1

    def draw(self, f: Frame) -> None:
        if f.readout.layer != self._followed:  # a layer chosen on the stage is shown here too
            self._followed = f.readout.layer
            weighted = [node.number for node in f.readout.topology.nodes if node.weight is not None]
            self.layer = weighted.index(f.readout.layer) if f.readout.layer in weighted else 0
        f.wants["layers"] = (self.quantity, self.layer)
        self._tabs(f)
        reading = f.readout.layers
        if reading is None:
            small(f, "Computing …")
            return
        folded = self.folding.of(reading, f.readout.topology, f.readout.opened)
        if self.view == "values":
            self._choices(f, reading, folded is not None)
            if (reading.quantity, reading.layer) != (self.quantity, min(self.layer, len(reading.names) - 1)):
                imgui.dummy(imgui.ImVec2(1, f.px(HEIGHT)))  # the next frame has it
            elif len(reading.seen_t):
                self.spread.draw(f, reading, self.log[self.quantity])
            else:
                small(
                    f, "There is no gradient before the first training step." if self.quantity == "gradient" else "Computing …", wrap=True
                )
        else:
            (self.flow if self.view == "flow" else self.ratio).draw(f, folded or reading)
        if folded is not None:
            self._rows(f, folded)

    def _rows(self, f: Frame, r: FoldedLayers) -> None:
        """The layers as the Outline folds them, with what the view shows of each; a click chooses one."""
        whole = r.whole
        if self.view == "values":
            what, values_tl, step_t = f"root mean square of the {QUANTITIES[whole.quantity]}", whole.rms_tl, whole.seen_t
        elif self.view == "flow":
            what, values_tl, step_t = "root mean square of the gradient", whole.gradient_tl, whole.step_t
        else:
            what, values_tl, step_t = "change in one step / size of the weights", whole.ratio_tl, whole.step_t
        moments = until(step_t, f.readout.step)
        known = np.zeros(0, int) if values_tl is None else np.flatnonzero(np.isfinite(values_tl[:moments]).any(1))
        if values_tl is None or not len(known):
            return
        inks = self.ratio.inks(r) if self.view == "ratio" else {}
        picked = part_rows.draw(f, "parts", r.lines, values_tl[known[-1]], what, self.layer if self.view == "values" else -1, inks)
        if picked >= 0:
            self.layer, self.view = picked, "values"

    def _tabs(self, f: Frame) -> None:
        """One of three, as wide as the panel."""
        gap = f.px(3)
        width = (imgui.get_content_region_avail().x - gap * (len(VIEWS) - 1)) / len(VIEWS)
        imgui.push_font(None, theme.SMALL)
        for k, (view, (title, hint)) in enumerate(VIEWS.items()):
            if k:
                imgui.same_line(0, gap)
            on = view == self.view
            if on:
                imgui.push_style_color(imgui.Col_.button, theme.packed(theme.FIELD_ACTIVE))
            imgui.push_style_color(imgui.Col_.text, theme.packed(theme.TEXT if on else theme.DIM))
            if imgui.button(f"{title}##{view}", imgui.ImVec2(width, 0)):
                self.view = view
            imgui.pop_style_color(2 if on else 1)
            tip(f, hint)
        imgui.pop_font()

    def _choices(self, f: Frame, reading: LayersReading, listed: bool) -> None:
        """`listed`: layers are chosen in the list below."""
        width = (imgui.get_content_region_avail().x - f.px(6)) / 2
        imgui.set_next_item_width(width)
        picked = combo("##quantity", self.quantity, tuple(QUANTITIES), QUANTITIES)
        self.quantity = picked or self.quantity
        tip(
            f,
            "The quantity to plot. Activations are those of up to 256 samples of the test set (of the training set if there is no test "
            "set).",
        )
        imgui.same_line(0, f.px(6))
        imgui.set_next_item_width(width)
        if listed:
            small(f, elide(reading.names[min(self.layer, len(reading.names) - 1)], width))
        else:
            names = {str(k): name for k, name in enumerate(reading.names)}
            picked = combo("##layer", str(min(self.layer, len(names) - 1)), tuple(names), names)
            self.layer = self.layer if picked is None else int(picked)
        tip(f, "The layer to plot. A layer selected in the picture is shown here too.")
        _, self.log[self.quantity] = imgui.checkbox("log axis", self.log[self.quantity])
        tip(f, "Signed logarithmic axis: each line is ten times the previous one, in both directions from zero.")


class SpreadPlot:
    """One layer's histograms over the steps as a picture, with the 5 %, 50 % and 95 % lines."""

    def __init__(self):
        self.bitmap = Bitmap()
        self._of: tuple | None = None

    def draw(self, f: Frame, r: LayersReading, log: bool) -> None:
        imgui.same_line(0, f.px(14))
        imgui.align_text_to_frame_padding()
        _words(f, r)
        if not room(f):
            return
        last = max(float(r.seen_t[-1]), 1.0)
        if self._of is None or self._of[0] is not r or self._of[1] != log:
            self._of = (r, log)
            self._prepare(r, log, last)
        self._plot(f, r, last)
        small(f, "brighter: more common value; lines: 5 %, median, 95 %", theme.packed(theme.FAINT))

    def _prepare(self, r: LayersReading, log: bool, last: float) -> None:
        self.axis = histogram_image.axis(r.low_t, r.high_t, r.count_tb, log)
        low, high = (float(self.axis.to(v)) for v in (self.axis.low, self.axis.high))
        self.range = low, high if high > low else low + 1.0
        shares = histogram_image.density(r.low_t, r.high_t, r.count_tb, self.axis.back(np.linspace(*self.range, ROWS + 1)))
        self.bitmap.write(histogram_image.picture(shares, histogram_image.columns(r.seen_t, last, COLUMNS), COLOURS))
        self.lines_qt = histogram_image.quantiles(r.low_t, r.high_t, r.count_tb, SHARES)
        self.places = [np.ascontiguousarray(np.clip(self.axis.to(line), *self.range)) for line in self.lines_qt]
        self.ticks = self.axis.ticks() if log else None

    def _plot(self, f: Frame, r: LayersReading, last: float) -> None:
        imgui.push_font(None, theme.SMALL)
        if implot.begin_plot("##spread", imgui.ImVec2(-1, f.px(HEIGHT)), PLOT):
            plots.steps_axis(last)
            implot.setup_axis_limits(implot.ImAxis_.y1, *self.range, implot.Cond_.always)
            if self.ticks:
                implot.setup_axis_ticks(implot.ImAxis_.y1, *self.ticks)
            else:
                implot.setup_axis_format(implot.ImAxis_.y1, "%.2g")
            low, high = implot.Point(0, self.range[0]), implot.Point(last, self.range[1])
            implot.plot_image("##picture", self.bitmap.ref, low, high)
            for k, line in enumerate(self.places):
                if len(line) > 1:
                    implot.plot_line(
                        f"##{k}", r.seen_t, line, spec=line_spec(theme.TEXT, f.px(1.4 if k == 1 else 1), 0.9 if k == 1 else 0.35)
                    )
            if f.readout.step < r.seen_t[-1]:
                plots.now(f, theme.ACCENT, 1, 0.8)
            self._hover(r)
            implot.end_plot()
        imgui.pop_font()

    def _hover(self, r: LayersReading) -> None:
        if not implot.is_plot_hovered():
            return
        mouse = implot.get_plot_mouse_pos()
        k = int(np.searchsorted(r.seen_t, mouse.x, side="right")) - 1
        if k < 0:
            return
        low, middle, high = (short(float(v)) for v in self.lines_qt[:, k])
        about = float(self.axis.back(np.clip(mouse.y, *self.range)))
        least, most, size = (short(float(v[k])) for v in (r.low_t, r.high_t, r.rms_t))
        imgui.set_tooltip(
            f"step {r.seen_t[k]:,.0f}\nhalf lie below {middle}, 90 % between {low} and {high}\n"
            f"all lie between {least} and {most}\nroot mean square {size}\nthe pointer is at {short(about)}"
        )


def _words(f: Frame, r: LayersReading) -> None:
    """How large they are now, and of how many numbers that is known."""
    small(f, f"rms {short(float(r.rms_t[until(r.seen_t, f.readout.step) - 1]))}")
    if r.quantity == "activation":
        of = f"activations of {count(r.rows)} samples" if r.rows else "activations of the shown sample"
    else:
        of = "weights' gradients in the last batch" if r.quantity == "gradient" else "weights"
    seen = f"All {count(r.total)}" if r.seen == r.total else f"{count(r.seen)} of the {count(r.total)}, spread evenly: the"
    tip(f, f"Root mean square at the last measurement. {seen} {of} are measured, at most seven times per second.")
