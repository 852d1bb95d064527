"""Heads of the Neuron section: what is looked at, and the links from a neuron to its layer, from a weight to its ends, and on."""

from __future__ import annotations

from imgui_bundle import icons_fontawesome_6 as fa
from imgui_bundle import imgui

from nnviz3d.layers import face
from nnviz3d.spec import node_names
from nnviz3d.spec.commands import CommandName
from nnviz3d.spec.node_names import inside
from nnviz3d.spec.readout import LayerReading, MatrixReading, NeuronReading, ParameterEquations
from nnviz3d.ui.core import theme
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.names import cell, layer_name, token_words, topology_of
from nnviz3d.ui.core.number_field import Accepted, stepped
from nnviz3d.ui.core.token_roles import role
from nnviz3d.ui.core.widgets import elide, icon_button, right_edge, small, tip

MORE = {
    "Strongest inputs": "The samples that activate this map most.",
    "Saliency": "Which pixels speak for an output, and which against it.",
    "Representations": "The samples as a cloud, by what a layer makes of them.",
}
_FAINT, _ACCENT = theme.packed(theme.FAINT), theme.packed(theme.ACCENT)


def _numbered(f: Frame, layer: int) -> str:
    """A layer's name, with its number in the equations where the name does not say it: "sum [5]"."""
    return layer_name(f, layer) if f.readout.topology.is_chain else f"{layer_name(f, layer)} [{layer}]"


def _link(f: Frame, text: str, ident: str, hint: str, colour: int = _ACCENT) -> bool:
    """Words that lead somewhere."""
    imgui.push_style_color(imgui.Col_.button, 0)
    imgui.push_style_color(imgui.Col_.text, colour)
    imgui.push_style_var(imgui.StyleVar_.frame_padding, imgui.ImVec2(0, f.px(5)))
    pressed = imgui.button(f"{text}##{ident}")
    imgui.pop_style_var()
    imgui.pop_style_color(2)
    tip(f, hint)
    return pressed


def _arrow(f: Frame, icon: str = fa.ICON_FA_CHEVRON_RIGHT) -> None:
    imgui.same_line(0, f.px(6))
    imgui.align_text_to_frame_padding()
    imgui.push_font(None, 9.0)
    imgui.push_style_color(imgui.Col_.text, _FAINT)
    imgui.text_unformatted(icon)
    imgui.pop_style_color()
    imgui.pop_font()
    imgui.same_line(0, f.px(6))


def _close(f: Frame, command: CommandName, hint: str) -> None:
    imgui.same_line(right_edge() - f.px(24))
    if icon_button(f, fa.ICON_FA_XMARK, "unpick", hint, size=24):
        f.do(command, None)


def neuron(f: Frame, reading: NeuronReading) -> None:
    """Layer, neuron, and the button that lets go."""
    place = f"Neuron id {reading.neuron}: its place among all neurons, layer {reading.layer}, number {reading.index} (from 0)."
    if reading.layer:
        if _link(f, _numbered(f, reading.layer), "whole_layer", "Show the whole layer: its matrix, all its weights."):
            f.do("choose_layer", reading.layer)
    else:
        imgui.align_text_to_frame_padding()
        imgui.text_unformatted(layer_name(f, 0))
    _arrow(f)
    imgui.align_text_to_frame_padding()
    room = right_edge() - imgui.get_cursor_pos_x() - f.px(30)
    imgui.text_unformatted(elide(cell(f, reading.layer, reading.index), room))
    tip(f, f"{cell(f, reading.layer, reading.index).capitalize()}. {place}")
    _close(f, "pick", "Deselect (Esc)")
    if words := token_words(
        topology_of(f, reading).nodes[reading.layer], reading.index, f.readout.sample_words if reading.network != "B" else ()
    ):
        small(f, words, _ACCENT, wrap=True)
    if part := role(f.readout.topology, reading.layer):
        small(f, part, wrap=True)
    if reading.label:
        imgui.push_style_color(imgui.Col_.text, _ACCENT)
        imgui.text_unformatted(elide(reading.label, imgui.get_content_region_avail().x))
        imgui.pop_style_color()
        tip(f, "What this output represents." if reading.layer else "What this input is.")
    if reading.window is not None:
        _more(f)


def _more(f: Frame) -> None:
    """Other sections that tell of a cell of a map."""
    imgui.push_font(None, theme.SMALL)
    imgui.push_style_var(imgui.StyleVar_.item_spacing, imgui.ImVec2(f.px(5), f.px(5)))
    for k, (title, about) in enumerate(MORE.items()):
        if k:
            imgui.same_line()
        if imgui.button(f"{title}##more"):
            f.reveal(title)
        tip(f, about)
    imgui.pop_style_var()
    imgui.pop_font()


