"""Moments: two kept moments of the run beside each other, what changed between them, and the way back to either."""

from __future__ import annotations

from imgui_bundle import icons_fontawesome_6 as fa
from imgui_bundle import imgui

from nnviz3d.layers.shared.notation import called
from nnviz3d.spec.node_names import parameter_place, short_name
from nnviz3d.spec.number_text import count, percent, plain, short
from nnviz3d.spec.readout import ChangeReading, MomentReading
from nnviz3d.ui.core import theme
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.moment_switch import moments
from nnviz3d.ui.core.widgets import dim, right_edge, small, tip

TITLE, ICON, HINT, OPEN = "Moments", fa.ICON_FA_BOOKMARK, "Keep two moments, compare them, and return to either exactly.", False
KEYS = {"A": "F2", "B": "F3"}
_FAINT = theme.packed(theme.FAINT)
ROWS = (
    ("step", "Number of weight updates until then.", lambda m: count(m.step)),
    ("epoch", "Passes through the training set.", lambda m: f"{m.epoch:.2f}"),
    ("batch loss", "Mean loss of the last mini-batch before that moment.", lambda m: _number(m.loss)),
    ("train loss", "Mean loss on the training set, measured when the moment was kept.", lambda m: _number(m.train_loss)),
    ("test loss", "Mean loss on the test set, measured when the moment was kept.", lambda m: _number(m.test_loss)),
    ("train RMSE", "The same in the target's own unit: the root mean square error (RMSE).", lambda m: _rmse(m, m.train_loss)),
    ("test RMSE", "The same in the target's own unit: the root mean square error (RMSE).", lambda m: _rmse(m, m.test_loss)),
    ("train accuracy", "Accuracy (share of correct answers) on the training set.", lambda m: _share(m.train_accuracy)),
    ("test accuracy", "Accuracy (share of correct answers) on the test set.", lambda m: _share(m.test_accuracy)),
    ("answer", "The network's answer to the displayed sample.", lambda m: m.answer or "other network"),
)  # fmt: skip


def _number(value: float | None) -> str:
    return "none" if value is None else short(value)


def _rmse(moment: MomentReading, loss: float | None) -> str:
    return "none" if moment.error is None or loss is None else moment.error.text(loss)


def _share(value: float | None) -> str:
    return "none" if value is None else percent(value)


def draw(f: Frame) -> None:
    kept = {moment.name: moment for moment in f.readout.moments.kept}
    half = (imgui.get_content_region_avail().x - f.px(8)) / 2
    for name in KEYS:
        if name == "B":
            imgui.same_line(0, f.px(8))
        why = f.readout.reasons.keep
        imgui.begin_disabled(bool(why))
        if imgui.button(f"Keep as {name}##keep", imgui.ImVec2(half, 0)):
            f.do("keep_moment", name)
        imgui.end_disabled()
        what = "Replace the kept moment with the current one." if name in kept else "Keep the current moment."
        tip(
            f,
            why
            or f"{what} It stores weights, optimiser state, random numbers and the position in the data, independently of the run "
            f"({KEYS[name]}).",
        )
    if not kept:
        small(
            f,
            "Keep a moment, continue training or change something, then keep another: compare the two, or return to one.",
            _FAINT,
            wrap=True,
        )
        return
    for item in moments(f):
        item.draw()
    _table(f, kept)
    for name in KEYS:
        if name == "B":
            imgui.same_line(0, f.px(8))
        imgui.begin_disabled(name not in kept)
        if imgui.button(f"Go back to {name}##enter", imgui.ImVec2(half, 0)):
            f.do("enter_moment", name)
        imgui.end_disabled()
        tip(f, f"Return to moment {name} exactly; training from there gives the same numbers (Shift+{KEYS[name]}).")
    _changes(f)


def _table(f: Frame, kept: dict[str, MomentReading]) -> None:
    if not imgui.begin_table("##moments", 3, imgui.TableFlags_.sizing_stretch_same | imgui.TableFlags_.no_saved_settings):
        return
    rows = [row for row in ROWS if any(row[2](moment) != "none" for moment in kept.values())]
    for text in ("", *KEYS):
        imgui.table_next_column()
        dim(text)
    for text, hint, read in rows:
        imgui.table_next_column()
        dim(text)
        tip(f, hint)
        for name in KEYS:
            imgui.table_next_column()
            if name in kept:
                imgui.text_unformatted(read(kept[name]))
                tip(f, f"{hint} {kept[name].scored}" if text.startswith(("train", "test")) else hint)
    imgui.end_table()


def _changes(f: Frame) -> None:
    largest = f.readout.moments.largest
    if not largest:
        if len(f.readout.moments.kept) == 2:
            small(f, "All weights are the same in A and B.", _FAINT)
        return
    dim("Largest changes from A to B")
    right = right_edge()
    imgui.push_font(None, theme.SMALL)
    for change in largest:
        if imgui.selectable(f"{_name(f, change)}##change{change.parameter}", f.readout.chosen == change.parameter)[0]:
            f.do("pick", change.neuron)
            f.do("choose", change.parameter)
        tip(f, f"{plain(change.before)} in A, {plain(change.after)} in B. Click to select the neuron it leads into.")
        text = f"{short(change.before)} → {short(change.after)}"
        imgui.same_line(right - imgui.calc_text_size(text).x)
        imgui.text_unformatted(text)
    imgui.pop_font()


def _name(f: Frame, change: ChangeReading) -> str:
    """ "bias of output 3", "input 12 → hidden 1, 5", "weight of conv1: kernel 3, ..."."""
    ref = f.readout.topology.parameter(change.parameter)
    if not ref.single or len(ref.index) > 2:
        return parameter_place(f.readout.topology, change.parameter)

    def read(layer: int, index: int) -> str:
        nodes = f.readout.topology.nodes
        if own := called(nodes[layer].labels, index):
            return own
        name = short_name(f.readout.topology, layer)
        return f"{name}{',' if name[-1].isdecimal() else ''} {index}"

    into = read(change.layer, change.index)
    return f"bias of {into}" if change.source is None else f"{read(change.source_layer, change.source)} → {into}"
