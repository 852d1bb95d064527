"""A neuron's activation function beside it: z comes in along the axis, then the point climbs to a on the curve."""

from __future__ import annotations

import numpy as np
from imgui_bundle import imgui

from nnviz3d.layers import face
from nnviz3d.layers.shared.equations_face import equations_of
from nnviz3d.spec.node_names import inside
from nnviz3d.spec.number_text import plain
from nnviz3d.spec.step_annotations import PICKED, Inset, Moment
from nnviz3d.ui.core import theme
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.label_placement import Rect, settle
from nnviz3d.ui.core.names import cell, layer_name
from nnviz3d.ui.core.widgets import elide, show_tip, text_width

TABLE = 230.0  # what the table beside the outputs takes
WIDTH, HEIGHT, HEAD, FOOT, PAD = 158.0, 122.0, 22.0, 20.0, 9.0
MORE = 15.0  # for a line that says which neuron this is
ROW, NUMBERS = 16.0, 4  # a line for each number that comes in, of more the first ones
FORMULA, LETTER = 13.0, 18.0  # size of its symbols, and the width of one of them


def draw(f: Frame, moment: Moment, taken: list[Rect]) -> Rect | None:
    """Draws the inset of this moment, if there is one; returns where it is."""
    inset = moment.inset
    if inset is None or not (0 <= inset.x <= f.stage_width and 0 <= inset.y <= f.height):
        return None
    tall = HEAD + FOOT + ROW * len(inset.incoming[:NUMBERS]) if inset.incoming else HEIGHT
    size = f.px(WIDTH), f.px(tall + (0 if inset.why == PICKED else MORE))
    r = inset.reach + f.px(3)
    anchor = inset.x - r, inset.y - r, inset.x + r, inset.y + r
    bottom = taken[-1][1] if taken else f.height
    area = f.px(6), f.px(6), f.stage_width - f.px(6), bottom - f.px(6)
    boxes = moment.boxes
    if len(boxes):  # the table comes beside the last of them: a card that stands there now would have to jump
        last = boxes[-1]
        boxes = np.concatenate([boxes, [[last[2], last[1], last[2] + f.px(TABLE), last[3]]]])
    left, top = settle(size, anchor, boxes, taken, area, f.px(18))
    rect = left, top, left + size[0], top + size[1]
    draw_list = imgui.get_background_draw_list()
    _leader(f, draw_list, inset, rect)
    low, high = imgui.ImVec2(left, top), imgui.ImVec2(rect[2], rect[3])
    draw_list.add_rect_filled(low, high, theme.packed(theme.GLASS, 0.8), f.px(9))
    draw_list.add_rect(low, high, theme.packed(theme.LINE, 0.8), f.px(9))
    _words(f, draw_list, inset, rect)
    (_incoming if inset.incoming else _plot)(f, draw_list, inset, rect)
    _tip(f, inset, rect)
    return rect


def _leader(f: Frame, draw_list, inset: Inset, rect: Rect) -> None:
    """From the neuron's rim to the nearest point of the card, and a ring around the neuron."""
    x, y = min(max(inset.x, rect[0]), rect[2]), min(max(inset.y, rect[1]), rect[3])
    way = np.array([x - inset.x, y - inset.y])
    far = float(np.hypot(*way))
    ink = theme.packed(theme.TEXT, 0.55)
    draw_list.add_circle(imgui.ImVec2(inset.x, inset.y), inset.reach + f.px(1.5), ink, 0, f.scale)
    if far > inset.reach:
        start = np.array([inset.x, inset.y]) + way * (inset.reach + f.px(1.5)) / far
        draw_list.add_line(imgui.ImVec2(*start), imgui.ImVec2(x, y), ink, f.scale)


