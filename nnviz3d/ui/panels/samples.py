"""Samples: all of the test set (in a walk: of the batch), the worst first; a click shows one on the stage.

Asks for its page in every frame in which it is on screen, and for nothing otherwise. While the pointer is on the list it stands still.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from imgui_bundle import icons_fontawesome_6 as fa
from imgui_bundle import imgui

from nnviz3d.spec.commands import CommandName
from nnviz3d.spec.number_text import count, percent, plain, short
from nnviz3d.spec.readout import SampleQuery, SampleRow, SamplesReading
from nnviz3d.ui.core import theme
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.name_shortening import both, cut, kept
from nnviz3d.ui.core.number_field import Accepted, stepped
from nnviz3d.ui.core.thumbnail_atlas import Sheet, painted
from nnviz3d.ui.core.widgets import combo, dim, icon_button, label, small, tip

TITLE, ICON, HINT, OPEN = "Samples", fa.ICON_FA_IMAGES, "Browse the samples: the worst, the wrong ones, or one class.", False
PICTURE, STRIP = 46.0, 78.0  # unscaled pixels: a picture, and the strip of a row of numbers
IMAGES, ROWS = 25, 12  # on a page
CELLS, FINEST = 24, 64  # numbers of a row that its strip shows; pixels a side of a picture
CLASSES = 200  # in the list of classes
TARGETS = 8  # numbers whose errors are reported
_TEXT, _DIM, _ACCENT, _FAINT = (theme.packed(c) for c in (theme.TEXT, theme.DIM, theme.ACCENT, theme.FAINT))
_RIGHT, _WRONG = theme.packed(theme.GOOD), theme.packed(theme.BAD)
_WRONGS: tuple[tuple[str, CommandName, str], ...] = (
    (fa.ICON_FA_BACKWARD_STEP, "previous_wrong", "{"),
    (fa.ICON_FA_FORWARD_STEP, "next_wrong", "}"),
)
_ORDERS = {"worst": "worst first", "number": "by number"}


class SamplesPanel:
    """Remembers what is wanted, and the page that stands still under the pointer."""

    def __init__(self):
        self.query = SampleQuery()
        self.sheet = Sheet()
        self._held: SamplesReading | None = None
        self._hovered = False
        self._height = 0.0

    def draw(self, f: Frame) -> None:
        top = imgui.get_cursor_pos_y()
        if self._height and not imgui.is_rect_visible(imgui.ImVec2(1, self._height)):  # scrolled away: it keeps its place and costs nothing
            imgui.dummy(imgui.ImVec2(0, self._height))
            return
        f.do("samples", self.query)
        self._take(f.readout.samples)
        r = self._held
        if r is None:
            small(f, f.readout.reasons.data or "Computing the answers …", wrap=True)
            return
        self._summary(f, r)
        self._choose(f, r)
        self._pages(f, r)
        self._list(f, r)
        self._height = imgui.get_cursor_pos_y() - top

    def _take(self, r: SamplesReading | None) -> None:
        """The newest page, unless the pointer is about to click on the one that is shown."""
        held = self._held
        if r is None or held is None or r.subject != held.subject or r.query != held.query or not self._hovered:
            self._held = r
        elif r.shown != held.shown:
            self._held = replace(held, shown=r.shown)
        if self._held is not None:
            self.query = replace(self.query, size=IMAGES if _pictures(self._held) else ROWS)

    def _summary(self, f: Frame, r: SamplesReading) -> None:
        part = {"test": "Test set", "train": "Training set", "batch": "This step's batch"}[r.part]
        if r.known < r.total:
            small(f, f"{part}: answered {count(r.known)} of {count(r.total)} ...")
            return
        of = f" of {count(f.readout.sample_count)}" if r.part != "batch" and r.total < f.readout.sample_count else ""
        text = f"mean loss {short(r.loss)}" if r.wrong is None else f"{count(r.wrong)} wrong ({percent(r.wrong / r.total)})"
        small(f, f"{part}: {count(r.total)}{of} samples, {text}, {_when(r)}", wrap=True)
        tip(f, "The network's answer to each sample (without dropout), and the loss of that sample alone. Updated about every two "
               "seconds during training; the list does not change while the pointer is on it.")  # fmt: skip
        for name, rmse, mae in r.errors[:TARGETS]:
            small(f, f"{name}: RMSE {rmse}, mean absolute error {mae}", wrap=True)
            tip(f, f"Root mean square and mean absolute difference between target and answer over these samples, in the unit of {name}.")

    def _choose(self, f: Frame, r: SamplesReading) -> None:
        names = {"all": "all"}
        if r.wrong is not None:
            names |= {"wrong": "wrong answers"} | {str(k): f"class {name}" for k, name in enumerate(f.readout.class_names[:CLASSES])}
        if self.query.show not in names:
            self._ask(show="all")
        for text, field, options, hint in (
            ("Show", "show", names, "The samples to list: all, those that the network currently gets wrong, or those of one class."),
            ("Order", "order", _ORDERS, "worst first: by decreasing loss. by number: as in the data."),
        ):
            imgui.begin_group()
            label(f, text)
            picked = combo(f"##samples.{field}", getattr(self.query, field), list(options), options)
            imgui.end_group()
            tip(f, hint)
            if picked is not None:
                self._ask(**{field: picked})
        imgui.begin_group()
        label(f, "Shown")
        imgui.set_next_item_width(-2 * f.px(26) - f.px(8) if r.wrong is not None else -1)
        most = max(f.readout.sample_count if r.part != "batch" else r.total, 1)
        number = stepped(f, "##samples.shown", r.shown + 1, Accepted(1, most, whole=True))
        imgui.end_group()
        tip(f, "The number of the displayed sample, from 1. Keys [ and ].")
        if number is not None:
            f.do("show_sample", number - 1)
        if r.wrong is not None:
            for icon, name, key in _WRONGS:
                imgui.same_line(0, f.px(4))
                if icon_button(f, icon, name, f"{name.partition('_')[0].capitalize()} wrong answer ( {key} )", size=26):
                    f.do(name)

    def _ask(self, **changes) -> None:
        self.query = replace(self.query, page=0, **changes)

    def _list(self, f: Frame, r: SamplesReading) -> None:
        self._hovered = False
        if not r.rows:
            small(f, "No wrong answers." if r.query.show == "wrong" and r.known == r.total else "None here.")
            return
        key = (r.subject, f.scale, tuple(row.index for row in r.rows))
        pictures, numbers = _pictures(r), r.wrong is None
        small(f, f"{'target' if numbers else 'true'} → said{'' if pictures else ', loss of that sample'}", _FAINT)
        tip(f, ("" if numbers else "Green: correct, only one name. Red: the true class, then the network's answer. ") + (
            "" if pictures else "The strip shows the inputs, from dark (smallest of the set) to light (largest)."))  # fmt: skip
        corner = imgui.get_cursor_screen_pos()
        if pictures:
            self.sheet.fill(key, _images(r), round(f.px(PICTURE)))
            self._grid(f, r)
        else:
            self.sheet.fill(key, _strips(r), round(f.px(STRIP)))
            self._table(f, r)
        size = imgui.ImVec2(imgui.get_content_region_avail().x, imgui.get_cursor_screen_pos().y - corner.y)
        self._hovered = imgui.is_mouse_hovering_rect(corner, imgui.ImVec2(corner.x + size.x, corner.y + size.y))

    def _grid(self, f: Frame, r: SamplesReading) -> None:
        """Pictures with "true → said" under each."""
        room, gap, line = imgui.get_content_region_avail().x, f.px(5), f.px(theme.SMALL) + f.px(3)
        across = max(int((room + gap) / (f.px(PICTURE) + gap)), 1)
        side = (room - gap * (across - 1)) / across
        draw_list = imgui.get_window_draw_list()
        imgui.push_style_var(imgui.StyleVar_.item_spacing, imgui.ImVec2(gap, gap))
        imgui.push_font(None, theme.SMALL)
        height, width = r.shape[-2:]
        fit = side / max(height, width)
        dx, dy = (side - width * fit) / 2, (side - height * fit) / 2
        for k, row in enumerate(r.rows):
            if k % across:
                imgui.same_line()
            at = imgui.get_cursor_screen_pos()
            self._button(f, r, row, imgui.ImVec2(side, side + line))
            low, high = imgui.ImVec2(at.x + dx, at.y + dy), imgui.ImVec2(at.x + side - dx, at.y + side - dy)
            self.sheet.draw(draw_list, k, low, high)
            self._frame(f, draw_list, r, row, at, imgui.ImVec2(at.x + side, at.y + side))
            text = _short(row, side, f.names)
            x = at.x + (side - imgui.calc_text_size(text).x) / 2
            draw_list.add_text(imgui.ImVec2(x, at.y + side + f.px(1)), _ink(row), text)
        imgui.pop_font()
        imgui.pop_style_var()

    def _table(self, f: Frame, r: SamplesReading) -> None:
        """A strip of the inputs, "true → said", the loss."""
        width, high, strip = imgui.get_content_region_avail().x, f.px(25), f.px(STRIP)
        draw_list = imgui.get_window_draw_list()
        imgui.push_style_var(imgui.StyleVar_.item_spacing, imgui.ImVec2(0, f.px(3)))
        imgui.push_font(None, theme.SMALL)
        y = (high - imgui.get_text_line_height()) / 2
        for k, row in enumerate(r.rows):
            at = imgui.get_cursor_screen_pos()
            self._button(f, r, row, imgui.ImVec2(width, high))
            self.sheet.draw(draw_list, k, imgui.ImVec2(at.x + f.px(3), at.y + f.px(4)), imgui.ImVec2(at.x + strip, at.y + high - f.px(4)))
            loss = short(row.loss)
            right = at.x + width - imgui.calc_text_size(loss).x - f.px(6)
            draw_list.add_text(imgui.ImVec2(right, at.y + y), _DIM, loss)
            room = right - at.x - strip - f.px(16)
            draw_list.add_text(imgui.ImVec2(at.x + strip + f.px(8), at.y + y), _ink(row), _long(row, room, f.names))
            self._frame(f, draw_list, r, row, at, imgui.ImVec2(at.x + width, at.y + high))
        imgui.pop_font()
        imgui.pop_style_var()

    def _button(self, f: Frame, r: SamplesReading, row: SampleRow, size: imgui.ImVec2) -> None:
        if imgui.invisible_button(f"##sample{row.index}", size):
            f.do("show_sample", row.index)
        if imgui.is_item_hovered():
            what = "Its target" if row.right is None else "Its class"
            tip(f, f"Sample {count(row.index + 1)} of {count(r.total)}. {what}: {row.label}. The network's answer: {row.said}. "
                   f"Loss of this sample: {plain(row.loss)}. Click to show it.")  # fmt: skip

    def _frame(self, f: Frame, draw_list, r: SamplesReading, row: SampleRow, low: imgui.ImVec2, high: imgui.ImVec2) -> None:
        """Around the shown sample, and around the one under the pointer."""
        shown, hovered = row.index == r.shown, imgui.is_item_hovered()
        if shown or hovered:
            draw_list.add_rect(low, high, _ACCENT if shown else _DIM, f.px(3), f.px(2 if shown else 1))

    def _pages(self, f: Frame, r: SamplesReading) -> None:
        """ "25 to 48 of 57" with buttons, where there is more than one page."""
        size = r.query.size
        pages = -(-r.found // size)
        if pages < 2:
            return
        first = r.query.page * size
        for icon, name, page in (
            (fa.ICON_FA_CHEVRON_LEFT, "page_back", r.query.page - 1),
            (fa.ICON_FA_CHEVRON_RIGHT, "page_on", r.query.page + 1),
        ):
            if icon_button(f, icon, name, "More samples", enabled=0 <= page < pages, size=24):
                self.query = replace(self.query, page=page)
            imgui.same_line(0, f.px(2))
        imgui.align_text_to_frame_padding()
        dim(f"{count(first + 1)} to {count(min(first + size, r.found))} of {count(r.found)}")


def _when(r: SamplesReading) -> str:
    """By which network: of a walk's batch by the one before the step until that is done."""
    if r.part != "batch":
        return f"at step {count(r.step)}"
    return f"{'after' if r.after else 'before'} step {count(r.step)}"


