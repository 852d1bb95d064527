"""Draw: a pad whose strokes flow through the network while one draws, what the network sees of them, and its answer.

The strokes are the panel's own; each change of them is the command `draw` with all of them, at most twenty times a second.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from imgui_bundle import icons_fontawesome_6 as fa
from imgui_bundle import imgui

from nnviz3d.spec.number_text import percent, short
from nnviz3d.spec.readout import OwnReading
from nnviz3d.spec.strokes import NUMBERS, STROKES, THICKEST, THINNEST
from nnviz3d.ui.core import bars, theme
from nnviz3d.ui.core.bars import Bar
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.texture import Bitmap
from nnviz3d.ui.core.thumbnail_atlas import painted
from nnviz3d.ui.core.widgets import icon_button, label, small, tip

TITLE, ICON, HINT, OPEN = "Draw", fa.ICON_FA_PEN, "Draw a picture, or open one, and see what the network makes of it.", False
LARGEST = 220.0  # unscaled pixels of the pad's side
EVERY = 0.05  # seconds between two commands while a stroke is drawn
NEAR = 0.006  # of the pad's side: points nearer to each other than that say nothing new
ANSWERS = 10  # outputs that have a bar
_PAD, _LINE, _INK, _FAINT = theme.packed("#111a30"), theme.packed(theme.LINE), theme.packed("#ffecc8"), theme.packed(theme.FAINT)
_ACCENT, _OTHER = theme.packed(theme.ACCENT), theme.packed(theme.CURVE_TEST, 0.75)

Stroke = tuple[float, bool, list[float]]


class DrawPanel:
    """Remembers the strokes, also while a sample of the data is shown."""

    def __init__(self):
        self.strokes: list[Stroke] = []
        self.width, self.erasing = 0.1, False
        self._drawing, self._waits, self._since = False, False, 0.0
        self._seen, self._ink = Bitmap(), None

    def draw(self, f: Frame) -> None:
        f.wants["own"] = True
        r = f.readout.own
        if r is None:
            small(f, "…")
            return
        if r.reason:
            small(f, r.reason, wrap=True)
            return
        self._tools(f, r)
        side = min(imgui.get_content_region_avail().x, f.px(LARGEST))
        self._pad(f, r, side)
        self._send(f)
        self._network_sees(f, r)
        if r.shown:
            _answer(f, r)

    # ------------------------------------------------------------ tools

    def _tools(self, f: Frame, r: OwnReading) -> None:
        if icon_button(f, fa.ICON_FA_PEN, "pen", "Draw", accent=not self.erasing, size=28):
            self.erasing = False
        imgui.same_line()
        if icon_button(f, fa.ICON_FA_ERASER, "eraser", "Erase", accent=self.erasing, size=28):
            self.erasing = True
        imgui.same_line()
        if icon_button(f, fa.ICON_FA_ROTATE_LEFT, "unstroke", "Take the last stroke back", bool(self.strokes), size=28):
            self._change(self.strokes[:-1])
        imgui.same_line()
        if icon_button(f, fa.ICON_FA_TRASH_CAN, "clear", "Clear the pad", bool(self.strokes), size=28):
            self._change([])
        imgui.same_line()
        if icon_button(
            f, fa.ICON_FA_FOLDER_OPEN, "picture", "Open a picture (PNG, JPEG). Dropping one on the window does the same.", size=28
        ):
            f.do("open_picture")
        imgui.same_line()
        back = "Show the sample of the data again; the drawing stays on the pad"
        if icon_button(f, fa.ICON_FA_ARROW_RIGHT_FROM_BRACKET, "leave", back, r.shown, size=28):
            f.do("show_sample", f.readout.sample_index)
        imgui.begin_group()
        label(f, "Thickness")
        flags = imgui.SliderFlags_.always_clamp | imgui.SliderFlags_.no_input
        _changed, self.width = imgui.slider_float("##thickness", self.width, 0.03, 0.2, f"{100 * self.width:.0f} %%", flags)
        imgui.end_group()
        tip(f, "Width of the next stroke, as a share of the pad's width.")

    def _change(self, strokes: list[Stroke]) -> None:
        self.strokes, self._waits, self._since = strokes, True, EVERY

    # ------------------------------------------------------------ the pad

    def _pad(self, f: Frame, r: OwnReading, side: float) -> None:
        corner = imgui.get_cursor_screen_pos()
        imgui.invisible_button("##pad", imgui.ImVec2(side, side))
        self._follow(corner, side)
        draw_list = imgui.get_window_draw_list()
        end = imgui.ImVec2(corner.x + side, corner.y + side)
        draw_list.add_rect_filled(corner, end, _PAD, f.px(4))
        draw_list.push_clip_rect(corner, end, True)
        for width, erase, points in self.strokes:
            _stroke(draw_list, corner, side, max(width * side, 1), _PAD if erase else _INK, points)
        if not self.strokes:
            text = "Draw here"
            size = imgui.calc_text_size(text)
            draw_list.add_text(imgui.ImVec2(corner.x + (side - size.x) / 2, corner.y + (side - size.y) / 2), _FAINT, text)
        if imgui.is_item_hovered() or self._drawing:
            draw_list.add_circle(imgui.get_mouse_pos(), max(self.width * side / 2, 2), _FAINT, 0, f.px(1))
        draw_list.pop_clip_rect()
        draw_list.add_rect(corner, end, _ACCENT if self._drawing else _LINE, f.px(4), f.px(1))

    def _follow(self, corner: imgui.ImVec2, side: float) -> None:
        """The pointer: a mouse, a finger or a pen."""
        active = imgui.is_item_active()
        if active:
            mouse = imgui.get_mouse_pos()
            x, y = ((p - c) / side for p, c in ((mouse.x, corner.x), (mouse.y, corner.y)))
            if not self._drawing:
                if not (0 <= x <= 1 and 0 <= y <= 1):  # held by the keyboard
                    return
                width = round(min(max(self.width, THINNEST), THICKEST), 3)
                self.strokes = [*self.strokes[-(STROKES - 1) :], (width, self.erasing, [])]
            self._to(min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0))
        elif self._drawing:
            self._since = EVERY  # the end of a stroke is sent at once
        self._drawing = active

    def _to(self, x: float, y: float) -> None:
        points = self.strokes[-1][2]
        if len(points) >= NUMBERS or (points and max(abs(x - points[-2]), abs(y - points[-1])) < NEAR):
            return
        points += [round(x, 4), round(y, 4)]
        self._waits = True

    def _send(self, f: Frame) -> None:
        self._since += f.dt
        if self._waits and self._since >= EVERY:
            self._waits, self._since = False, 0.0
            f.do("draw", [[width, erase, list(points)] for width, erase, points in self.strokes if points])

    # ------------------------------------------------------------ what becomes of it

    def _network_sees(self, f: Frame, r: OwnReading) -> None:
        """The picture at the network's resolution."""
        if not r.shown or r.ink_hw is None:
            small(
                f,
                "The drawing is cut, scaled and centred as the data's pictures are, and flows through the network while you draw.",
                wrap=True,
            )
            return
        if self._ink is not r.ink_hw:
            self._ink = r.ink_hw
            grow = max(1, 112 // max(r.ink_hw.shape))
            zero = np.zeros(1)
            self._seen.write(painted(r.ink_hw, zero, zero + 1).repeat(grow, 0).repeat(grow, 1))
        height, width = r.size
        high = f.px(72)
        imgui.image(self._seen.ref, imgui.ImVec2(high * width / height, high))
        tip(f, "What the network sees: cut to what is drawn, scaled and centred as the pictures it learned from.")
        imgui.same_line(0, f.px(10))
        imgui.begin_group()
        small(f, f"Seen as {height} x {width} cells", wrap=True)
        small(f, "It has no true answer: there is no loss, and no error goes back from it.", _FAINT, wrap=True)
        imgui.end_group()


def _stroke(draw_list, corner: imgui.ImVec2, side: float, width: float, colour: int, points: list[float]) -> None:
    """A line with round ends and corners."""
    places = [imgui.ImVec2(corner.x + x * side, corner.y + y * side) for x, y in zip(points[::2], points[1::2], strict=True)]
    for a in places:
        draw_list.add_circle_filled(a, width / 2, colour)
    for a, b in pairwise(places):
        draw_list.add_line(a, b, colour, width)


def _answer(f: Frame, r: OwnReading) -> None:
    """The largest outputs as bars, in their own order."""
    outputs_o, names = np.nan_to_num(r.outputs_o.astype(float)), f.readout.class_names
    shown = np.sort(np.argsort(-outputs_o, kind="stable")[:ANSWERS])
    most, best = (1.0 if r.probable else max(float(np.abs(outputs_o).max()), 1e-12)), int(outputs_o.argmax())
    rows = []
    for k in shown.tolist():
        value, name = float(outputs_o[k]), names[k] if k < len(names) else str(k)
        number = percent(value) if r.probable else short(value)
        rows.append(Bar(name, value / most, number, _ACCENT if k == best else _OTHER, f"Output {name}: {number}", k == best))
    small(f, "The network's answer" + (f", {ANSWERS} largest of {len(outputs_o)} outputs" if len(outputs_o) > ANSWERS else ""))
    bars.draw(f, "answer", rows)
