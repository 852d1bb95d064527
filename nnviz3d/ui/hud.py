"""What floats on the stage: title and sample, legend, the sentence with the transport bar, banner, toast, hint, hover card."""

from __future__ import annotations

from imgui_bundle import icons_fontawesome_6 as fa
from imgui_bundle import imgui

from nnviz3d.ui import theme
from nnviz3d.ui.frame import Frame
from nnviz3d.ui.numbers import count, percent, plain, shape, short
from nnviz3d.ui.widgets import dim, elide, icon_button, small, tip
from nnviz3d.ui.words import HINT, QUANTITY_SYMBOL

_W = imgui.WindowFlags_
_FLOAT = _W.no_decoration | _W.no_move | _W.no_saved_settings | _W.no_focus_on_appearing | _W.no_nav | _W.always_auto_resize
_TEXT, _DIM, _FAINT, _ACCENT = (theme.packed(c) for c in (theme.TEXT, theme.DIM, theme.FAINT, theme.ACCENT))
_RIGHT, _WRONG = theme.packed(theme.GOOD), theme.packed(theme.BAD)
HINT_SECONDS, TOAST_SECONDS = 14.0, 3.5


def _float(f: Frame, name: str, x: float, y: float, pivot: tuple[float, float] = (0, 0), alpha: float = 0.62, extra: int = 0) -> None:
    imgui.set_next_window_pos(imgui.ImVec2(x, y), imgui.Cond_.always, imgui.ImVec2(*pivot))
    imgui.set_next_window_bg_alpha(alpha)
    imgui.push_style_var(imgui.StyleVar_.window_padding, imgui.ImVec2(f.px(12), f.px(9)))
    imgui.begin(name, None, _FLOAT | extra)
    imgui.pop_style_var()


def header(f: Frame) -> float:
    """Top left: the scene (a menu of scenes), the shown sample and what the network says of it. Returns the bottom edge."""
    r = f.readout
    margin = f.px(theme.MARGIN)
    room = f.stage_width - 2 * margin - f.px(24)
    _float(f, "##header", margin, margin)
    _title(f, room)
    _sample(f, room)
    _legend(f, room)
    bottom = imgui.get_window_pos().y + imgui.get_window_size().y
    imgui.end()
    del r
    return bottom


def _title(f: Frame, room: float) -> None:
    r = f.readout
    imgui.push_font(f.fonts.bold, theme.LARGE)
    text = elide(f.scene.title or r.scene_name or r.data_name, max(room - f.px(40), f.px(60)))
    size = imgui.calc_text_size(text)
    many = len(r.scene_names) > 1
    width = size.x + (f.px(28) if many else 0)
    corner = imgui.get_cursor_screen_pos()
    pressed = imgui.invisible_button("##scenes", imgui.ImVec2(max(width, 1), size.y + f.px(2)))
    hovered = imgui.is_item_hovered()
    draw_list = imgui.get_window_draw_list()
    draw_list.add_text(corner, _ACCENT if hovered and many else _TEXT, text)
    imgui.pop_font()
    if many:
        at = imgui.ImVec2(corner.x + size.x + f.px(9), corner.y + size.y * 0.5 - f.px(7))
        draw_list.add_text(f.fonts.regular, f.px(12), at, _ACCENT if hovered else _DIM, fa.ICON_FA_CHEVRON_DOWN)
    tip(f, (f.scene.about + "\n\n" if f.scene.about else "") + ("Click to open another scene." if many else r.data_summary))
    if pressed and many:
        imgui.open_popup("scenes")
    if imgui.begin_popup("scenes"):
        for name in r.scene_names:
            if imgui.selectable(name, name == r.scene_name)[0] and name != r.scene_name:
                f.do("open", name)
        imgui.end_popup()