def weight(f: Frame, reading: ParameterEquations) -> None:
    """The way back to its neuron and its layer; which one it is, and the next one."""
    if _link(f, _numbered(f, reading.layer), "whole_layer", "Show the whole layer: its matrix, all its weights."):
        f.do("choose_layer", reading.layer)
    if reading.places != 1 or len(reading.place) > 2:
        _shared(f, reading)
        return
    _arrow(f)
    if _link(f, cell(f, reading.layer, reading.index), "end_neuron", "Show the neuron that it leads into."):
        f.do("pick", reading.neuron)
    bias = reading.source is None
    word = "bias" if bias else "weight"
    imgui.same_line(0, 0)
    if imgui.get_content_region_avail().x > imgui.calc_text_size(word).x + f.px(24 + 30):  # else the row below says it
        _arrow(f)
        imgui.align_text_to_frame_padding()
        imgui.text_unformatted(word)
    number = f"Parameter {reading.parameter:,} of the network. " + (
        "" if bias else f"In the arrays: weight[{reading.index}, {reading.source_index}]."
    )
    tip(f, number)
    _close(f, "choose", "Deselect this bias" if bias else "Deselect this weight")
    if reading.source is not None and reading.source_index is not None:
        _from(f, reading, reading.source, reading.source_index)


def _shared(f: Frame, reading: ParameterEquations) -> None:
    """A parameter that neurons share: where it stands in its array, and at how many places it is used."""
    _close(f, "choose", "Deselect this parameter")
    name = node_names.parameter_place(f.readout.topology, reading.parameter)
    where = node_names.places(f.readout.topology.nodes[reading.layer])
    imgui.push_text_wrap_pos(0)
    imgui.text_unformatted(name[0].upper() + name[1:])
    imgui.pop_text_wrap_pos()
    index = ", ".join(map(str, reading.place))
    tip(f, f"Parameter {reading.parameter:,} of the network. In the arrays: {reading.part}[{index}].")
    if where and reading.places > 1:
        small(f, f"used at {where}")


def _from(f: Frame, reading: ParameterEquations, source: int, index: int) -> None:
    """ "from neuron [51]": any other weight of the same neuron."""
    if _link(f, "from neuron", "start_neuron", f"Show neuron {index} of {inside(layer_name(f, reading.source_layer))}."):
        f.do("pick", source)
    imgui.same_line()
    imgui.set_next_item_width(min(f.px(120), imgui.get_content_region_avail().x))
    i = stepped(f, "##from_neuron", index, Accepted(0, reading.fan_in - 1, whole=True))
    tip(f, f"Any of the {reading.fan_in:,} weights that lead into this neuron, by the number of the neuron it comes from (from 0).")
    first = reading.parameter - index
    if i is not None:
        f.do("choose", first + i)


def layer(f: Frame, reading: LayerReading) -> None:
    imgui.align_text_to_frame_padding()
    imgui.text_unformatted(_numbered(f, reading.layer))
    words = face(reading.kind, "words")
    if isinstance(reading, MatrixReading):
        o, i = reading.shape
        tip(f, f"{o:,} neurons, each with {i:,} weights and a bias: {o * i + o:,} parameters.\n{words.SENTENCE}")
    else:
        learned = f.readout.topology.nodes[reading.layer].learned
        count = f"{sum(r.size for _, r in learned):,}" if learned else "without"
        tip(f, f"{words.NAME}: {len(reading.a):,} neurons, {count} parameters.\n{words.LOOK}")
    last = len(f.readout.topology.nodes) - 1
    imgui.same_line(right_edge() - f.px(24 * 3 + 6))
    for icon, by, hint in ((fa.ICON_FA_CHEVRON_LEFT, -1, "The previous layer"), (fa.ICON_FA_CHEVRON_RIGHT, 1, "The next layer")):
        if icon_button(f, icon, f"layer{by}", hint, 1 <= reading.layer + by <= last, size=24):
            f.do("choose_layer", reading.layer + by)
        imgui.same_line(0, f.px(3))
    if icon_button(f, fa.ICON_FA_XMARK, "unpick", "Deselect this layer", size=24):
        f.do("choose_layer", None)
    if part := role(f.readout.topology, reading.layer):
        small(f, part, wrap=True)
    if not isinstance(reading, MatrixReading):  # there is no matrix to look at
        small(f, words.SENTENCE, wrap=True)
