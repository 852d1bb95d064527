"""Network: hidden layers added, removed, moved and shaped; the output layer; how many numbers that makes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from imgui_bundle import icons_fontawesome_6 as fa
from imgui_bundle import imgui

from nnviz3d.layers import face
from nnviz3d.spec import limits
from nnviz3d.spec.activations import ELEMENTWISE, OutputActivation
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.layer_edits import Layers, inserted, listed, moved, removed
from nnviz3d.spec.layer_table import Initializer, LayerTable
from nnviz3d.spec.network_graph import layer_name
from nnviz3d.spec.number_text import count, shape
from nnviz3d.spec.scene import Layer
from nnviz3d.spec.topology import Node
from nnviz3d.ui.core.choices import words
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.number_field import dragged
from nnviz3d.ui.core.strings import LAYER_HINTS
from nnviz3d.ui.core.widgets import accepted_in, changing, choice, combo, dim, elide, icon_button, small, tidy, tip
from nnviz3d.ui.panels import layer_settings

INITS, OUTPUTS = words(Initializer), words(OutputActivation)
NAMED = 58  # pixels of the names of layers, where they have some
LISTED = 12  # more layers than this scroll in a box of their own


def _change(f: Frame, change: Callable[[Layers], Layers]) -> None:
    """Replace the tuple of layers: the one way layers are added, removed, renamed and moved."""
    layers = change(listed(f.scene.network.layers))
    f.edits.append(Edit("network.layers", [layer for layer, _ in layers], tuple(origin for _, origin in layers)))


def draw(f: Frame) -> None:
    topology, layers = f.readout.topology, f.scene.network.layers
    node = topology.input
    small(f, f"{count(node.size)} inputs" + (f"   {shape(node.shape)}" if len(node.shape) > 1 else ""))
    tip(f, "One neuron for each input value of a sample; the number is set by the data set.")
    boxed = len(layers) > LISTED
    if boxed:
        imgui.begin_child("##layers", imgui.ImVec2(0, LISTED * imgui.get_frame_height_with_spacing()))
    clipper = imgui.ListClipper()
    clipper.begin(len(layers), imgui.get_frame_height_with_spacing())
    while clipper.step():
        for k in range(clipper.display_start, clipper.display_end):
            _row(f, k, layers[k])
    if boxed:
        imgui.end_child()
    with changing(f):
        _ends(f)
    out = topology.output
    small(f, f"{count(out.size)} outputs   {out.activation}   {count(topology.n_learned)} parameters", wrap=True)
    tip(f, "Weights and biases together: all the numbers that training can change.")


def _ends(f: Frame) -> None:
    """Another layer, and the output."""
    if len(f.scene.network.layers) < limits.LAYERS:
        if imgui.button(f"{fa.ICON_FA_PLUS}  Add layer", imgui.ImVec2(-1, 0)):
            last = next((layer for layer in reversed(f.scene.network.layers) if isinstance(layer, Layer)), Layer(units=16))
            _change(f, lambda layers: inserted(layers, len(layers), last.model_dump()))
        tip(f, "Another hidden layer before the output, like the last one. The other layers keep their weights.")
    imgui.spacing()
    choice(f, "network.output.activation", f.scene.network.output.activation, OUTPUTS)
    if imgui.button("Initial weights of the output …", imgui.ImVec2(-1, 0)):
        imgui.open_popup("output")
    tip(f, "How the initial weights of the output layer are drawn.")
    if imgui.begin_popup("output"):
        _first(f, "network.output", f.scene.network.output)
        imgui.end_popup()


def _row(f: Frame, k: int, layer: LayerTable) -> None:
    """One hidden layer: number, what it is, details, remove."""
    imgui.push_id(k)
    full, gap = imgui.get_content_region_avail().x, f.px(5)
    start = imgui.get_cursor_pos_x()
    buttons = 2 * f.px(25) + gap
    number = f.px(24 if f.readout.topology.is_chain else NAMED)
    imgui.align_text_to_frame_padding()
    dim(f"{k + 1}" if f.readout.topology.is_chain else elide(layer_name(layer, k), number - gap))
    tip(f, _row_tip(f, k, "Click to show this layer's equations and all its weights as matrices."))
    if imgui.is_item_clicked():
        f.do("choose_layer", node.number if (node := _node(f, k)) else k + 1)
    rest = full - number - buttons - 2 * gap
    imgui.same_line(start + number)
    with changing(f):
        _settings(f, k, layer, start, full, rest)
    imgui.pop_id()


def _settings(f: Frame, k: int, layer: LayerTable, start: float, full: float, rest: float) -> None:
    """What can be changed of one, in the `rest` pixels behind its number, and its buttons at the right."""
    gap = f.px(5)
    number, buttons = full - rest - 2 * f.px(25) - 3 * gap, 2 * f.px(25) + gap
    has = type(layer).model_fields
    if "units" in has:
        _units(f, k, layer, rest * 0.42)
        imgui.same_line(0, gap)
    else:
        _kind(f, k, layer, rest * 0.42)
        imgui.same_line(start + number + rest * 0.42 + gap)
    if "activation" in has:
        _function(f, k, layer, rest * 0.58)
        imgui.same_line(0, gap)
    else:
        _reads(f, k, layer, rest * 0.58)
        imgui.same_line(start + full - buttons)
    if icon_button(f, fa.ICON_FA_ELLIPSIS_VERTICAL, "more", "Name, move, copy, initial weights, dropout", size=25):
        imgui.open_popup("layer")
    imgui.same_line(0, gap)
    if icon_button(f, fa.ICON_FA_XMARK, "remove", "Remove this layer", size=25):
        _change(f, lambda layers: removed(layers, k))
    _menu(f, k, layer)


def _units(f: Frame, k: int, layer: Any, width: float) -> None:
    imgui.set_next_item_width(width)
    flags = imgui.SliderFlags_.always_clamp | imgui.SliderFlags_.no_input
    make = lambda: imgui.drag_int("##units", layer.units, 0.2, 1, 4096, "%d units", flags)  # noqa: E731
    changed, units = dragged(f, f"##units{k}", layer.units, accepted_in(type(layer), "units"), make)
    tip(f, _row_tip(f, k, LAYER_HINTS["units"]))
    if changed:
        f.edit(f"network.layers.{k}.units", min(max(units, 1), limits.UNITS))


def _kind(f: Frame, k: int, layer: LayerTable, width: float) -> None:
    """What a layer is that has no units of its own."""
    words = face(layer.kind, "words")
    imgui.align_text_to_frame_padding()
    imgui.text_unformatted(elide(words.NAME, width))
    tip(f, _row_tip(f, k, words.SENTENCE))


def _function(f: Frame, k: int, layer: Any, width: float) -> None:
    imgui.set_next_item_width(width)
    picked = combo("##activation", layer.activation, ELEMENTWISE)
    tip(f, LAYER_HINTS["activation"])
    if picked and picked != layer.activation:
        f.edit(f"network.layers.{k}.activation", picked)


def _reads(f: Frame, k: int, layer: LayerTable, width: float) -> None:
    """Where its numbers come from."""
    node = _node(f, k)
    imgui.align_text_to_frame_padding()
    small(f, elide(f"of {', '.join(layer.from_ or (node.inputs if node else ()))}", width))
    tip(f, _row_tip(f, k, ""))


def _node(f: Frame, k: int) -> Node | None:
    """The node that layer k of the list has become, of a composite the last; None while the network is still another one."""
    found = f.readout.topology.by_layer
    return found[k][-1] if len(found) == len(f.scene.network.layers) and found[k] else None


def _row_tip(f: Frame, k: int, sentence: str) -> str:
    """With the layer's name, its shape and what it reads, in networks that are not plain chains."""
    node = _node(f, k)
    if node is None or f.readout.topology.is_chain:
        return sentence
    return f"{node.name}: {shape(node.shape)} from {', '.join(node.inputs)}.\n{sentence}".rstrip()


