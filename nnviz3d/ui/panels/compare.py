"""Compare: a second network beside this one with one setting changed: what differs, numbers and curves of both, how to begin and end."""

from __future__ import annotations

from typing import Any

from imgui_bundle import icons_fontawesome_6 as fa
from imgui_bundle import imgui, implot

from nnviz3d.spec import compare
from nnviz3d.spec.activations import ELEMENTWISE
from nnviz3d.spec.layer_edits import variants
from nnviz3d.spec.number_text import count, percent, plain, short
from nnviz3d.spec.readout import CompareReading
from nnviz3d.spec.scene import Initializer, Scene
from nnviz3d.ui.core import plots, theme
from nnviz3d.ui.core.choices import words
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.downsample import Series
from nnviz3d.ui.core.plots import PLOT, line_spec
from nnviz3d.ui.core.widgets import choice, combo, dim, icon_button, label, right_edge, small, tip
from nnviz3d.ui.panels.training import BATCHES, OPTIMIZERS, RATES

TITLE, ICON, OPEN = "Compare", fa.ICON_FA_CODE_COMPARE, False
HINT = "A second network with one setting changed."
PENALTIES, DROPOUTS = (0.0, 1e-4, 1e-3, 0.01, 0.1), (0.0, 0.1, 0.2, 0.3, 0.5)
SETTINGS = (
    "train.optimizer", "train.learning_rate", "network.layers.*.activation", "train.batch", "network.layers", "network.layers.*.init",
    "network.layers.*.dropout", "train.l1", "train.l2", "train.seed",
)  # fmt: skip
NOTHING = "nothing (one network)"
_LISTS: dict[str, tuple] = {
    "train.optimizer": OPTIMIZERS, "train.learning_rate": RATES, "train.batch": BATCHES, "train.l1": PENALTIES, "train.l2": PENALTIES,
    "network.layers.*.activation": ELEMENTWISE, "network.layers.*.init": words(Initializer), "network.layers.*.dropout": DROPOUTS,
}  # fmt: skip
_INKS = tuple(theme.packed(colour) for colour in theme.NETWORKS)
_DIM, _TEXT, _FAINT, _BAD = (theme.packed(c) for c in (theme.DIM, theme.TEXT, theme.FAINT, theme.BAD))
_TABLE = imgui.TableFlags_.sizing_stretch_prop | imgui.TableFlags_.borders_inner_h


class Compare:
    """Holds the two reduced curves."""

    def __init__(self):
        self._curves = Series(), Series()
        self._axes: list[tuple | None] = [None, None]

    def draw(self, f: Frame) -> None:
        c = f.readout.compare
        if c is None:
            small(f, "Train a second network beside this one: same seed, same samples in the same order, one different setting.", wrap=True)
        _choose(f)
        if c is None:
            return
        choice(f, "look.compare", f.scene.look.compare, ("common", "own"), {"common": "one for both", "own": "each its own"})
        imgui.spacing()
        _table(f, c)
        imgui.spacing()
        small(f, _pace(c), wrap=True)
        imgui.spacing()
        self._chart(f, c)

    def _chart(self, f: Frame, c: CompareReading) -> None:
        """Loss of both on their training batches."""
        imgui.text_unformatted("Loss")
        tip(f, "Mean loss per sample of each mini-batch (no unit), smoothed; the thin line shows every mini-batch.")
        _marks(f, [f"{n.name} {short(n.loss)}" for n in c.networks])
        for k, (n, series) in enumerate(zip(c.networks, self._curves, strict=True)):
            scale = 1.0 if c.same_batches else 1.0 / n.epoch_steps  # steps of different size are no common axis
            key = (n.charts, scale)
            if key != self._axes[k]:
                self._axes[k] = key
                series.update(n.charts.train_step * scale, n.charts.train_loss)
        if all(len(series.x) < 2 for series in self._curves):
            small(f, "The curves start with the next training steps.", wrap=True)
            return
        imgui.push_font(None, theme.SMALL)
        if implot.begin_plot("##compare", imgui.ImVec2(-1, f.px(150)), PLOT):
            last = max((float(s.x[-1]) for s in self._curves if len(s.x)), default=1.0)
            plots.steps_axis(max(last, 1e-3), "training steps" if c.same_batches else "epochs")
            plots.loss_axis(self._curves, f.memory.log_loss)
            for n, series, colour in zip(c.networks, self._curves, theme.NETWORKS, strict=True):
                if len(series.x) > 1:
                    implot.plot_line(f"{n.name}##raw", series.x, series.mean, line_spec(colour, f.px(1), 0.25))
                    implot.plot_line(n.name, series.x, series.smooth(f.memory.smoothing, f.memory.log_loss), line_spec(colour, f.px(1.8)))
            if implot.is_plot_hovered():
                self._values(c, implot.get_plot_mouse_pos().x)
            implot.end_plot()
        imgui.pop_font()

    def _values(self, c: CompareReading, at: float) -> None:
        """Under the pointer."""
        lines = [f"step {max(at, 0):,.0f}" if c.same_batches else f"epoch {max(at, 0):.2f}"]
        for n, s in zip(c.networks, self._curves, strict=True):
            if len(s.x):
                lines.append(f"{n.name} {short(float(s.mean[min(int(s.x.searchsorted(at)), len(s.x) - 1)]))}")
        imgui.set_tooltip("\n".join(lines))


