"""Weight: the value of the chosen weight or bias, typed or dragged, with what the loss says; neurons that are frozen or killed.

Everything is a command; what cannot be becomes the banner. The list below is the legend of the rings on the stage.
"""

from __future__ import annotations

from math import isfinite

from imgui_bundle import icons_fontawesome_6 as fa
from imgui_bundle import imgui

from nnviz3d.layers.shared.equations_face import equations_of
from nnviz3d.spec import limits
from nnviz3d.spec.commands import CommandName
from nnviz3d.spec.neuron_locks import Hold
from nnviz3d.spec.node_names import inside
from nnviz3d.spec.number_text import count, plain
from nnviz3d.spec.readout import EffectReading, NeuronReading, ParameterReading
from nnviz3d.spec.score import part
from nnviz3d.ui.core import theme
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.names import layer_name, parameter_name, place, used
from nnviz3d.ui.core.number_field import Accepted, dragged
from nnviz3d.ui.core.short_lines import moved
from nnviz3d.ui.core.strings import HOLD_WORDS
from nnviz3d.ui.core.widgets import dim, icon_button, right_edge, small, tip

TITLE, ICON, HINT, OPEN = "Edit by hand", fa.ICON_FA_HAND_POINTER, "Change one weight or bias by hand; freeze or kill a neuron.", False
ICONS: dict[Hold, str] = {"frozen": fa.ICON_FA_SNOWFLAKE, "killed": fa.ICON_FA_XMARK}
VERBS: dict[Hold, tuple[str, CommandName]] = {"frozen": ("Freeze", "freeze"), "killed": ("Kill", "kill")}
LISTED = 8  # held neurons of a kind that have a line of their own
PIXELS = 400  # of a drag for the largest weight seen so far; fine enough for a hand
_FAINT, _TEXT = theme.packed(theme.FAINT), theme.packed(theme.TEXT)


def draw(f: Frame) -> None:
    w, n = f.readout.weight, f.readout.neuron
    if w is None and n is not None and n.z is not None and n.bias is None and not n.network:
        _without(f, n)
    elif w is None:
        small(f, "Click an edge or a neuron in the picture. Ctrl + drag there changes it directly.", wrap=True)
    else:
        _value(f, w)
        _hold_buttons(f, w.layer, w.index, w.neuron)
    if f.readout.effect is not None:
        _effect(f, f.readout.effect)
    _held(f)


def _without(f: Frame, n: NeuronReading) -> None:
    """A neuron of a layer without weights: there is nothing to turn."""
    name = place(f, n.layer, n.index)
    imgui.text_unformatted(name)
    small(f, equations_of(n.kind).still, wrap=True)
    _hold_button(f, "killed", name, n.neuron)


def _value(f: Frame, w: ParameterReading) -> None:
    imgui.align_text_to_frame_padding()
    imgui.push_text_wrap_pos(right_edge() - f.px(30))
    top = imgui.get_cursor_pos_y()
    imgui.text_unformatted(parameter_name(f, w))
    below = imgui.get_cursor_pos_y()
    imgui.pop_text_wrap_pos()
    tip(f, f"Parameter {w.parameter} of {count(f.readout.topology.n_parameters)}: its place among all weights and biases."
           + (f"\n{w.label}" if w.label else ""))  # fmt: skip
    imgui.set_cursor_pos(imgui.ImVec2(right_edge() - f.px(24), top))
    if icon_button(f, fa.ICON_FA_XMARK, "unchoose", "Deselect (Esc)", size=24):
        f.do("choose", None)
        f.do("pick", None)
    imgui.set_cursor_pos_y(max(below, imgui.get_cursor_pos_y()))
    imgui.set_next_item_width(-1)
    speed = max(abs(w.value), 0.4) / PIXELS
    flags = imgui.SliderFlags_.no_round_to_format | imgui.SliderFlags_.no_input
    make = lambda: imgui.drag_float("##value", w.value, speed, 0, 0, plain(w.value), flags)  # noqa: E731
    why = f.readout.reasons.edit
    imgui.begin_disabled(bool(why))
    changed, value = dragged(f, "##value", w.value, Accepted(-limits.PARAMETER, limits.PARAMETER), make)
    imgui.end_disabled()
    most = f"{limits.PARAMETER:,.0f}"
    tip(f, why or f"Drag, or Ctrl+click to type: from -{most} to {most}. Training continues from it. Undo: Ctrl+Z.")
    if changed:
        f.do("set_parameter", (w.parameter, value))
    if where := used(f, w):
        small(f, f"{where}: a change acts on all of them", wrap=True)
    if w.a is not None and w.there("x"):
        small(f, f"w·a = {plain(w.value)} × {plain(w.a)} = {plain(w.value * w.a)}")
        tip(f, "The signal through this weight for the displayed sample: the weight times the activation at its start.")
    if reading := moved(w):
        small(f, reading)
        tip(
            f,
            "Of the last training step: the mean over its batch with L1 and L2, before clipping, and the resulting change by the "
            "optimiser.",
        )


