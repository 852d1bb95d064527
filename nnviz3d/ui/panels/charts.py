"""Charts: loss and accuracy over the steps, train and test, by ImPlot. Curves are reduced to the width of the plot."""

from __future__ import annotations

from imgui_bundle import icons_fontawesome_6 as fa
from imgui_bundle import imgui, implot

from nnviz3d.spec.number_text import percent, short
from nnviz3d.ui.core import plots, theme
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.downsample import Series
from nnviz3d.ui.core.number_field import Accepted, dragged
from nnviz3d.ui.core.plots import PLOT, line_spec
from nnviz3d.ui.core.units import loss_unit, rmse_words
from nnviz3d.ui.core.widgets import dim, right_edge, small, tip

TITLE, ICON, HINT, OPEN = "Charts", fa.ICON_FA_CHART_LINE, "Loss and accuracy so far.", True
REFRESH = 0.1  # seconds
_BARE = implot.AxisFlags_.no_label | implot.AxisFlags_.no_tick_labels


class ChartsPanel:
    """Holds the reduced curves, which are renewed ten times a second while they grow, and at once where they are other ones."""

    def __init__(self):
        self._since, self._seen, self._last = REFRESH, 0, 0
        self.loss, self.test = Series(), Series()
        self.train_accuracy, self.test_accuracy = Series(), Series()

    def draw(self, f: Frame) -> None:
        self._follow(f)
        if len(self.loss.x) < 2 and len(self.test.x) < 2:
            small(f, f.readout.reasons.play or "The curves start with the next training steps.", wrap=True)
            return
        r = f.readout
        scored, when = r.scores.words(r.class_names), r.scores.tested(r.step)
        if r.compare is not None:
            small(f, "Of network A. Both networks' loss is under Compare.", wrap=True)
        if len(self.test_accuracy.x):
            self._head(
                f,
                "Accuracy",
                percent(r.train_accuracy),
                f"{percent(r.test_accuracy)} {when}".rstrip(),
                f"Accuracy (share of correct answers) on each set. {scored}",
            )
            self._plot(f, "##accuracy", self.train_accuracy, self.test_accuracy, False, accuracy=True)
            imgui.spacing()
        self._head(
            f,
            "Loss",
            short(r.loss),
            f"{short(r.test_loss)} {when}".rstrip(),
            f"Mean loss per sample ({loss_unit(r)}), over the training steps: the quantity that training minimises. The test set: {scored}",
        )
        if r.error is not None:
            reading = f"{r.error.text(r.test_loss)} {when}".rstrip()
            self._head(f, "RMSE", r.error.text(r.loss), reading, f"The same losses in the target's unit.{rmse_words(r)}")
        self._plot(f, "##loss", self.loss, self.test, f.memory.log_loss)
        self._switches(f)

    def _follow(self, f: Frame) -> None:
        c = f.readout.charts
        self._since += f.dt
        if self._since < REFRESH and len(c.train_step) >= self._seen > 1 and f.readout.running:
            return
        self._since, self._seen = 0.0, len(c.train_step)
        self._last = int(c.train_step[-1]) if self._seen else 0
        self.loss.update(c.train_step, c.train_loss)
        self.test.update(c.test_step, c.test_loss)
        self.train_accuracy.update(c.test_step, c.train_accuracy)
        self.test_accuracy.update(c.test_step, c.test_accuracy)

    def _head(self, f: Frame, name: str, train: str, test: str, hint: str) -> None:
        imgui.text_unformatted(name)
        tip(f, hint)
        imgui.push_font(None, theme.SMALL)
        train, test = f"train {train}", f"test {test}"
        mark, gap = f.px(14), f.px(12)
        width = imgui.calc_text_size(train).x + imgui.calc_text_size(test).x + 2 * mark + gap
        named = imgui.get_item_rect_size().x + gap
        if named <= (begin := right_edge() - width):
            imgui.same_line(begin)
        else:  # a line of its own where the panel is narrow
            imgui.set_cursor_pos_x(max(imgui.get_cursor_pos_x(), begin))
        for text, colour in ((train, theme.CURVE_TRAIN), (test, theme.CURVE_TEST)):
            at, line = imgui.get_cursor_screen_pos(), imgui.get_text_line_height()
            low = imgui.ImVec2(at.x, at.y + line * 0.62)
            ink = theme.packed(colour)
            imgui.get_window_draw_list().add_line(low, imgui.ImVec2(at.x + f.px(9), low.y), ink, f.px(2.5))
            imgui.set_cursor_pos_x(imgui.get_cursor_pos_x() + mark)
            dim(text)
            imgui.same_line(0, gap)
        imgui.new_line()
        imgui.pop_font()

    def _plot(self, f: Frame, name: str, train: Series, test: Series, log: bool, accuracy: bool = False) -> None:
        imgui.push_font(None, theme.SMALL)
        if implot.begin_plot(name, imgui.ImVec2(-1, f.px(112 if accuracy else 130)), PLOT):
            last = max(float(train.x[-1]) if len(train.x) else 1.0, float(test.x[-1]) if len(test.x) else 1.0, 1.0)
            plots.steps_axis(last, more=_BARE if accuracy else 0)  # the plot below has the same axis
            if accuracy:
                low = min(s.lowest if len(s.x) and s.lowest == s.lowest else 1.0 for s in (train, test))  # nan: never measured
                implot.setup_axis_limits(implot.ImAxis_.y1, 0 if low < 0.5 else 0.5 if low < 0.8 else 0.8, 1.01, implot.Cond_.always)
                implot.setup_axis_format(implot.ImAxis_.y1, "%.2g")
            else:
                plots.loss_axis((train, test), log)
            self._curve(f, "train", train, theme.CURVE_TRAIN, f.memory.smoothing if not accuracy else 0.0, log)
            self._curve(f, "test", test, theme.CURVE_TEST, 0.0)
            if f.readout.recording is not None or f.readout.step < self._last:  # the whole is shown; here one is
                plots.now(f, theme.TEXT, 1.2, 0.7)
            self._readout(f, train, test, accuracy)
            implot.end_plot()
        imgui.pop_font()

    def _curve(self, f: Frame, name: str, s: Series, colour: str, smoothing: float, log: bool = False) -> None:
        if len(s.x) < 2:
            return
        if smoothing > 0 or s.wide:
            implot.plot_shaded(f"{name}##band", s.x, s.low, s.high, line_spec(colour, 1.0, 0.16))
        if smoothing > 0:
            implot.plot_line(f"{name}##raw", s.x, s.mean, line_spec(colour, f.px(1), 0.28))
        implot.plot_line(name, s.x, s.smooth(smoothing, log), line_spec(colour, f.px(1.8)))

    def _readout(self, f: Frame, train: Series, test: Series, accuracy: bool) -> None:
        """The step and values under the pointer."""
        if not implot.is_plot_hovered():
            return
        step = implot.get_plot_mouse_pos().x
        lines = [f"step {max(step, 0):,.0f}"]
        for name, s in (("train", train), ("test", test)):
            if len(s.x):
                k = min(int(s.x.searchsorted(step)), len(s.x) - 1)
                value, error = float(s.mean[k]), None if accuracy else f.readout.error
                lines.append(f"{name} {short(value)}{f' (RMSE {error.text(value)})' if error is not None else ''}")
        imgui.set_tooltip("\n".join(lines))

    def _switches(self, f: Frame) -> None:
        memory = f.memory
        _, memory.log_loss = imgui.checkbox("log axis", memory.log_loss)
        tip(f, "Logarithmic axis: equal distances are equal ratios, so small losses stay readable.")
        imgui.same_line(0, f.px(16))
        imgui.set_next_item_width(-1)
        now, flags = memory.smoothing, imgui.SliderFlags_.no_input
        make = lambda: imgui.slider_float("##smoothing", now, 0, 0.99, "smoothing %.2f", flags)  # noqa: E731
        _, memory.smoothing = dragged(f, "##smoothing", now, Accepted(0, 0.99), make)
        tip(
            f,
            "The training loss varies from batch to batch. The thick line is its running average: each point keeps this fraction of the "
            "previous "
            "point (0: no smoothing, 0.9: about the last 10 points); on a log axis, of the logarithms. The faint line is the raw loss.",
        )
