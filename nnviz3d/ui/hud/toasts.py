"""What comes and goes over the stage: banner, toast, first hint, and the card of the neuron under the pointer."""

from __future__ import annotations

from imgui_bundle import icons_fontawesome_6 as fa
from imgui_bundle import imgui

from nnviz3d.spec.number_text import plain
from nnviz3d.spec.readout import EdgeReading, ParameterReading
from nnviz3d.ui.core import theme
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.names import neuron_name, parameter_name, place, topology_of, used
from nnviz3d.ui.core.short_lines import moved
from nnviz3d.ui.core.strings import HINT, HOLD_WORDS, SHORT_HINT
from nnviz3d.ui.core.widgets import elide, floating, icon_button, small

HINT_SECONDS, TOAST_SECONDS = 14.0, 3.5
_FAINT, _ACCENT, _BAD = (theme.packed(c) for c in (theme.FAINT, theme.ACCENT, theme.BAD))


def banner(f: Frame) -> None:
    """Top centre, until it is answered: something went wrong."""
    text = f.readout.banner
    if not text:
        return
    width = min(f.stage_width - 2 * f.px(theme.MARGIN), f.px(560))
    imgui.push_style_color(imgui.Col_.border, theme.packed(theme.BAD, 0.8))
    imgui.set_next_window_size_constraints(imgui.ImVec2(width, 0), imgui.ImVec2(width, f.height * 0.6))
    floating(f, "##banner", f.stage_width / 2, f.height * 0.3, (0.5, 0.5), 0.97)
    imgui.push_style_color(imgui.Col_.text, _BAD)
    imgui.text_unformatted(fa.ICON_FA_TRIANGLE_EXCLAMATION)
    imgui.pop_style_color()
    imgui.same_line(0, f.px(10))
    imgui.push_text_wrap_pos(width - f.px(46))
    imgui.text_unformatted(text[:2000])
    imgui.pop_text_wrap_pos()
    imgui.same_line(width - f.px(36))
    if icon_button(f, fa.ICON_FA_XMARK, "dismiss", "Close (Esc)", size=24):
        f.do("dismiss")
    imgui.end()
    imgui.pop_style_color()


def _note(f: Frame, text: str, y: float, alpha: float) -> None:
    """A line with a dark plate behind it, centred on the stage, drawn without a window."""
    draw_list = imgui.get_foreground_draw_list()
    text = elide(text, f.stage_width - 4 * f.px(theme.MARGIN))
    size = imgui.calc_text_size(text)
    left, pad = (f.stage_width - size.x) / 2, f.px(12)
    low, high = imgui.ImVec2(left - pad, y - f.px(7)), imgui.ImVec2(left + size.x + pad, y + size.y + f.px(7))
    draw_list.add_rect_filled(low, high, theme.packed(theme.POPUP, 0.9 * alpha), f.px(9))
    draw_list.add_text(imgui.ImVec2(left, y), theme.packed(theme.TEXT, alpha), text)


def lines(f: Frame, top: float) -> None:
    """Above the transport bar: what was just done, else, at first, how to begin."""
    memory = f.memory
    if f.readout.toast != memory.toast:
        memory.toast, memory.toast_seconds = f.readout.toast, 0.0
    y = top - f.px(40)
    if memory.toast and memory.toast_seconds < TOAST_SECONDS:
        memory.toast_seconds += f.dt
        _note(f, memory.toast, y, min(1.0, (TOAST_SECONDS - memory.toast_seconds) / 0.6))
    elif memory.hint and not f.low:
        memory.hint_seconds += f.dt
        memory.hint = memory.hint_seconds < HINT_SECONDS
        fits = imgui.calc_text_size(HINT).x < f.stage_width - 4 * f.px(theme.MARGIN)
        _note(f, HINT if fits else SHORT_HINT, y, min(1.0, (HINT_SECONDS - memory.hint_seconds) / 1.5))


