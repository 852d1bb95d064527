"""Top left of the stage: title and menu of scenes, the shown sample and the answer, and the legend of the edges."""

from __future__ import annotations

from imgui_bundle import icons_fontawesome_6 as fa
from imgui_bundle import imgui

from nnviz3d.spec import compare
from nnviz3d.spec.foreign_graph import is_foreign
from nnviz3d.spec.node_names import phase_layer
from nnviz3d.spec.number_text import count, plain, short, times
from nnviz3d.spec.readout import PlaneReading
from nnviz3d.spec.units import Unit
from nnviz3d.ui.core import theme
from nnviz3d.ui.core.context import TALL, Frame
from nnviz3d.ui.core.label_placement import Rect
from nnviz3d.ui.core.name_shortening import kept
from nnviz3d.ui.core.strings import QUANTITY_SYMBOL
from nnviz3d.ui.core.widgets import dim, elide, floating, icon_button, small, tip
from nnviz3d.ui.hud import edge_share, neuron_legend, scene_menu, watching
from nnviz3d.ui.hud.free_area import WIDE
from nnviz3d.ui.hud.labels import colour_bar

_TEXT, _DIM, _ACCENT = (theme.packed(c) for c in (theme.TEXT, theme.DIM, theme.ACCENT))
_RIGHT, _WRONG = theme.packed(theme.GOOD), theme.packed(theme.BAD)
_PARTS = {
    "own": "which you made yourself; it has no true answer, so there is no loss, and no error goes back from it",
    "given": "which came with the network",
    "test": "from the test set, which is never used for training",
    "train": "from the training set, because there is no test set",
    "batch": "from the mini-batch of this step",
}


def draw(f: Frame) -> Rect:
    """Top left: the scene (a menu of scenes), the shown sample and what the network says of it. Returns what it covers."""
    margin = f.px(theme.MARGIN)
    room = f.stage_width - 2 * margin - f.px(24) - (0 if f.docked else f.px(52))  # beside the button that brings the panels back
    floating(f, "##header", margin, margin)
    _title(f, room)
    watching.recording(f, room)
    watching.line(f, room)
    if f.readout.watched is None or not f.readout.watched.empty:
        _network(f, room)
    at, size = imgui.get_window_pos(), imgui.get_window_size()
    imgui.end()
    return at.x, at.y, at.x + size.x, at.y + size.y


def _network(f: Frame, room: float) -> None:
    _sample(f, room)
    _differences(f, room)
    between = f.readout.compare is not None and f.stage_width < f.px(WIDE) and f.height < f.px(TALL)  # two networks need the lines
    if not f.low and not between and (f.readout.tour is None or f.height >= f.px(TALL)):
        _legend(f, room)


def _title(f: Frame, room: float) -> None:
    r = f.readout
    imgui.push_font(f.fonts.bold, theme.LARGE)
    text = elide(f.legible(f.scene.title or r.scene_name or r.data_name), max(room - f.px(40), f.px(60)))
    size = imgui.calc_text_size(text)
    many = len(r.scene_names) > 1
    width = size.x + (f.px(28) if many else 0)
    corner = imgui.get_cursor_screen_pos()
    pressed = imgui.invisible_button("##scenes", imgui.ImVec2(max(width, 1), size.y + f.px(2)), imgui.ButtonFlags_.enable_nav)
    hovered = imgui.is_item_hovered()
    draw_list = imgui.get_window_draw_list()
    draw_list.add_text(corner, _ACCENT if hovered and many else _TEXT, text)
    imgui.pop_font()
    if many:
        at = imgui.ImVec2(corner.x + size.x + f.px(9), corner.y + size.y * 0.5 - f.px(7))
        draw_list.add_text(f.fonts.regular, f.font(12), at, _ACCENT if hovered else _DIM, fa.ICON_FA_CHEVRON_DOWN)
    tip(f, (f.scene.about + "\n\n" if f.scene.about else "") + ("Click to open another scene." if many else r.data_summary))
    if pressed and many:
        imgui.open_popup("scenes")
    imgui.set_next_window_pos(imgui.ImVec2(corner.x - f.px(12), corner.y + size.y + f.px(8)))
    if imgui.begin_popup("scenes"):
        scene_menu.draw(f)
        imgui.end_popup()