def _sample(f: Frame, room: float) -> None:
    """'sample 17 of 359: a 3; the network says 3 (97.2 %)' with previous, next, shuffle."""
    r = f.readout
    if not r.sample_count:
        return
    imgui.push_style_var(imgui.StyleVar_.item_spacing, imgui.ImVec2(f.px(2), f.px(3)))
    if icon_button(f, fa.ICON_FA_CHEVRON_LEFT, "previous", "Previous sample ( [ )", size=22):
        f.do("previous_sample")
    imgui.same_line()
    if icon_button(f, fa.ICON_FA_CHEVRON_RIGHT, "next", "Next sample ( ] )", size=22):
        f.do("next_sample")
    imgui.same_line()
    if icon_button(f, fa.ICON_FA_SHUFFLE, "shuffle", "A sample by chance", size=22):
        f.do("shuffle_sample")
    left = imgui.get_item_rect_max().x - imgui.get_window_pos().x + f.px(8)
    what = f"sample {r.sample_index + 1:,} of {r.sample_count:,}: {r.sample_label}"
    answer = f"the network says {r.sample_answer}" if r.sample_answer else ""
    colour = _TEXT if r.sample_right is None else _RIGHT if r.sample_right else _WRONG
    imgui.same_line(left)
    imgui.align_text_to_frame_padding()
    one_line = imgui.calc_text_size(f"{what};  {answer}").x + left < room
    dim(elide(what + (";" if answer and one_line else ""), max(room - left, f.px(60))))
    tip(f, "The sample that the picture shows, from the part that is never trained on, and its true answer.")
    if answer:
        if one_line:
            imgui.same_line(0, f.px(6))
        else:
            imgui.set_cursor_pos_x(left)
        imgui.push_style_color(imgui.Col_.text, colour)
        imgui.text_unformatted(elide(answer, max(room - left, f.px(60))))
        imgui.pop_style_color()
        tip(f, "The output with the largest value, and its share (softmax). Green: right. Red: wrong.")
    imgui.pop_style_var()


def _legend(f: Frame, room: float) -> None:
    """Signs as they are drawn, the scale, and what share of the edges is shown."""
    r = f.readout
    if not r.edges_total:
        return
    quantity = QUANTITY_SYMBOL[f.scene.look.edges]
    imgui.push_font(None, theme.SMALL)
    corner = imgui.get_cursor_screen_pos()
    corner.y += f.px(4)
    line, draw_list = imgui.get_text_line_height(), imgui.get_window_draw_list()
    x, middle = corner.x, corner.y + line / 2
    for colour, dashed, text in ((f.signs[0], False, "positive"), (f.signs[1], f.scene.look.dashes, "negative")):
        ink = theme.packed(colour)
        for k in range(4 if dashed else 1):
            start = x + k * f.px(7)
            end = start + (f.px(4) if dashed else f.px(25))
            draw_list.add_line(imgui.ImVec2(start, middle), imgui.ImVec2(end, middle), ink, f.px(2.2))
        draw_list.add_text(imgui.ImVec2(x + f.px(31), corner.y), _DIM, text)
        x += f.px(31) + imgui.calc_text_size(text).x + f.px(14)
    peak = f"brightest: {quantity} = {short(r.edges_peak)}"
    fits = x - corner.x + imgui.calc_text_size(peak).x < room
    if fits:
        draw_list.add_text(imgui.ImVec2(x, corner.y), _DIM, peak)
        x += imgui.calc_text_size(peak).x
    imgui.dummy(imgui.ImVec2(x - corner.x, line + f.px(4)))
    tip(f, f"The brighter an edge, the larger its {quantity}. Brightest from {plain(r.edges_peak)} (98.5th percentile"
           f"{', each layer by itself' if f.scene.look.scale == 'local' else ''}).")  # fmt: skip
    if not fits:
        small(f, peak)
    if r.edges_shown < r.edges_total:
        text = f"{count(r.edges_shown)} strongest of {count(r.edges_total)} edges = {100 * r.edges_share:.0f} % of {quantity}"
    else:
        text = f"all {count(r.edges_total)} edges"
    small(f, elide(text, room))
    tip(f, f"Edges in the picture, and their share of the sum of {quantity} over all edges.")
    imgui.pop_font()