def _words(f: Frame, draw_list, inset: Inset, rect: Rect) -> None:
    curve, pixels = inset.curve, f.font(theme.SMALL)
    name = f"{inside(layer_name(f, inset.layer)).replace('hidden layer', 'layer')}, {cell(f, inset.layer, inset.index)}"
    made = f.formulas.get(_symbols(f, inset), f.px(FORMULA)) if inset.incoming else None
    function = "z" if inset.incoming else curve.activation
    right = made.width if made is not None else text_width(function, pixels)
    name = elide(name, (rect[2] - rect[0] - f.px(2 * PAD) - right) * theme.BODY / theme.SMALL)
    draw_list.add_text(f.fonts.regular, pixels, imgui.ImVec2(rect[0] + f.px(PAD), rect[1] + f.px(5)), theme.packed(theme.TEXT), name)
    at = imgui.ImVec2(rect[2] - f.px(PAD) - right, rect[1] + f.px(5))
    if made is not None:
        made.draw(draw_list, at.x, at.y + f.px(10) - made.baseline, theme.packed(theme.DIM))
    else:
        draw_list.add_text(f.fonts.regular, pixels, at, theme.packed(theme.DIM), function)
    if inset.why != PICKED:
        at = imgui.ImVec2(rect[0] + f.px(PAD), rect[1] + f.px(5 + MORE))
        draw_list.add_text(f.fonts.regular, pixels, at, theme.packed(theme.DIM), inset.why)
    y = rect[3] - f.px(FOOT - 1)
    z, a = curve.new if inset.renewed else (curve.z, curve.a)
    x = rect[0] + f.px(PAD)
    sign = f.signs[0] if z >= 0 else f.signs[1]
    for text, ink, alpha in ((f"z = {plain(z)}", sign, inset.summed), (f"a = {plain(a)}", light(a), inset.applied)):
        if alpha > 0.02:
            draw_list.add_text(f.fonts.regular, pixels, imgui.ImVec2(x, y), theme.packed(ink, alpha), text)
        x += f.px((WIDTH - 2 * PAD) / 2 + 4)


def _symbols(f: Frame, inset: Inset) -> str:
    """z = a_1 + a_2, or as its kind has it."""
    count = len(inset.incoming)
    letters = [f"a_{k + 1}" for k in range(count)] if count <= NUMBERS else ["a_1", "a_2", r"\ldots"]
    return f"z = {equations_of(_kind(f, inset)).of(letters)}"


def _kind(f: Frame, inset: Inset) -> str:
    return f.readout.topology.nodes[inset.layer].kind


def light(a: float) -> str:
    """The colour of a neuron's activation."""
    return theme.ACCENT if a >= 0 else theme.NEGATIVE_NEURON


def _plot(f: Frame, draw_list, inset: Inset, rect: Rect) -> None:
    """Axes, the curve, the tangent where the error asks for the slope, and the point on its way."""
    c = inset.curve
    left, right, top, bottom = rect[0] + f.px(PAD), rect[2] - f.px(PAD), rect[3] - f.px(HEIGHT - HEAD), rect[3] - f.px(FOOT)
    low, high = min(float(c.a_c.min()), 0.0), max(float(c.a_c.max()), 0.0)
    room = max(high - low, 1e-30) * 0.1
    low, high, first, last = low - room, high + room, float(c.z_c[0]), float(c.z_c[-1])

    def at(z: float, a: float) -> imgui.ImVec2:
        x, y = left + (z - first) / (last - first) * (right - left), bottom - (a - low) / (high - low) * (bottom - top)
        return imgui.ImVec2(min(max(x, left), right), min(max(y, top), bottom))

    axis = theme.packed(theme.FAINT, 0.5)
    draw_list.add_line(at(first, 0), at(last, 0), axis, f.scale)
    draw_list.add_line(at(0, low), at(0, high), axis, f.scale)
    points = [at(z, a) for z, a in zip(c.z_c.tolist(), c.a_c.tolist(), strict=True)]
    draw_list.add_polyline(points, theme.packed(theme.TEXT, 0.75), f.px(1.4), 0)
    if inset.tangent and c.slope is not None:
        reach = (last - first) * 0.22
        ends = at(c.z - reach, c.a - reach * c.slope), at(c.z + reach, c.a + reach * c.slope)
        draw_list.push_clip_rect(imgui.ImVec2(left, top), imgui.ImVec2(right, bottom), True)
        draw_list.add_line(*ends, theme.packed(theme.ERROR_SIGNS[0], 0.9), f.px(1.6))
        draw_list.pop_clip_rect()
    if inset.summed <= 0:
        return
    if inset.moved > 0:  # where it was
        draw_list.add_circle(at(c.z, c.a), f.px(3.2), theme.packed(theme.DIM), 0, f.px(1.2))
    z = c.z * inset.summed + (c.new[0] - c.z) * inset.moved
    a = c.a * inset.applied + (c.new[1] - c.a) * inset.moved
    sign = f.signs[0] if z >= 0 else f.signs[1]
    draw_list.add_line(at(0, 0), at(z, 0), theme.packed(sign, 0.95), f.px(2.2))
    if inset.applied > 0:
        draw_list.add_line(at(z, 0), at(z, a), theme.packed(light(c.a), 0.8), f.px(1.4))
    point, ink = at(z, a), light(c.a) if inset.applied > 0 else sign
    draw_list.add_circle_filled(point, f.px(6.5), theme.packed(ink, 0.22))
    draw_list.add_circle_filled(point, f.px(3.4), theme.packed(ink))