def _sample(f: Frame, room: float) -> None:
    """'sample 17 of 359: a 3; the network says 3 (97.2 %)' with previous, next, shuffle."""
    r = f.readout
    if not r.sample_count:
        return
    imgui.push_style_var(imgui.StyleVar_.item_spacing, imgui.ImVec2(f.px(2), f.px(3)))
    imgui.set_cursor_pos_x(imgui.get_cursor_pos_x() - f.px(6))  # the icon, not its button, stands under the title
    if icon_button(f, fa.ICON_FA_CHEVRON_LEFT, "previous", "Previous sample ( [ )", size=22):
        f.do("previous_sample")
    imgui.same_line()
    if icon_button(f, fa.ICON_FA_CHEVRON_RIGHT, "next", "Next sample ( ] )", size=22):
        f.do("next_sample")
    imgui.same_line()
    if icon_button(f, fa.ICON_FA_SHUFFLE, "shuffle", "Random sample", size=22):
        f.do("shuffle_sample")
    left = imgui.get_item_rect_max().x - imgui.get_window_pos().x + f.px(8)
    text = "" if r.sample_part == "own" else f"sample {r.sample_index + 1:,} of {r.sample_count:,}: "
    what = text + r.sample_label
    answer = f"the network's answer: {r.sample_answer}" if r.sample_answer and r.compare is None else ""
    colour = _TEXT if r.sample_right is None else _RIGHT if r.sample_right else _WRONG
    imgui.same_line(left)
    imgui.align_text_to_frame_padding()
    one_line = imgui.calc_text_size(f"{what};  {answer}").x + left < room
    dim(kept(text, r.sample_label, max(room - left, f.px(60)), f.names) + (";" if answer and one_line else ""))
    true = "" if r.sample_part in ("given", "own") else ", and its true answer"
    tip(f, f"The displayed sample, {_PARTS[r.sample_part]}{true}.")
    if answer:
        if one_line:
            imgui.same_line(0, f.px(6))
        else:
            imgui.set_cursor_pos_x(left)
        imgui.push_style_color(imgui.Col_.text, colour)
        imgui.text_unformatted(kept("the network's answer: ", r.sample_answer, max(room - left, f.px(60)), f.names))
        imgui.pop_style_color()
        tip(f, "The output with the largest value, and its probability (softmax). Green: right. Red: wrong.")
    imgui.pop_style_var()


def _differences(f: Frame, room: float) -> None:
    """What makes each of two compared networks different, and what it says of the sample; on one line where there is room."""
    c = f.readout.compare
    if c is None:
        return
    tips = "; ".join(f"{d.name}: A {compare.words(d.path, d.a)}, B {compare.words(d.path, d.b)}" for d in c.differences) or "no setting"
    texts = [[n.name, elide(n.title or "same settings", room * 0.4), f"says {n.answer}" if n.answer else ""] for n in c.networks]
    if f.readout.walk is not None:  # the walk shows a sample of its batch, B still the one before
        texts[1][2] = "waits"
    texts = [[name, title, kept("says ", says[5:], room * 0.55, f.names) if says[:5] == "says " else says] for name, title, says in texts]
    gap, between = f.px(7), f.px(20)
    one_line = sum(imgui.calc_text_size(" ".join(words)).x + 2 * gap for words in texts) + between < room
    for k, (n, (name, title, says)) in enumerate(zip(c.networks, texts, strict=True)):
        if k and one_line:
            imgui.same_line(0, between)
        answer = _TEXT if n.right is None or says == "waits" else _RIGHT if n.right else _WRONG
        for text, ink in (
            (name, theme.packed(theme.NETWORKS[k])),
            (title, _DIM),
            (says, answer),
        ):
            if text != name:
                imgui.same_line(0, gap)
            imgui.push_style_color(imgui.Col_.text, ink)
            imgui.text_unformatted(text)
            imgui.pop_style_color()
            tip(
                f,
                f"Different: {tips}. The answer is the output with the largest value, and its probability (softmax). Green: right. Red: "
                f"wrong.",
            )


