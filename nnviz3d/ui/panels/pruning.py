"""Pruning: how much of the network can be set to 0 before it fails, with a slider, the curve over all shares, and a button that does it."""

from __future__ import annotations

import numpy as np
from imgui_bundle import icons_fontawesome_6 as fa
from imgui_bundle import imgui, implot

from nnviz3d.spec.number_text import count, percent, short
from nnviz3d.spec.readout import PruningReading
from nnviz3d.ui.core import theme
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.names import layer_name
from nnviz3d.ui.core.plots import NAMED, PLAIN, PLOT, line_spec
from nnviz3d.ui.core.widgets import combo, label, small, tip

TITLE, ICON, HINT, OPEN = "Pruning", fa.ICON_FA_SCISSORS, "Set the smallest weights to 0 and see what is left.", False
MOST = 99.0  # per cent
PLOT_HEIGHT = 130.0  # unscaled pixels
_PARTS = {"test": "test set", "train": "training set"}
_FAINT = theme.packed(theme.FAINT)


class PruningPanel:
    """Remembers the share and the layer while the section is open; closed, the picture shows the whole network again."""

    def __init__(self):
        self.share, self.node = 0.0, -1

    def draw(self, f: Frame) -> None:
        if f.readout.reasons.data:
            small(f, f.readout.reasons.data, wrap=True)
            return
        if f.readout.walk is not None:
            small(f, "Not inside a training step: leave it first (Esc).", wrap=True)
            return
        self._choose(f)
        f.wants["pruning"] = (self.node, round(self.share / 100, 4))
        r = f.readout.pruning
        if r is None:
            small(f, "…")
            return
        _result(f, r)
        _plot(f, r)
        self._apply(f, r)

    def _choose(self, f: Frame) -> None:
        nodes = [node for node in f.readout.topology.nodes if node.weight is not None]
        names = {"-1": "all layers together"} | {str(node.number): layer_name(f, node.number) for node in nodes}
        if str(self.node) not in names:
            self.node = -1
        imgui.begin_group()
        label(f, "Weights of")
        picked = combo("##pruning.layer", str(self.node), list(names), names)
        imgui.end_group()
        tip(f, "Whose weights are sorted by their size: of one layer, or of all together.")
        if picked is not None:
            self.node = int(picked)
        imgui.begin_group()
        label(f, "Pruned")
        flags = imgui.SliderFlags_.always_clamp | imgui.SliderFlags_.no_input
        _, self.share = imgui.slider_float("##pruning.share", self.share, 0, MOST, "%.0f %%", flags)
        imgui.end_group()
        tip(f, "Share of the weights that are set to 0 in the picture and in the score, the smallest |w| first. Training keeps all of "
               "them until you press Apply.")  # fmt: skip

    def _apply(self, f: Frame, r: PruningReading) -> None:
        why = f.readout.reasons.edit
        imgui.begin_disabled(bool(why) or not r.count)
        if imgui.button(f"{ICON}  Apply: set {count(r.count)} weights to 0", imgui.ImVec2(-1, 0)):
            f.do("prune", (r.node, r.share))
            self.share = 0.0
        imgui.end_disabled()
        tip(f, why or "An edit of the network by hand, which undo takes back (Ctrl+Z). Training continues from there and may bring pruned "
                      "weights back: nothing holds them at 0.")  # fmt: skip


def _result(f: Frame, r: PruningReading) -> None:
    small(
        f,
        f"{count(r.count)} of {count(r.total)} weights are 0" + (f": all with |w| up to {short(r.threshold)}" if r.count else ""),
        wrap=True,
    )
    if r.rows:
        value = f"accuracy {percent(r.accuracy)}" if r.accuracy is not None else f"loss {short(r.loss)}"
        before = "" if r.before is None or not r.count else f", {percent(r.before) if r.classes else short(r.before)} with all weights"
        imgui.text_unformatted(value[:1].upper() + value[1:])
        imgui.same_line(0, 0)
        imgui.push_style_color(imgui.Col_.text, theme.packed(theme.DIM))
        imgui.text_unformatted(before)
        imgui.pop_style_color()
        rows = f"{count(r.rows)} rows" if r.rows == r.of else f"{count(r.rows)} of {count(r.of)} rows, drawn evenly,"
        tip(f, f"Over {rows} of the {_PARTS.get(r.part, r.part)}" + (f"; loss {short(r.loss)}." if r.loss is not None else "."))


def _plot(f: Frame, r: PruningReading) -> None:
    """Accuracy (of numbers: the loss) over the share."""
    small(f, f"{'Accuracy' if r.classes else 'Loss'} over the share of pruned weights", _FAINT)
    known = np.isfinite(r.value_c)
    top = 1.0 if r.classes else float(r.value_c[known].max()) * 1.1 if known.any() else 1.0
    if not implot.begin_plot("##pruning", imgui.ImVec2(-1, f.px(PLOT_HEIGHT)), PLOT):
        return
    implot.setup_axes("", "", NAMED, PLAIN)
    implot.setup_axis_limits(implot.ImAxis_.x1, 0, 100, implot.Cond_.always)
    implot.setup_axis_format(implot.ImAxis_.x1, "%g %%")
    implot.setup_axis_limits(implot.ImAxis_.y1, 0, max(top, 1e-9) * (1.02 if r.classes else 1), implot.Cond_.always)
    if known.any():
        x, y = np.ascontiguousarray(100 * r.share_c[known]), np.ascontiguousarray(r.value_c[known])
        implot.plot_line("##curve", x, y, spec=line_spec(theme.CURVE_TEST, f.px(1.8), marker=True))
    implot.plot_inf_lines("##share", np.array([100 * r.share]), spec=line_spec(theme.ACCENT, f.px(1.2), 0.8))
    implot.end_plot()