def _incoming(f: Frame, draw_list, inset: Inset, rect: Rect) -> None:
    """What comes in, a line for each number with the layer that it comes from; together they make z."""
    if inset.summed <= 0.02:
        return
    pixels, right = f.font(theme.SMALL), rect[2] - f.px(PAD)
    y = rect[3] - f.px(FOOT + ROW * len(inset.incoming[:NUMBERS])) - f.px(2)
    for k, (name, a) in enumerate(inset.incoming[:NUMBERS]):
        more = len(inset.incoming) - k if k == NUMBERS - 1 and len(inset.incoming) > NUMBERS else 0
        number = f"and {more} more" if more else plain(a)
        width = text_width(number, pixels)
        x = rect[0] + f.px(PAD)
        if not more and (letter := f.formulas.get(f"a_{k + 1}", f.px(FORMULA))) is not None:
            letter.draw(draw_list, x, y + f.px(10) - letter.baseline, theme.packed(theme.DIM, inset.summed))
        x += f.px(LETTER)
        label = elide("…" if more else name, (right - x - f.px(PAD) - width) * theme.BODY / theme.SMALL)
        draw_list.add_text(f.fonts.regular, pixels, imgui.ImVec2(x, y), theme.packed(theme.DIM, inset.summed), label)
        draw_list.add_text(f.fonts.regular, pixels, imgui.ImVec2(right - width, y), theme.packed(light(a), inset.summed), number)
        y += f.px(ROW)


def _tip(f: Frame, inset: Inset, rect: Rect) -> None:
    io = imgui.get_io()
    if f.compact or io.want_capture_mouse or not (rect[0] <= io.mouse_pos.x <= rect[2] and rect[1] <= io.mouse_pos.y <= rect[3]):
        return
    c = inset.curve
    if inset.incoming:
        show_tip(f, f"This neuron ({inset.why}): {face(_kind(f, inset), 'words').FORWARD}")
        return
    held = " The z of the other outputs stay fixed." if c.activation == "softmax" else ""
    slope = (
        f" Its slope f'(z) = {plain(c.slope)} is the factor by which the error is multiplied."
        if inset.tangent and c.slope is not None
        else ""
    )
    text = (
        f"This neuron ({inset.why}) adds up its weighted inputs to z, on the horizontal axis; {c.activation} turns z into a, on the "
        f"curve.{held}{slope}"
    )
    show_tip(f, f"{text} Axis from {plain(float(c.z_c[0]))} to {plain(float(c.z_c[-1]))}.")