def _choose(f: Frame) -> None:
    """The setting that differs, and its value in B. Either begins the comparison, or changes it."""
    given = f.scene.compare
    path = next(iter(given), "")
    known = len(given) == 1 and path in SETTINGS
    imgui.begin_group()
    label(f, "Different")
    shown = (
        NOTHING if not given else compare.name_of(path) if known else f"{len(given)} settings" if len(given) > 1 else compare.name_of(path)
    )
    settings = {compare.name_of(s): s for s in SETTINGS if not s.startswith("network.layers.*.") or values(f.scene, s)}
    if given:
        imgui.set_next_item_width(imgui.get_content_region_avail().x - f.px(34))
    why = f.readout.reasons.compare
    imgui.begin_disabled(bool(why))
    picked = combo("##compare.setting", shown, [NOTHING, *settings])
    imgui.end_disabled()
    imgui.end_group()
    tip(
        f,
        why
        or "The setting that differs in B. Choosing one restarts both networks from the same seed; everything else is the same for both.",
    )
    if picked is not None and picked != shown:
        found = values(f.scene, settings[picked]) if picked in settings else []
        f.edit("compare", {settings[picked]: found[0]} if found else {})
    if given:
        imgui.same_line(0, f.px(4))
        if icon_button(f, fa.ICON_FA_XMARK, "stop", "Stop comparing: remove B, keep A as it is."):
            f.edit("compare", {})
    if not known:
        return
    imgui.begin_group()
    label(f, f"{compare.name_of(path).capitalize() if len(compare.name_of(path)) < 14 else 'Value'} of B")
    now = compare.words(path, given[path])
    if imgui.begin_combo("##compare.value", now, imgui.ComboFlags_.height_large):
        for value in values(f.scene, path):  # only worked out while somebody looks
            if imgui.selectable(compare.words(path, value), value == given[path])[0] and value != given[path]:
                f.edit("compare", {path: value})
        imgui.end_combo()
    imgui.end_group()
    tip(f, "The value in B. Changing it restarts both networks.")


def values(scene: Scene, path: str) -> list[Any]:
    """What B could have where A has something else."""
    layers = [layer.model_dump() for layer in scene.network.layers]
    if path == "network.layers":
        return [compare.plain(option) for option in variants(scene) if option != layers]
    if path == "train.seed":
        return [scene.train.seed + k for k in (1, 2, 3)]
    if path.startswith("network.layers.*."):
        mine = {layer[key] for layer in layers if (key := path.rpartition(".")[2]) in layer}
        return [value for value in _LISTS[path] if mine != {value}] if mine else []
    mine = getattr(scene.train, path.rpartition(".")[2])
    nearest = sorted(_LISTS[path], key=lambda value: abs(_LISTS[path].index(value) - _place(_LISTS[path], mine)))
    return [value for value in (nearest if isinstance(mine, float) else _LISTS[path]) if value != mine]


def _place(options: tuple, value: Any) -> int:
    return min(range(len(options)), key=lambda k: abs(options[k] - value)) if isinstance(value, (int, float)) else 0


def _marks(f: Frame, texts: list[str]) -> None:
    """The legend, at the right end of the line that was begun."""
    imgui.push_font(None, theme.SMALL)
    mark, gap = f.px(14), f.px(12)
    width = sum(imgui.calc_text_size(text).x + mark for text in texts) + gap
    imgui.same_line(max(f.px(60), right_edge() - width))
    for text, ink in zip(texts, _INKS, strict=True):
        at, line = imgui.get_cursor_screen_pos(), imgui.get_text_line_height()
        low = imgui.ImVec2(at.x, at.y + line * 0.62)
        imgui.get_window_draw_list().add_line(low, imgui.ImVec2(at.x + f.px(9), low.y), ink, f.px(2.5))
        imgui.set_cursor_pos_x(imgui.get_cursor_pos_x() + mark)
        dim(text)
        imgui.same_line(0, gap)
    imgui.new_line()
    imgui.pop_font()