def _menu(f: Frame, k: int, layer: LayerTable) -> None:
    imgui.push_style_var(imgui.StyleVar_.window_padding, imgui.ImVec2(f.px(14), f.px(12)))
    opened = imgui.begin_popup("layer")
    imgui.pop_style_var()
    if not opened:
        return
    last = len(f.scene.network.layers) - 1
    dim(f"Layer {k + 1}")
    for icon, text, move in ((fa.ICON_FA_ARROW_UP, "Towards the input", -1), (fa.ICON_FA_ARROW_DOWN, "Towards the output", 1)):
        if imgui.menu_item(f"{icon}   {text}", "", False, 0 <= k + move <= last)[0]:
            _change(f, lambda layers, move=move: moved(layers, k, move))
        tip(f, "Layers keep their weights if the shapes still fit.")
    if imgui.menu_item(f"{fa.ICON_FA_COPY}   Copy", "", False, last + 1 < limits.LAYERS and layer.fewest == 1)[0]:
        _change(f, lambda layers: inserted(layers, k + 1, layer.model_dump()))
    change = partial(_change, f)
    layer_settings.insert(f, k, change)
    layer_settings.draw(f, k, layer, tuple(map(layer_name, f.scene.network.layers, range(last + 1))), change)
    if "init" in type(layer).model_fields:
        imgui.separator()
        _first(f, f"network.layers.{k}", layer, ("dropout", "dropout", 0, 0.9))
    imgui.end_popup()


def _first(f: Frame, path: str, layer: Any, *more: tuple[str, str, float, float]) -> None:
    """How a layer's first weights are drawn."""
    imgui.push_item_width(f.px(130))
    picked = combo("initial weights", layer.init, INITS)
    tip(f, LAYER_HINTS["init"])
    if picked and picked != layer.init:
        f.edit(f"{path}.init", picked)
    for name, text, low, high in (("init_scale", "times", 0, 3), ("bias", "initial bias", -1, 1), *more):
        now, flags = getattr(layer, name), imgui.SliderFlags_.always_clamp | imgui.SliderFlags_.no_input
        make = partial(_slide, text, now, low, high, flags)
        changed, value = dragged(f, f"{text}##{path}", now, accepted_in(type(layer), name), make)
        tip(f, LAYER_HINTS[name])
        if changed:
            f.edit(f"{path}.{name}", value)
    imgui.pop_item_width()


def _slide(text: str, now: float, low: float, high: float, flags: int) -> tuple[bool, float]:
    changed, value = imgui.slider_float(text, now, low, high, "%.2f", flags)
    return changed, tidy(value)


TITLE, ICON, HINT, OPEN = "Network", fa.ICON_FA_CIRCLE_NODES, "The layers between input and output.", False