def _pictures(r: SamplesReading) -> bool:
    return len(r.shape) > 1 and min(r.shape[-2:]) > 1


def _images(r: SamplesReading) -> np.ndarray:
    """(n, H, W, 4) uint8; large pictures thinned out, channels averaged."""
    x = np.stack([row.x for row in r.rows]).reshape(len(r.rows), -1, *r.shape[-2:]).mean(1)
    thin = -(-max(x.shape[1:]) // FINEST)
    return painted(x[:, ::thin, ::thin], r.low.min(), r.high.max())


def _strips(r: SamplesReading) -> np.ndarray:
    """(n, 1, I, 4) uint8: the first inputs, each between its own smallest and largest value."""
    return painted(np.stack([row.x[:CELLS] for row in r.rows]), r.low[:CELLS], r.high[:CELLS])[:, None]


def _ink(row: SampleRow) -> int:
    return _TEXT if row.right is None else _RIGHT if row.right else _WRONG


def _short(row: SampleRow, width: float, names: tuple[str, ...]) -> str:
    if row.right:
        return cut(row.label, width, names)
    return both(row.label, " → ", row.said.rpartition(" (")[0] or row.said, width, names)


def _long(row: SampleRow, width: float, names: tuple[str, ...]) -> str:
    number = f"{count(row.index + 1)}   "
    if row.right:
        return kept(number, row.said, width, names)
    return number + both(row.label, " → ", row.said, width - imgui.calc_text_size(number).x, names)
