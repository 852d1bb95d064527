"""The two views of the Layers section that are lines: the gradient from layer to layer, and the size of a step over the steps."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from imgui_bundle import imgui, implot

from nnviz3d.spec.number_text import short
from nnviz3d.spec.readout import LayersReading
from nnviz3d.ui.core import histogram_image, plots, theme
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.plots import PLOT, line_spec
from nnviz3d.ui.core.widgets import elide, small, tip
from nnviz3d.ui.panels.folded_layers import FoldedLayers

HEIGHT = 150  # unscaled pixels
SHOWN, NAMED = 12, 6  # layers that have a line of their own; layers whose line is named
TICKS = 6
TRAIL = 5  # earlier moments that stay behind as faint lines
RULE, DASHES = 1e-3, 30
FLOW = (
    "Root mean square of the gradient of the layer's weights, in the step's batch, before clipping. If it falls by a factor of 1,000 "
    "from output to input, the gradient vanishes: the first layers hardly learn. If it grows by as much, the gradient explodes."
)
SIZE = (
    "Root mean square of a layer's last change, over that of its weights. Rule of thumb: about 1 in 1,000 (the dashed line) "
    "is healthy. Far above, steps are so large that earlier learning is lost; far below, the layer hardly learns."
)
FIRST, MIDDLE, LAST = "#7388c0", "#e8ecf5", theme.ACCENT  # from the input to the output; distinguishable by brightness too


def colour(k: int, layers: int) -> str:
    """Of layer k of so many."""
    at = 2 * k / max(layers - 1, 1)
    a, b = (FIRST, MIDDLE) if at < 1 else (MIDDLE, LAST)
    mixed = [x + (y - x) * (at - (at >= 1)) for x, y in zip(theme.rgb(a), theme.rgb(b), strict=True)]
    return "#" + "".join(f"{round(255 * c):02x}" for c in mixed)


def until(step_t: np.ndarray, step: float) -> int:
    """How many moments lie at or before this step, at least one: who has gone back sees the numbers of there."""
    return max(int(np.searchsorted(step_t, step, side="right")), 1)


def decades(values: np.ndarray, *more: float) -> tuple[float, float]:
    """Limits of a logarithmic axis over the finite values above zero: at least two decades, with air."""
    known = np.concatenate([values[np.isfinite(values) & (values > 0)], more])
    low, high = (float(known.min()), float(known.max())) if len(known) else (1e-3, 1.0)
    low = max(low, high * 1e-12)
    air = max(1.5, (100 * low / high) ** 0.5)
    return max(low / air, 1e-300), high * air


class PlotLines(ABC):
    """A view that is lines. What is drawn is prepared when the reading, or the moment one is at, is another one."""

    limits: tuple[float, float]  # of the upright axis, with its ticks and their names: what `_prepare` found
    ticks: tuple[list[float], list[str]]

    def __init__(self):
        self._of: tuple = (None, 0)

    def draw(self, f: Frame, r: LayersReading) -> None:
        moments = until(r.step_t, f.readout.step)
        if self._of[0] is not r or self._of[1] != moments:
            self._of = r, moments
            self._prepare(r, moments)
        if self._head(f, r) and room(f):
            self._plot(f, r)
            self._foot(f, r)

    @abstractmethod
    def _prepare(self, r: LayersReading, moments: int) -> None:
        """Of a reading, up to one of its moments."""

    @abstractmethod
    def _head(self, f: Frame, r: LayersReading) -> bool:
        """A line above the plot; whether there is one."""

    @abstractmethod
    def _plot(self, f: Frame, r: LayersReading) -> None: ...

    @abstractmethod
    def _foot(self, f: Frame, r: LayersReading) -> None: ...

    def _decades(self) -> None:
        implot.setup_axis_scale(implot.ImAxis_.y1, implot.Scale_.log10)
        implot.setup_axis_limits(implot.ImAxis_.y1, *self.limits, implot.Cond_.always)
        implot.setup_axis_ticks(implot.ImAxis_.y1, *self.ticks)


def room(f: Frame) -> bool:
    """Whether the plot can be seen; where it cannot, its place is kept."""
    seen = imgui.is_rect_visible(imgui.ImVec2(10, f.px(HEIGHT)))
    if not seen:
        imgui.dummy(imgui.ImVec2(1, f.px(HEIGHT)))
    return seen


class Flow(PlotLines):
    """The gradient's root mean square in each layer's weights: now, and faintly at some moments before."""

    def _head(self, f: Frame, r: LayersReading) -> bool:
        if not self.rows:
            small(f, "There is no gradient before the first training step.", wrap=True)
            return False
        now = r.gradient_tl[self.rows[-1]]
        first, last = float(now[0]), float(now[-1])
        small(f, f"first layer {short(first)}, last {short(last)}" if len(now) > 1 else f"the only layer: {short(last)}")
        tip(f, FLOW)
        return True

    def _foot(self, f: Frame, r: LayersReading) -> None:
        before = ", ".join(f"{r.step_t[k]:,.0f}" for k in self.rows[:-1])
        small(f, f"faint: at step {before}" if before else "one measurement so far", theme.packed(theme.FAINT))

    def _prepare(self, r: LayersReading, moments: int) -> None:
        known = np.flatnonzero((r.gradient_tl[:moments] > 0).any(1))
        self.rows = known[np.unique(np.linspace(0, len(known) - 1, TRAIL + 1).astype(int))].tolist() if len(known) else []
        ends = np.stack([r.least_tl, r.largest_tl]) if isinstance(r, FoldedLayers) else r.gradient_tl[None]
        self.limits = decades(ends[:, self.rows])
        self.ticks = histogram_image.powers(*self.limits, TICKS)
        self.x = np.arange(1, len(r.names) + 1, dtype=float)

    def _plot(self, f: Frame, r: LayersReading) -> None:
        layers = len(r.names)
        imgui.push_font(None, theme.SMALL)
        if implot.begin_plot("##flow", imgui.ImVec2(-1, f.px(HEIGHT)), PLOT):
            implot.setup_axes("layer", "", plots.NAMED | implot.AxisFlags_.no_grid_lines, plots.PLAIN)
            implot.setup_axis_limits(implot.ImAxis_.x1, 0.6, layers + 0.4, implot.Cond_.always)
            shown = range(layers) if layers <= 6 else sorted({*range(0, layers, -(-layers // 6)), layers - 1})
            names = [r.names[k] if layers <= 4 else r.names[k].replace("hidden ", "").replace("output", "out") for k in shown]
            implot.setup_axis_ticks(implot.ImAxis_.x1, [k + 1.0 for k in shown], names)
            self._decades()
            for n, k in enumerate(self.rows):
                now = k == self.rows[-1]
                y = r.gradient_tl[k]
                known = y > 0
                look = (
                    line_spec(theme.ACCENT, f.px(2), 1.0, True)
                    if now
                    else line_spec(theme.CURVE_TEST, f.px(1.2), 0.15 + 0.08 * n, layers == 1)
                )
                implot.plot_line(f"##{n}", self.x[known], y[known], spec=look)
            if isinstance(r, FoldedLayers):
                _ranges(f, r, self.rows[-1])
            if implot.is_plot_hovered():
                k = min(max(round(implot.get_plot_mouse_pos().x) - 1, 0), layers - 1)
                lines = [f"step {r.step_t[row]:,.0f}: {short(float(r.gradient_tl[row, k]))}" for row in reversed(self.rows)]
                imgui.set_tooltip("\n".join([f"{r.names[k]}: root mean square of the gradient", *lines]))
            implot.end_plot()
        imgui.pop_font()


def _ranges(f: Frame, r: FoldedLayers, row: int) -> None:
    """From the least to the largest gradient in each closed part."""
    for k, line in enumerate(r.charted):
        low, high = r.least_tl[row, k], r.largest_tl[row, k]
        if len(line.members) > 1 and high > 0:
            ends = np.array([max(low, high * 1e-12), high])
            implot.plot_line(f"##range{k}", np.full(2, k + 1.0), ends, spec=line_spec(theme.ACCENT, f.px(4), 0.35))


class Ratio(PlotLines):
    """Root mean square of one step's change over that of the weights, a line a layer."""

    def inks(self, r: FoldedLayers) -> dict[str, str]:
        """The colours of lines that are drawn."""
        return {r.charted[k].name: colour(k, len(r.charted)) for k in self.shown}

    def _head(self, f: Frame, r: LayersReading) -> bool:
        if not len(self.newest):
            small(f, "It starts with the first training step.", wrap=True)
            return False
        small(f, "change in one step / size of the weights")
        tip(f, SIZE)
        return True

    def _prepare(self, r: LayersReading, moments: int) -> None:
        layers = len(r.names)
        self.shown = np.unique(np.linspace(0, layers - 1, min(layers, SHOWN)).astype(int)).tolist()
        self.lines = []
        for k in self.shown:
            known = r.ratio_tl[:, k] > 0
            self.lines.append((r.step_t[known], np.ascontiguousarray(r.ratio_tl[known, k])))
        self.limits = decades(r.ratio_tl[:, self.shown], RULE)
        self.ticks = histogram_image.powers(*self.limits, TICKS)
        known = np.flatnonzero(np.isfinite(r.ratio_tl[:moments]).any(1))
        self.newest = r.ratio_tl[known[-1]] if len(known) else np.zeros(0)

    def _plot(self, f: Frame, r: LayersReading) -> None:
        layers, last = len(r.names), max(float(r.step_t[-1]), 1.0)
        imgui.push_font(None, theme.SMALL)
        if implot.begin_plot("##ratio", imgui.ImVec2(-1, f.px(HEIGHT)), PLOT):
            plots.steps_axis(last)
            self._decades()
            for k, (x, y) in zip(self.shown, self.lines, strict=True):
                if len(x):
                    implot.plot_line(f"##{k}", x, y, spec=line_spec(colour(k, layers), f.px(1.5), 0.95, len(x) == 1))
            if f.readout.step < r.step_t[-1]:
                plots.now(f, theme.ACCENT, 1, 0.8)
            _dashes(last)
            if implot.is_plot_hovered():
                k = max(int(np.searchsorted(r.step_t, implot.get_plot_mouse_pos().x, side="right")) - 1, 0)
                named = self.shown if len(self.shown) <= NAMED else self.shown[:: -(-len(self.shown) // NAMED)]
                lines = [f"{r.names[n]}: {short(float(r.ratio_tl[k, n]))}" for n in named]
                imgui.set_tooltip("\n".join([f"step {r.step_t[k]:,.0f}", *lines]))
            implot.end_plot()
        imgui.pop_font()

    def _foot(self, f: Frame, r: LayersReading) -> None:
        """Each line with its newest number, or only the ends of the colours where there are many."""
        if isinstance(r, FoldedLayers):
            return  # the list says it
        layers = len(r.names)
        named = list(range(layers)) if layers <= NAMED else [0, layers - 1]
        right = imgui.get_cursor_screen_pos().x + imgui.get_content_region_avail().x
        imgui.push_font(None, theme.SMALL)
        for k in named:
            text = f"{r.names[k]} {short(float(self.newest[k]))}"
            width = imgui.calc_text_size(text).x + f.px(16)
            if k and imgui.get_item_rect_max().x + f.px(12) + width < right:
                imgui.same_line(0, f.px(12))
            at, line = imgui.get_cursor_screen_pos(), imgui.get_text_line_height()
            y = at.y + line * 0.55
            ink = theme.packed(colour(k, layers))
            imgui.get_window_draw_list().add_line(imgui.ImVec2(at.x, y), imgui.ImVec2(at.x + f.px(11), y), ink, f.px(2.5))
            imgui.set_cursor_pos_x(imgui.get_cursor_pos_x() + f.px(16))
            small(f, elide(text, right - at.x - f.px(16)))
        if layers > NAMED:
            small(
                f, f"from the first to the last of {layers} layers, {len(self.shown)} of them drawn", theme.packed(theme.FAINT), wrap=True
            )
        imgui.pop_font()


def _dashes(last: float) -> None:
    """The rule of thumb, dashed: it is no measurement."""
    ends = np.linspace(0, last, 2 * DASHES)
    implot.plot_line("##rule", ends, np.full(len(ends), RULE), spec=line_spec(theme.TEXT, 1.0, 0.6, flags=implot.LineFlags_.segments))
