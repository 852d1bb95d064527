"""In a walk, the cell that the window writes now: patch × kernel = products of the strongest channels, their sum, the bias, z."""

from __future__ import annotations

from imgui_bundle import imgui

from nnviz3d.spec.node_names import inside
from nnviz3d.spec.step_annotations import Moment, WindowCard
from nnviz3d.ui.core import theme
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.label_placement import Rect, settle
from nnviz3d.ui.core.names import cell, layer_name
from nnviz3d.ui.core.widgets import elide, show_tip
from nnviz3d.ui.equations import window_grids

WIDTH, WIDEST, LEAST, PAD, LINE = 330.0, 500.0, 200.0, 10.0, 18.0  # unscaled pixels
ROOMY = 0.26  # of a wide stage's width
SHARE, CHANNELS = 0.46, 3  # of the stage's width at most; channels that are listed
HELD = "The window stands while you point at it."
MOVING = "Point at a cell of this layer, or of the one that it reads: the window stops there."


def draw(f: Frame, moment: Moment, taken: list[Rect]) -> Rect | None:
    """Draws the card of this moment, if there is one; returns where it is."""
    card = moment.window
    if card is None or card.reading.window is None or f.stage_width * SHARE < f.px(LEAST) or card.layer >= len(moment.boxes):
        return None
    w = card.reading.window
    width = min(max(f.px(WIDTH), f.stage_width * ROOMY), f.px(WIDEST), f.stage_width * SHARE)
    side = window_grids.side_of(f, w, width - f.px(2 * PAD))
    block = window_grids.block_height(f, w, side)
    bottom = taken[-1][1] if taken else f.height
    listed = max(1, min(CHANNELS, len(w.patches), int((bottom * 0.3) // block)))
    size = width, f.px(2 * PAD) + f.px(LINE) * (2 + (listed < len(w.patches))) + listed * block
    box = moment.boxes[card.layer]
    area = f.px(6), f.px(6), f.stage_width - f.px(6), bottom - f.px(6)
    left, top = settle(size, tuple(box), moment.boxes, taken, area, f.px(14))
    rect = left, top, left + size[0], top + size[1]
    draw_list, low, high = imgui.get_background_draw_list(), imgui.ImVec2(left, top), imgui.ImVec2(rect[2], rect[3])
    draw_list.add_rect_filled(low, high, theme.packed(theme.GLASS, 0.86), f.px(9))
    draw_list.add_rect(low, high, theme.packed(theme.ACCENT if card.held else theme.LINE, 0.8), f.px(9))
    _words(f, draw_list, card, rect, listed, block, side)
    mouse = imgui.get_io().mouse_pos
    if not f.compact and not imgui.get_io().want_capture_mouse and left <= mouse.x <= rect[2] and top <= mouse.y <= rect[3]:
        show_tip(f, HELD if card.held else MOVING)
    return rect


def _words(f: Frame, draw_list, card: WindowCard, rect: Rect, listed: int, block: float, side: float) -> None:
    r, w, pixels = card.reading, card.reading.window, f.font(theme.SMALL)
    assert w is not None
    x, y, width = rect[0] + f.px(PAD), rect[1] + f.px(PAD), rect[2] - rect[0] - f.px(2 * PAD)
    room = width * theme.BODY / theme.SMALL

    def line(text: str, colour: str) -> None:
        nonlocal y
        draw_list.add_text(f.fonts.regular, pixels, imgui.ImVec2(x, y), theme.packed(colour), elide(text, room))
        y += f.px(LINE)

    line(f"{inside(layer_name(f, r.layer))}, {cell(f, r.layer, r.index)}", theme.TEXT)
    for p in w.patches[:listed]:
        window_grids.patch(f, draw_list, (x, y), width, side, w, p)
        y += block
    if listed < len(w.patches):
        rest = sum(p.total for p in w.patches[listed:]) + w.rest
        line(f"{len(w.patches) - listed + w.rest_count:,} more channels: {window_grids.signed(rest)}", theme.DIM)
    line(window_grids.summed(r, w), theme.TEXT)