def _pace(c: CompareReading) -> str:
    """What is the same for both, and who waits."""
    paths = {d.path for d in c.differences}
    seed = "another seed" if "train.seed" in paths else "same seed"
    if c.same_batches:
        text = f"Same data, {seed}, same batches; always at the same step."
    elif paths & {"train.order", "train.seed"}:
        text = f"Same data, {seed}, different batches; always after equally many samples."
    else:
        text = (
            f"Same data, {seed}, same order of samples; batch sizes differ, so both advance by samples seen, within one batch of each "
            f"other."
        )
    a, b = c.networks
    if a.diverged is not None or b.diverged is not None:
        lost = [f"{n.name} diverged at step {n.diverged:,}" for n in c.networks if n.diverged is not None]
        return f"{' and '.join(lost)} and waits. {text}"
    return f"{text} B is paused while you walk through a step of A." if c.waits else text


def _table(f: Frame, c: CompareReading) -> None:
    """Settings that differ, then the numbers of both and their difference."""
    if not imgui.begin_table("##both", 4, _TABLE):
        return
    imgui.push_font(None, theme.SMALL)
    for k, weight in enumerate((1.35, 1.0, 1.0, 0.9)):
        imgui.table_setup_column(f"##{k}", imgui.TableColumnFlags_.width_stretch, weight)
    _row(
        f,
        "",
        (c.networks[0].name, c.networks[1].name, "B − A"),
        "A: the scene as it is. B: with the different setting. Last column: B minus A.",
        True,
    )
    for d in c.differences:
        _row(f, d.name, (compare.words(d.path, d.a), compare.words(d.path, d.b), ""), f"In the scene file: {d.path}")
    if not c.differences:
        _row(f, "settings", ("same", "same", ""), "B has the same value as A: at the moment both networks are the same.")
    for row in _rows(c):
        _row(f, *row)
    imgui.pop_font()
    imgui.end_table()


def _rows(c: CompareReading) -> list[tuple[str, tuple[str, str, str], str]]:
    """Name, the texts of A, B and their difference, and where it comes from."""
    a, b = c.networks
    found = []
    if a.topology.n_learned != b.topology.n_learned:
        found.append(_counted("parameters", a.topology.n_learned, b.topology.n_learned, "Weights and biases of each network."))
    if a.held != b.held:
        found.append(_counted("held neurons", a.held, b.held, "Frozen or killed neurons. Edits by hand change only A."))
    if a.step != b.step:
        found.append(_counted("steps", a.step, b.step, "Number of weight updates so far. Batch sizes differ, or one network has stopped."))
    scored = f"A: {a.scores.words()} B: {b.scores.words()}"
    found.append(_measured("train loss", a.loss, b.loss, short, "Mean loss per sample of the last mini-batch."))
    found.append(_measured("test loss", a.test_loss, b.test_loss, short, f"Mean loss per sample of the test set. {scored}"))
    if a.error is not None and b.error is not None and a.test_loss is not None and b.test_loss is not None:
        hint = "The root mean square error on the test set, in the target's own unit: comparable even if the losses have different units."
        texts = (
            a.error.text(a.test_loss),
            b.error.text(b.test_loss),
            _signed(f"{b.error.rmse(b.test_loss) - a.error.rmse(a.test_loss):+.3g}"),
        )
        found.append(("test RMSE", texts, hint))
    if a.test_accuracy is not None or a.train_accuracy is not None:
        for name, x, y in (("train accuracy", a.train_accuracy, b.train_accuracy), ("test accuracy", a.test_accuracy, b.test_accuracy)):
            found.append(_measured(name, x, y, percent, f"Share of correct answers. The difference is in percentage points. {scored}"))
    for k, share in enumerate(c.shares if a.reached else ()):
        x, y = a.reached[k], b.reached[k]
        hint = f"The first step at which at least {share:.0%} accuracy was measured on the test set. A dash: not yet."
        found.append(_counted(f"to {share:.0%} test".replace("%", " %"), x, y, hint))
    return found


def _counted(name: str, a: int | None, b: int | None, hint: str) -> tuple:
    texts = (
        "–" if a is None else count(a),
        "–" if b is None else count(b),
        "" if a is None or b is None else _signed(f"{b - a:+,}" if b != a else "0"),
    )
    return name, texts, hint


def _measured(name: str, a: float | None, b: float | None, show, hint: str) -> tuple:
    gap = (
        ""
        if a is None or b is None
        else f"{100 * (b - a):+.1f} pts"
        if show is percent
        else plain(b - a, sign=True)
        if abs(b - a) < 0.001
        else f"{b - a:+.3f}"
    )
    return name, (show(a), show(b), _signed(gap)), hint


def _signed(text: str) -> str:
    return text.replace("-", "−")


def _row(f: Frame, name: str, texts: tuple[str, str, str], hint: str, head: bool = False) -> None:
    imgui.table_next_row()
    imgui.table_next_column()
    dim(name)
    tip(f, hint)
    for k, text in enumerate(texts):
        imgui.table_next_column()
        ink = _INKS[k] if k < 2 else _DIM
        imgui.push_style_color(imgui.Col_.text, ink if head or k < 2 else _TEXT)
        imgui.text_unformatted(text)
        imgui.pop_style_color()
        tip(f, hint)