def _legend(f: Frame, room: float) -> None:
    """Signs as they are drawn, the scale, and what share of the edges is shown."""
    r = f.readout
    if not r.edges_total:
        return
    if is_foreign(r.topology):
        return _connection_legend(f, room)
    weights = r.moment.weights if r.moment and r.moment.weights.on else None
    difference = r.walk is None and r.moments.shown == "B - A"
    quantity = r.walk.symbol if r.walk else "|w in B − w in A|" if difference else QUANTITY_SYMBOL[f.scene.look.edges]
    signs = theme.ERROR_SIGNS if r.walk and r.walk.error and not weights else f.signs
    imgui.push_font(None, theme.SMALL)
    corner = imgui.get_cursor_screen_pos()
    corner.y += f.px(4)
    line, draw_list = imgui.get_text_line_height(), imgui.get_window_draw_list()
    x, middle = corner.x, corner.y + line / 2
    for colour, dashed, text in ((signs[0], False, "positive"), (signs[1], f.scene.look.dashes, "negative")):
        ink = theme.packed(colour)
        for k in range(4 if dashed else 1):
            start = x + k * f.px(7)
            end = start + (f.px(4) if dashed else f.px(25))
            draw_list.add_line(imgui.ImVec2(start, middle), imgui.ImVec2(end, middle), ink, f.px(2.2))
        draw_list.add_text(imgui.ImVec2(x + f.px(31), corner.y), _DIM, text)
        x += f.px(31) + imgui.calc_text_size(text).x + f.px(14)
    if weights:
        quantity = "|Δw|" if weights.mode in ("phase", "difference") else "|w| before the step"
    known = r.walk is None or r.walk.whole or (weights is not None and weights.mode != "phase")
    where = f" ({phase_layer(r.topology, r.edges_layer)})" if len(r.topology.nodes) > 2 else ""
    peak = f"brightest: {quantity} = {short(r.edges_peak)}{where}" if r.edges_peak else f"{quantity} = 0 everywhere so far"
    peak = peak if known else f"{quantity}, revealed as the phase advances"
    fits = x - corner.x + imgui.calc_text_size(peak).x < room
    if fits:
        draw_list.add_text(imgui.ImVec2(x, corner.y), _DIM, peak)
        x += imgui.calc_text_size(peak).x
    imgui.dummy(imgui.ImVec2(x - corner.x, line + f.px(4)))
    what = "weight, with its difference magnified" if weights and weights.mode != "difference" else quantity
    scale = "each layer has its own scale" if f.scene.look.scale == "local" else "all layers share one scale"
    tip(f, f"The brighter an edge, the larger its {what}; {scale}."
           + (f" The largest of all edges, drawn or not: {plain(r.edges_peak)}{where}." if known and r.edges_peak else ""))  # fmt: skip
    if not fits:
        small(f, peak)
    gradient = f"; {r.walk.gradient}" if r.walk and r.walk.gradient and not weights else ""
    small(f, elide(f"{edge_share.text(r, quantity if known else '')}{gradient}", room))
    tip(f, edge_share.explained(r, quantity))
    neuron_legend.draw(f, room)
    if r.plane is not None and r.plane.tiles:
        _tile_legend(f, r.plane, room)
    if r.plane is not None and r.plane.unit is not None:
        _plate_legend(f, r.plane.unit, room)
    if r.plane is not None and r.plane.dots[0] < r.plane.dots[1]:
        small(f, elide(f"dots: {count(r.plane.dots[0])} of {count(r.plane.dots[1])} training samples", room))
        tip(f, "An evenly drawn subset: more dots would cover each other and the plate.")
    if weights:
        _weights_legend(f, weights)
    imgui.pop_font()