def hover_card(f: Frame) -> None:
    """A small card beside the pointer for the neuron under it."""
    h = f.readout.hovered
    if h is None or imgui.get_io().want_capture_mouse:
        return
    imgui.push_style_var(imgui.StyleVar_.window_padding, imgui.ImVec2(f.px(12), f.px(9)))
    imgui.begin_tooltip()
    title = neuron_name(f, h) + (f": {h.label}" if h.label else "")
    if f.readout.stack:
        imgui.text_unformatted(f.readout.stack)
        small(f, "click for the list of all inputs", _FAINT)
        imgui.end_tooltip()
        imgui.pop_style_var()
        return
    imgui.text_unformatted(elide(title, f.px(320)))
    known = h.known if h.known is not None and h.layer else ("a", "z")
    parts = [f"a = {plain(h.a)}"] if "a" in known else []
    table = topology_of(f, h).nodes[h.layer].table
    understood = table is None or table.known
    parts += [f"z = {plain(h.z)}"] if h.z is not None and "z" in known and understood else []
    parts += [f"{h.unit.name} = {h.unit.text(h.unit.own(h.a))}"] if parts and h.unit is not None and h.unit.scaled else []
    topology = topology_of(f, h)
    name = "" if topology.is_chain else f" ({topology.nodes[h.layer].name})"
    numbers = "     ".join(parts) or f"Forward, layer {h.layer}{name}, has not been computed yet"
    imgui.push_style_color(imgui.Col_.text, _ACCENT)
    imgui.text_unformatted(numbers)
    imgui.pop_style_color()
    if h.target is not None and "a" in known and topology.nodes[h.layer].picture:
        error = h.a - h.target
        small(f, f"given {plain(h.target)}, given back {plain(h.a)}: off by {plain(error, sign=True)}")
    plane = f.readout.plane
    if plane is not None and plane.hovered is not None:
        low, high = plane.hovered
        small(f, f"its image: a from {plain(low)} to {plain(high)}" if low != high else f"its image: a = {plain(low)} everywhere")
    held = f.readout.holds.of(h.neuron) if h.network != "B" else ()
    for kind in held:
        small(f, HOLD_WORDS[kind], theme.packed(theme.HOLD_COLOURS[kind]))
    if f.readout.compare is not None:
        for n in f.readout.compare.networks:
            if n.name != h.network and n.hovered is not None:
                small(f, f"the same neuron of {n.name}: a = {plain(n.hovered)}")
    if f.readout.neuron is None or f.readout.neuron.neuron != h.neuron:
        small(f, "click to see its equation" if understood else "click to see what it reads", _FAINT)
    if h.z is not None and h.bias is not None and h.network != "B" and not f.readout.reasons.edit:
        small(f, f"Ctrl + drag up or down to change its bias, now {plain(h.bias)}", _FAINT)
    imgui.end_tooltip()
    imgui.pop_style_var()


def edge_card(f: Frame) -> None:
    """The same for the edge under the pointer."""
    e = f.readout.edge
    if e is None or f.readout.hovered is not None or imgui.get_io().want_capture_mouse:
        return
    imgui.push_style_var(imgui.StyleVar_.window_padding, imgui.ImVec2(f.px(12), f.px(9)))
    imgui.begin_tooltip()
    _passed_on(f, e) if isinstance(e, EdgeReading) else _weight(f, e)
    imgui.end_tooltip()
    imgui.pop_style_var()


def _passed_on(f: Frame, e: EdgeReading) -> None:
    """An edge without a weight, or the line that stands for a connection of which no edges are known."""
    table = f.readout.topology.nodes[e.layer].table
    if table is not None and not table.known:
        nodes = f.readout.topology.nodes
        imgui.text_unformatted(f"From {nodes[e.source].name} to {nodes[e.layer].name}")
        small(f, "a connection between two tensors, not an edge between two neurons")
        return
    imgui.text_unformatted(f"From {place(f, e.source, e.source_index)} to {place(f, e.layer, e.index)}: no weight")
    small(f, f"passes on a = {plain(e.a)}")


def _weight(f: Frame, e: ParameterReading) -> None:
    imgui.text_unformatted(f"{parameter_name(f, e)}:")
    imgui.same_line(0, f.px(6))
    imgui.push_style_color(imgui.Col_.text, theme.packed(f.signs[0 if e.value >= 0 else 1]))
    imgui.text_unformatted(plain(e.value))
    imgui.pop_style_color()
    if where := used(f, e):
        small(f, where)
    if e.a is not None and e.there("x"):
        small(f, f"signal  w·a = {plain(e.value)} × {plain(e.a)} = {plain(e.value * e.a)}")
    if parts := moved(e):
        small(f, parts)
    if e.frozen:
        small(f, HOLD_WORDS["frozen"], theme.packed(theme.HOLD_COLOURS["frozen"]))
    small(f, ("" if f.readout.chosen == e.parameter else "click to select it, ") + "Ctrl + drag up or down to change it", _FAINT)
