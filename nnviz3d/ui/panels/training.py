"""Training: how the network learns. Only the constants that belong to the chosen optimiser, loss and schedule are shown."""

from __future__ import annotations

from imgui_bundle import icons_fontawesome_6 as fa
from imgui_bundle import imgui

from nnviz3d.spec.scene import Loss, Optimizer, Schedule
from nnviz3d.ui.core.choices import words
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.strings import HINTS
from nnviz3d.ui.core.widgets import changing, choice, dim, end_row, integer, label, number, slider, toggle, typed

TITLE, ICON, HINT, OPEN = "Training", fa.ICON_FA_GRADUATION_CAP, "How the weights are updated.", True
OPTIMIZERS, LOSSES, SCHEDULES = words(Optimizer), words(Loss), words(Schedule)
RATES = (1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
BATCHES = (1, 8, 16, 32, 64, 128, 256, 0)
_MORE = imgui.TreeNodeFlags_.span_avail_width | imgui.TreeNodeFlags_.no_tree_push_on_open | imgui.TreeNodeFlags_.frame_padding
_CONSTANTS = {
    "sgd": (), "momentum": ("momentum",), "nesterov": ("momentum",), "rmsprop": ("rho", "epsilon"),
    "adam": ("beta1", "beta2", "epsilon"), "adamw": ("beta1", "beta2", "epsilon", "weight_decay"),
}  # fmt: skip
_LOSS_NAMES = {
    "half_mse": "half the squared error",
    "cross_entropy": "cross-entropy",
    "bce": "binary cross-entropy",
    "mse": "mean squared error",
}


def draw(f: Frame) -> None:
    with changing(f):
        _rates(f)
    if f.memory.found.startswith("train."):
        imgui.set_next_item_open(True)
    if not imgui.tree_node_ex("More settings##training", _MORE):
        return
    with changing(f):
        _more(f)
    number(f, "train.steps_per_second", f.scene.train.steps_per_second)
    with changing(f):
        integer(f, "train.seed", f.scene.train.seed)
        _stops(f)


def _rates(f: Frame) -> None:
    train = f.scene.train
    _with_list(f, "train.learning_rate", train.learning_rate, RATES)
    _with_list(f, "train.batch", train.batch, BATCHES)
    choice(f, "train.optimizer", train.optimizer, OPTIMIZERS)


def _more(f: Frame) -> None:
    train = f.scene.train
    for name in _CONSTANTS[train.optimizer]:
        number(f, f"train.{name}", getattr(train, name))
    choice(f, "train.loss", train.loss, LOSSES, _LOSS_NAMES)
    if train.loss == "huber":
        number(f, "train.huber_delta", train.huber_delta)
    if f.readout.sample_right is not None:
        weights = train.class_weights if isinstance(train.class_weights, str) else "own"
        choice(f, "train.class_weights", weights, ("none", "balanced", *(["own"] if weights == "own" else [])))
    choice(f, "train.schedule", train.schedule, SCHEDULES)
    if train.schedule != "constant":
        integer(f, "train.schedule_steps", train.schedule_steps, 10, "%d steps")
        slider(f, "train.schedule_factor", train.schedule_factor, 0, 1)
    integer(f, "train.warmup", train.warmup, 2, "%d steps" if train.warmup else "none")
    number(f, "train.l1", train.l1)
    if train.l1:
        toggle(f, "train.l1_dead_at_zero", train.l1_dead_at_zero)
    number(f, "train.l2", train.l2)
    number(f, "train.clip_norm", train.clip_norm)
    choice(f, "train.order", train.order, ("shuffle", "sequential"))


def _stops(f: Frame) -> None:
    """When training stops by itself."""
    train = f.scene.train
    imgui.separator()
    dim("Stop at")
    integer(f, "train.steps", train.steps, 10, "%d" if train.steps else "never")
    integer(f, "train.stop_epoch", train.stop_epoch, 0.1, "%d" if train.stop_epoch else "never")
    rows = ["stop_train_loss", "stop_test_loss"]
    if (f.readout.sample_right is not None and len(f.readout.class_names) > 1) or train.stop_accuracy:  # of numbers none is right or wrong
        rows.append("stop_accuracy")
    for name in rows:
        value = getattr(train, name)
        number(f, f"train.{name}", value, "%.4g" if value else "never")


def _with_list(f: Frame, path: str, value: float, values) -> None:
    """A typed number with a list of usual ones beside it."""
    text, hint = HINTS[path]
    whole = isinstance(value, int)
    imgui.begin_group()
    label(f, text)
    side = imgui.get_frame_height()
    imgui.set_next_item_width(imgui.get_content_region_avail().x - side - f.px(4))
    typed(f, path, value, "%d" if whole else "%.6g")
    imgui.same_line(0, f.px(4))
    if imgui.begin_combo(f"##{path}.list", "", imgui.ComboFlags_.no_preview | imgui.ComboFlags_.popup_align_left):
        for option in values:
            name = "full training set" if whole and option == 0 else f"{option:g}"
            if imgui.selectable(name, option == value)[0] and option != value:
                f.edit(path, option)
        imgui.end_combo()
    end_row(f, path, hint)