def _connection_legend(f: Frame, room: float) -> None:
    """Of a network that was built elsewhere: its lines are no edges."""
    imgui.push_font(None, theme.SMALL)
    small(f, elide(edge_share.text(f.readout, ""), room))
    tip(f, edge_share.CONNECTIONS)
    neuron_legend.draw(f, room)
    imgui.pop_font()


def _weights_legend(f: Frame, weights) -> None:
    """What lines and arrows mean while weights of two moments are drawn, and by what their difference is multiplied."""
    if weights.mode == "before":
        return
    corner, line, draw_list = imgui.get_cursor_screen_pos(), imgui.get_text_line_height(), imgui.get_window_draw_list()
    x, y = corner.x, corner.y + line / 2

    def say(text: str) -> float:
        draw_list.add_text(imgui.ImVec2(x, corner.y), _DIM, text)
        return x + imgui.calc_text_size(text).x + f.px(12)

    if weights.mode == "phase":
        draw_list.add_line(imgui.ImVec2(x, y), imgui.ImVec2(x + f.px(18), y), theme.packed(theme.CURVE_TEST), f.scale)
        x += f.px(23)
        x = say("old weight")
    if weights.mode != "after":
        for ink, text in zip(f.signs, ("moved up", "moved down"), strict=True):
            for dy in (-3, 3):
                ends = imgui.ImVec2(x, y + f.px(dy)), imgui.ImVec2(x + f.px(4), y)
                draw_list.add_line(*ends, theme.packed(ink), f.px(1.8))
            x += f.px(9)
            x = say(text)
    x = say(f"differences {times(weights.factor)}")
    imgui.dummy(imgui.ImVec2(x - corner.x, line))
    tip(f, "Arrows: a weight increased (blue) or decreased (orange). They point towards the output if it moved away from 0, and"
           f" towards the input if it moved towards 0. Differences are magnified {plain(weights.factor)} times.")  # fmt: skip


def _plate_legend(f: Frame, unit: Unit, room: float) -> None:
    """What the plate's colours stand for, in the target's own unit."""
    width = _bar(f)
    small(f, elide(f"plate: {unit.name} from {unit.text(unit.low)} to {unit.text(unit.high)}", room - width - f.px(8)))
    tip(f, f"The plate: the network's {unit.name} at every point, from the smallest value of the data over the dark middle "
           f"({unit.text((unit.low + unit.high) / 2)}) to the largest; the dots are the targets of the samples.")  # fmt: skip


def _bar(f: Frame) -> float:
    """The colours from negative to positive at the beginning of a line; returns their width."""
    at, line, width, high = imgui.get_cursor_screen_pos(), imgui.get_text_line_height(), f.px(46), f.px(8)
    colour_bar(f, imgui.get_window_draw_list(), at.x, at.y + (line - high) / 2, width, high)
    imgui.set_cursor_pos_x(imgui.get_cursor_pos_x() + width + f.px(8))
    return width


def _tile_legend(f: Frame, plane: PlaneReading, room: float) -> None:
    """What the pictures on the neurons are, with their colours from negative to positive."""
    width = _bar(f)
    small(f, elide(f"a over {plane.names[0]} and {plane.names[1]}, each neuron on its own scale", room - width - f.px(8)))
    held = " The other features keep the values of the displayed sample." if plane.held else ""
    tip(f, f"The image on a neuron: its activation a at every point of the plane, from its most negative value over dark zero to its "
           f"most positive; an output for a class has the colour of that class. {plane.names[0]} runs to the right from "
           f"{short(plane.low[0])} to {short(plane.high[0])}, {plane.names[1]} up from {short(plane.low[1])} to {short(plane.high[1])}, "
           f"as the network receives them.{held} The white dot is the displayed sample; the rim shows its activation. Point at a neuron "
           f"for its scale.")  # fmt: skip