def metrics(f: Frame) -> str:
    """'step 1,234 · epoch 27.4 · loss 0.083 · test 97.2 %'."""
    r = f.readout
    parts = [f"step {count(r.step)}", f"epoch {r.epoch:.1f}"]
    if r.loss is not None:
        parts.append(f"loss {short(r.loss)}")
    if r.test_accuracy is not None:
        parts.append(f"test {percent(r.test_accuracy)}")
    elif r.test_loss is not None:
        parts.append(f"test loss {short(r.test_loss)}")
    return "   ·   ".join(parts)


def _centred(text: str, width: float) -> None:
    imgui.set_cursor_pos_x(imgui.get_cursor_pos_x() + max(0.0, (width - imgui.calc_text_size(text).x) / 2))


def transport(f: Frame) -> float:
    """Bottom centre of the stage: the sentence, the numbers, and the buttons that run time. Returns its top edge."""
    r = f.readout
    room = min(f.stage_width - 2 * f.px(theme.MARGIN) - f.px(24), f.px(560))
    _float(f, "##transport", f.stage_width / 2, f.height - f.px(theme.MARGIN), (0.5, 1.0))
    imgui.push_style_var(imgui.StyleVar_.item_spacing, imgui.ImVec2(f.px(6), f.px(5)))
    imgui.dummy(imgui.ImVec2(room, 0))
    if imgui.calc_text_size(r.sentence).x <= room:
        _centred(r.sentence, room)
        imgui.text_unformatted(r.sentence)
    else:
        imgui.push_text_wrap_pos(imgui.get_cursor_pos_x() + room)
        imgui.text_unformatted(r.sentence[:400])
        imgui.pop_text_wrap_pos()
    imgui.push_font(None, theme.SMALL)
    text = metrics(f)
    if imgui.calc_text_size(text).x > room:
        text = text.replace("   ·   ", " · ")
    _centred(text, room)
    dim(elide(text, room))
    tip(f, "step: changes of the weights so far. epoch: times through the training part. loss: mean error of the last batch (no unit)."
           " test: share of right answers on samples never trained on.")  # fmt: skip
    imgui.pop_font()
    _buttons(f, room)
    imgui.pop_style_var()
    top = imgui.get_window_pos().y
    imgui.end()
    return top


def _buttons(f: Frame, room: float) -> None:
    r = f.readout
    speed_width, gap, play = f.px(118), f.px(6), f.px(36)
    start = imgui.get_cursor_pos_x() + max(0.0, (room - 4 * play - speed_width - 4 * gap - f.px(8)) / 2)
    imgui.set_cursor_pos_x(start)
    icon, hint = (fa.ICON_FA_PAUSE, "Pause (Space)") if r.running else (fa.ICON_FA_PLAY, "Train (Space)")
    imgui.push_style_var(imgui.StyleVar_.frame_rounding, play / 2)
    if icon_button(f, icon, "play", hint, accent=True, size=36):
        f.do("pause" if r.running else "play")
    for icon, name, hint in (
        (fa.ICON_FA_FORWARD_STEP, "step", "One training step ( . )"),
        (fa.ICON_FA_ROTATE_LEFT, "reset", "Reset: the same first weights again (R)"),
        (fa.ICON_FA_DICE, "new_seed", "New seed: other first weights (N)"),
    ):
        imgui.same_line(0, gap)
        if icon_button(f, icon, name, hint, size=36):
            f.do(name)
    imgui.pop_style_var()
    imgui.same_line(0, gap + f.px(8))
    imgui.set_cursor_pos_y(imgui.get_cursor_pos_y() + (play - imgui.get_frame_height()) / 2)
    imgui.set_next_item_width(speed_width)
    rate = f.scene.train.steps_per_second
    shown = "full speed" if not rate else f"{rate:g} steps/s"
    if imgui.begin_combo("##speed", shown):
        for value in (0.0, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0):
            text = "full speed" if not value else f"{value:g} steps/s"
            if imgui.selectable(text, value == rate)[0] and value != rate:
                f.edit("train.steps_per_second", value)
        imgui.end_combo()
    tip(f, f"Training steps a second. Now: {f.readout.steps_per_second:,.0f}. Full speed: as many as fit in a frame.")