def _hold_button(f: Frame, kind: Hold, here: str, neuron: int) -> None:
    """Freeze or kill a neuron; or release it."""
    verb, command = VERBS[kind]
    on = kind in f.readout.holds.of(neuron)
    why = f.readout.reasons.edit
    imgui.begin_disabled(bool(why))
    if imgui.button(f"{ICONS[kind]}  {'Release' if on else verb} {here}##{kind}", imgui.ImVec2(-1, 0)):
        f.do(command, ((neuron,), not on))
    imgui.end_disabled()
    tip(f, why or (f"{here.capitalize()} is {HOLD_WORDS[kind]}." if on else f"Then {here} is {HOLD_WORDS[kind]}."))


def _hold_buttons(f: Frame, layer: int, index: int, neuron: int) -> None:
    """Freeze, kill, freeze the layer; or release. All for the neuron that the parameter leads into."""
    topology, holds = f.readout.topology, f.readout.holds
    why, node, here = f.readout.reasons.edit, topology.nodes[layer], place(f, layer, index)
    imgui.spacing()
    for kind in VERBS:
        if kind != "killed" or node is not topology.output:
            _hold_button(f, kind, here, neuron)
    ids = range(node.neurons.start, node.neurons.stop)
    whole = len(holds.frozen) >= len(ids) and set(ids) <= set(holds.frozen)
    name = inside(layer_name(f, layer))
    imgui.begin_disabled(bool(why))
    if imgui.button(f"{ICONS['frozen']}  {'Release' if whole else 'Freeze'} all of {name}##layer", imgui.ImVec2(-1, 0)):
        f.do("freeze", (tuple(ids), not whole))
    imgui.end_disabled()
    tip(f, why or f"All {count(node.size)} neurons of the layer at once; the other layers continue to learn.")


def _effect(f: Frame, e: EffectReading) -> None:
    imgui.spacing()
    whole = {"kill": "killing or releasing", "prune": "pruning"}
    what = whole.get(e.kind) or f"{plain(e.old)} \u2192 {plain(e.new)}"
    small(f, f"Loss before \u2192 now  ({what})", _FAINT)
    when = f"Before: at step {count(e.began)}. Now: at step {count(e.step)}"
    rows = f" ({part(e.rows, e.of).removeprefix('of ')}, drawn evenly)" if e.rows < e.of else ""
    when += "." if e.began == e.step else "; training in between is included."
    for name, before, now, source in (
        ("this sample", e.sample_before, e.sample_now, "The loss of the displayed sample alone."),
        ("test set", e.test_before, e.test_now, f"The mean loss over samples of the test set{rows}."),
    ):
        if before is None or now is None or not (isfinite(before) and isfinite(now)):
            continue
        imgui.begin_group()
        dim(name)
        imgui.same_line(f.px(96))
        imgui.text_unformatted(f"{plain(before)} \u2192 {plain(now)}")
        imgui.same_line(0, f.px(10))
        better = theme.GOOD if now < before else theme.BAD if now > before else theme.DIM
        imgui.push_style_color(imgui.Col_.text, theme.packed(better))
        imgui.text_unformatted(plain(now - before, sign=True))
        imgui.pop_style_color()
        imgui.end_group()
        tip(f, f"{source} {when}")


def _held(f: Frame) -> None:
    """What is frozen and killed, each with its release."""
    holds, topology = f.readout.holds, f.readout.topology
    if not holds:
        return
    imgui.spacing()
    for kind in VERBS:
        ids = getattr(holds, kind)
        if not ids:
            continue
        imgui.push_style_color(imgui.Col_.text, theme.packed(theme.HOLD_COLOURS[kind]))
        imgui.align_text_to_frame_padding()
        imgui.text_unformatted(f"{ICONS[kind]}  {count(len(ids))} {kind}")
        imgui.pop_style_color()
        looks = "a ring of ice" if kind == "frozen" else "dark and crossed out"
        what = HOLD_WORDS[kind].partition(": ")[2].capitalize()
        tip(f, f"{what}. In the picture: {looks}. Kept when training is reset; not saved with the scene.")
        imgui.same_line(right_edge() - f.px(24))
        if icon_button(f, fa.ICON_FA_LOCK_OPEN, f"release {kind}", "Release all of them", size=24):
            f.do(VERBS[kind][1], (ids, False))
        for neuron in ids[:LISTED]:
            node, j = topology.locate(neuron)
            name = place(f, node.number, j)
            imgui.set_cursor_pos_x(imgui.get_cursor_pos_x() + f.px(22))
            imgui.align_text_to_frame_padding()
            dim(name)
            tip(f, f"Neuron id {neuron}")
            imgui.same_line(right_edge() - f.px(24))
            if icon_button(f, fa.ICON_FA_XMARK, f"release {kind} {neuron}", f"Release {name}", size=24):
                f.do(VERBS[kind][1], ((neuron,), False))
        if len(ids) > LISTED:
            small(f, f"and {count(len(ids) - LISTED)} more")