def banner(f: Frame) -> None:
    """Top centre, until it is answered: something went wrong."""
    text = f.readout.banner
    if not text:
        return
    width = min(f.stage_width - 2 * f.px(theme.MARGIN), f.px(560))
    imgui.push_style_color(imgui.Col_.border, theme.packed(theme.BAD, 0.8))
    imgui.set_next_window_size_constraints(imgui.ImVec2(width, 0), imgui.ImVec2(width, f.height * 0.6))
    _float(f, "##banner", f.stage_width / 2, f.height * 0.3, (0.5, 0.5), 0.97)
    imgui.push_style_color(imgui.Col_.text, _WRONG)
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


def notes(f: Frame, top: float) -> None:
    """Above the transport bar: what was just done, else, at first, how to begin."""
    memory = f.memory
    if f.readout.toast != memory.toast:
        memory.toast, memory.toast_seconds = f.readout.toast, 0.0
    y = top - f.px(40)
    if memory.toast and memory.toast_seconds < TOAST_SECONDS:
        memory.toast_seconds += f.dt
        _note(f, memory.toast, y, min(1.0, (TOAST_SECONDS - memory.toast_seconds) / 0.6))
    elif memory.hint:
        memory.hint_seconds += f.dt
        memory.hint = memory.hint_seconds < HINT_SECONDS
        _note(f, HINT, y, min(1.0, (HINT_SECONDS - memory.hint_seconds) / 1.5))


def hover_card(f: Frame) -> None:
    """A small card beside the pointer for the neuron under it."""
    h = f.readout.hovered
    if h is None or imgui.get_io().want_capture_mouse:
        return
    imgui.push_style_var(imgui.StyleVar_.window_padding, imgui.ImVec2(f.px(12), f.px(9)))
    imgui.begin_tooltip()
    title = f"{h.layer_name}, neuron {h.index}" + (f": {h.label}" if h.label else "")
    imgui.text_unformatted(elide(title, f.px(320)))
    numbers = f"a = {plain(h.a)}" + ("" if h.z is None else f"     z = {plain(h.z)}")
    imgui.push_style_color(imgui.Col_.text, _ACCENT)
    imgui.text_unformatted(numbers)
    imgui.pop_style_color()
    if f.readout.neuron is None or f.readout.neuron.neuron != h.neuron:
        small(f, "click to see its equation", _FAINT)
    imgui.end_tooltip()
    imgui.pop_style_var()


def caption(f: Frame) -> None:
    """For films and stills without panels: the sentence and the numbers, large, at the bottom of the picture."""
    draw_list = imgui.get_background_draw_list()
    y = f.height - f.px(74)
    for text, size, colour in ((f.readout.sentence, theme.LARGE, theme.TEXT), (metrics(f), theme.BODY, theme.DIM)):
        imgui.push_font(None, size)
        text = elide(text, f.width - 2 * f.px(theme.MARGIN))
        x = round((f.width - imgui.calc_text_size(text).x) / 2)
        for dx, dy in ((-1, 0), (1, 0), (0, -1), (0, 1)):
            at = imgui.ImVec2(x + dx * f.scale, round(y) + dy * f.scale)
            draw_list.add_text(f.fonts.regular, f.px(size), at, theme.packed("#04070f", 0.6), text)
        draw_list.add_text(f.fonts.regular, f.px(size), imgui.ImVec2(x, round(y)), theme.packed(colour), text)
        imgui.pop_font()
        y += f.px(size * 1.45)


def facts(f: Frame) -> str:
    """The network in one line: '64 inputs (8×8)' and so on, for the Network panel and its tests."""
    topology = f.readout.topology
    node = topology.input
    return f"{count(node.size)} inputs" + (f" ({shape(node.shape)})" if len(node.shape) > 1 else "")
