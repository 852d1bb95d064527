"""Confusion: how often each class was mistaken for each other one, as a grid that is readable from 1 class to a hundred.

One texture for all cells, written when the numbers changed; counts are printed where they fit. Rows are what is true, columns what the
network says. Brightness is the share of the row, so that a rare class is judged like a frequent one.
"""

from __future__ import annotations

import numpy as np
from imgui_bundle import icons_fontawesome_6 as fa
from imgui_bundle import imgui

from nnviz3d.spec.number_text import count, percent
from nnviz3d.spec.readout import ConfusionReading
from nnviz3d.spec.score import Classes
from nnviz3d.ui.core import theme
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.name_shortening import both, cut
from nnviz3d.ui.core.texture import Bitmap
from nnviz3d.ui.core.widgets import show_tip, small, tip

TITLE, ICON, HINT, OPEN = "Confusion matrix", fa.ICON_FA_TABLE_CELLS, "Which classes are mistaken for which.", False
RIGHT, WRONG = theme.CURVE_TEST, theme.ACCENT
HIGHEST, NAMES = 30.0, 0.3  # unscaled pixels of a cell; share of the width that row names may take
WORST = 3  # mix-ups that are reported in words
EACH = 12  # classes: up to so many each column has its name, cut where it must be
_DIM, _FAINT, _TEXT, _DARK = (theme.packed(c) for c in (theme.DIM, theme.FAINT, theme.TEXT, theme.ON_ACCENT))
_EMPTY = 0.35  # alpha of a cell without samples


class ConfusionPanel:
    """Holds the picture of the grid and the words on it, until the reading or the width is another."""

    def __init__(self):
        self.bitmap = Bitmap()
        self._drawn: tuple | None = None
        self._texts: list[tuple] = []
        self._named: tuple | None = None
        self._names: list[tuple] = []
        self._left: tuple = (None, 0.0, 0.0)
        self._worst: list[tuple[int, int, int, int]] = []

    def draw(self, f: Frame) -> None:
        if f.readout.reasons.data and f.readout.recording is None:
            small(f, f.readout.reasons.data, wrap=True)
            return
        if f.readout.sample_right is None:
            small(f, "Only for data with classes; this network predicts numbers.", wrap=True)
            return
        reading = f.readout.confusion
        room = imgui.get_content_region_avail().x
        if reading is None or imgui.is_rect_visible(imgui.ImVec2(room, room + f.px(140))):
            f.wants["confusion"] = True
        if reading is None:
            gone = f.readout.recording is not None and f.readout.recording.gone
            small(f, "The data of this recording are missing, so nothing can be counted." if gone else "Counting …", wrap=True)
            return
        self._head(f, reading)
        imgui.push_font(None, theme.SMALL)
        self._grid(f, reading, f.readout.class_names)
        self._mixed_up(f, f.readout.class_names, reading.count_cc)
        imgui.pop_font()

    def _head(self, f: Frame, reading: ConfusionReading) -> None:
        total, right = int(reading.count_cc.sum()) + reading.mute, int(np.trace(reading.count_cc))
        imgui.text_unformatted(f"{percent(right / max(total, 1))} right")
        imgui.same_line(0, f.px(8))
        small(f, f"{count(right)} of {count(total)} {reading.part} samples")
        when = f"at step {count(reading.first)}"
        if reading.last != reading.first:
            when = f"while training from step {count(reading.first)} to {count(reading.last)}"
        tip(
            f,
            f"Every sample of the {reading.part.replace('train', 'training')} set, answered {when}. The class with the largest output "
            f"counts as the answer.",
        )
        if len(set(reading.count_cc.sum(1).tolist())) > 1:  # else it is the accuracy
            small(f, by_class(reading.count_cc, f.readout.class_names), wrap=True)
            tip(
                f,
                "Balanced accuracy is the mean of the classes' recalls, however rare they are. The recall of a class is the share of its "
                "samples that are recognised: the brightness of its cell on the diagonal.",
            )
        if reading.mute:
            small(f, f"{count(reading.mute)} of them have an answer that is not a number (NaN).", theme.packed(theme.WARN), wrap=True)

    def _grid(self, f: Frame, reading: ConfusionReading, names: tuple[str, ...]) -> None:
        classes, room = len(reading.count_cc), imgui.get_content_region_avail().x
        line = imgui.get_text_line_height()
        if self._left[:2] != (names, room):
            self._left = (names, room, max(min(_widest(names) + f.px(8), NAMES * room), imgui.calc_text_size("true").x + f.px(18)))
        left = self._left[2]
        width = int(room - left)
        cell = width / classes
        height = int(classes * min(cell, f.px(HIGHEST)))
        origin = imgui.get_cursor_screen_pos()
        x, y = round(origin.x + left), round(origin.y + 2 * line + f.px(6))
        drawn = (reading, width, height, x, y)
        imgui.dummy(imgui.ImVec2(room, y - origin.y - imgui.get_style().item_spacing.y))
        imgui.set_cursor_screen_pos(imgui.ImVec2(x, y))
        pressed = imgui.invisible_button("##confusion", imgui.ImVec2(max(width, 1), max(height, 1)))
        hovered = imgui.is_item_hovered()
        if not imgui.is_rect_visible(imgui.ImVec2(x, y - 2 * line), imgui.ImVec2(x + width, y + height)):
            return
        old = self._drawn
        if old is None or old[0] is not reading or old[1:3] != drawn[1:3]:
            self.bitmap.write(picture(reading.count_cc, width, height))
            self._worst = worst(reading.count_cc)
        if old is None or old[0] is not reading or old[1:] != drawn[1:]:
            self._texts, self._drawn = _counts(reading.count_cc, x, y, width, height), drawn
        draw_list = imgui.get_window_draw_list()
        draw_list.add_image(self.bitmap.ref, imgui.ImVec2(x, y), imgui.ImVec2(x + width, y + height))
        mouse = imgui.get_mouse_pos()
        at = None
        if hovered:
            at = (min(int((mouse.y - y) / height * classes), classes - 1), min(int((mouse.x - x) / width * classes), classes - 1))
        if self._named != (names, *drawn[1:], at):
            self._named, self._names = (names, *drawn[1:], at), _names(f, names, (x, y, width, height), origin.x, at)
        for words in (self._texts, self._names):
            for place, ink, text in words:
                draw_list.add_text(place, ink, text)
        if at is not None:
            self._under_pointer(f, reading.count_cc, names, at, (x, y, width, height), pressed)

    def _under_pointer(self, f: Frame, count_cc, names, at, box, pressed: bool) -> None:
        x, y, width, height = box
        i, j = at
        w, h = width / len(count_cc), height / len(count_cc)
        low = imgui.ImVec2(x + j * w - 0.5, y + i * h - 0.5)
        high = imgui.ImVec2(x + (j + 1) * w - 0.5, y + (i + 1) * h - 0.5)
        imgui.get_window_draw_list().add_rect(low, high, _TEXT, f.px(2), f.px(1.2))
        show_tip(f, sentence(count_cc, names, i, j))
        if count_cc[i, j]:
            imgui.set_mouse_cursor(imgui.MouseCursor_.hand)
            if pressed:
                f.do("browse_cell", (i, j))

    def _mixed_up(self, f: Frame, names: tuple[str, ...], count_cc) -> None:
        """The most frequent mistakes in words; a click shows one."""
        imgui.dummy(imgui.ImVec2(0, f.px(1)))
        _legend(f)
        for i, j, times, of in self._worst:
            room = imgui.get_content_region_avail().x
            text = both(_name(names, i), " mistaken for ", _name(names, j), room - f.px(84), names)
            start = imgui.get_cursor_pos_x()
            imgui.push_style_color(imgui.Col_.text, _DIM)
            if imgui.selectable(f"{text}##worst{i},{j}", False)[0]:
                f.do("browse_cell", (i, j))
            tip(f, "Click to show one of them; click again for the next.")
            share = f"{count(times)} of {count(of)}"
            imgui.same_line(start + room - imgui.calc_text_size(share).x)
            imgui.text_unformatted(share)
            imgui.pop_style_color()
        if not self._worst and count_cc.sum():
            small(f, "No class is mistaken for another.")


def _name(names: tuple[str, ...], k: int) -> str:
    return names[k] if k < len(names) else str(k)


def by_class(count_cc: np.ndarray, names: tuple[str, ...]) -> str:
    """Balanced accuracy, and the class that is recognised least."""
    of_c = count_cc.sum(1)
    classes = Classes(of_c, np.diag(count_cc), count_cc.sum(0))
    if classes.balanced is None:
        return ""
    worst = int(np.nanargmin(classes.recall_c))
    least = f"{count(int(count_cc[worst, worst]))} of {count(int(of_c[worst]))}"
    return f"Balanced accuracy {percent(classes.balanced)}; of {_name(names, worst)} {least} are recognised"


def sentence(count_cc: np.ndarray, names: tuple[str, ...], i: int, j: int) -> str:
    """What a cell says: "true 3, said 5: 7 of 36 (19 %)"."""
    of, times = int(count_cc[i].sum()), int(count_cc[i, j])
    text = f"true {_name(names, i)}, said {_name(names, j)}:"
    if not times:
        return f"{text} {f'none of {count(of)}' if of else 'there are no such samples'}"
    share = percent(times / of, 0 if times / of > 0.095 else 1)
    return f"{text} {count(times)} of {count(of)} ({share})\nClick to show one of them."


def worst(count_cc: np.ndarray) -> list[tuple[int, int, int, int]]:
    """(true, said, times, samples of that class) of the most frequent mistakes, the most frequent first."""
    wrong = count_cc.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:WORST]
    found = (np.unravel_index(k, wrong.shape) for k in order)
    return [(int(i), int(j), int(wrong[i, j]), int(count_cc[i].sum())) for i, j in found if wrong[i, j]]


def strength(count_cc: np.ndarray) -> np.ndarray:
    """(C, C) alpha of each cell. One mistake in a hundred is to be seen; a right answer is expected, so the diagonal is quieter."""
    share = count_cc / np.maximum(count_cc.sum(1, keepdims=True), 1)
    wrong = np.where(count_cc > 0, 0.3 + 0.7 * np.sqrt(share), 0.0)
    right = np.where(count_cc > 0, 0.1 + 0.36 * share, 0.0)
    return np.where(np.eye(len(count_cc), dtype=bool), right, wrong)


def picture(count_cc: np.ndarray, width: int, height: int) -> np.ndarray:
    """(height, width, 4) uint8: cells of nearly equal size, with a gap where they are large enough for one."""
    classes = len(count_cc)
    width, height = max(width, 1), max(height, 1)
    alpha = strength(count_cc)
    colour = np.where(np.eye(classes, dtype=bool)[..., None], theme.rgb(RIGHT), theme.rgb(WRONG))
    colour = np.where(alpha[..., None] > 0, colour, theme.rgb(theme.FIELD))
    cells = np.concatenate([colour, np.where(alpha > 0, alpha, _EMPTY)[..., None]], 2)
    rows, columns = np.arange(height) * classes // height, np.arange(width) * classes // width
    out = np.round(255 * cells).astype(np.uint8)[rows][:, columns]
    if width >= 8 * classes:
        out[:, 1:][:, np.diff(columns) > 0, 3] = 0
    if height >= 8 * classes:
        out[1:][np.diff(rows) > 0, :, 3] = 0
    return out


def _counts(count_cc: np.ndarray, x: float, y: float, width: int, height: int) -> list[tuple]:
    """(place, colour, text) of every count that fits into its cell."""
    classes, line = len(count_cc), imgui.get_text_line_height()
    w, h = width / classes, height / classes
    if h < line or w < imgui.calc_text_size("00").x:
        return []
    alpha, found = strength(count_cc), []
    for i, j in np.argwhere(count_cc > 0).tolist():
        text = count(int(count_cc[i, j]))
        size = imgui.calc_text_size(text).x
        if size < w:
            ink = _DARK if i != j and alpha[i, j] > 0.6 else _TEXT
            found.append((imgui.ImVec2(round(x + (j + 0.5) * w - size / 2), round(y + (i + 0.5) * h - line / 2)), ink, text))
    return found


def _widest(names: tuple[str, ...]) -> float:
    """Pixels of the widest name, of about fifty."""
    return max((imgui.calc_text_size(name).x for name in names[:: max(1, len(names) // 50)]), default=0.0)


def _names(f: Frame, names: tuple[str, ...], box: tuple, start: float, at: tuple[int, int] | None) -> list[tuple]:
    """(place, colour, text) of names at the left and above, as many as have room; those of the cell under the pointer in any case."""
    x, y, width, height = box
    classes, line = len(names), imgui.get_text_line_height()
    w, h = width / max(classes, 1), height / max(classes, 1)
    found = [
        (imgui.ImVec2(start, y - line - f.px(3)), _FAINT, "true ↓"),
        (imgui.ImVec2(x, y - 2 * line - f.px(5)), _FAINT, "predicted class →"),
    ]
    row, column = at or (-1, -1)
    for k in _some(classes, _round(line / max(h, 1e-3)), row):
        text = cut(names[k], x - start - f.px(6), names)
        place = min(max(y + (k + 0.5) * h - line / 2, y - line / 2), y + height - line / 2)
        left = x - f.px(6) - imgui.calc_text_size(text).x
        found.append((imgui.ImVec2(round(left), round(place)), _TEXT if k == row else _DIM, text))
    each = classes <= EACH
    for k in _some(classes, 1 if each else _round((_widest(names) + f.px(6)) / max(w, 1e-3)), column):
        text = cut(names[k], max(w - f.px(3), f.px(12)) if each and k != column else f.px(120), names)
        size = imgui.calc_text_size(text).x
        place = min(max(x + (k + 0.5) * w - size / 2, x), x + width - size)
        found.append((imgui.ImVec2(round(place), round(y - line - f.px(3))), _TEXT if k == column else _DIM, text))
    return found


def _round(least: float) -> int:
    """The smallest of 1, 2, 5, 10, 20, ... that is not below `least`."""
    return next(k * 10**p for p in range(12) for k in (1, 2, 5) if k * 10**p >= least)


def _some(classes: int, step: int, marked: int) -> list[int]:
    """Every `step`-th class, without those that the marked one would overlap, and the marked one."""
    plain = [k for k in range(0, classes, step) if marked < 0 or step == 1 or abs(k - marked) >= step]
    return plain if marked < 0 or marked in plain else [*plain, marked]


def _legend(f: Frame) -> None:
    draw_list, line = imgui.get_window_draw_list(), imgui.get_text_line_height()
    imgui.begin_group()
    for colour, text in ((RIGHT, "right"), (WRONG, "confused")):
        at = imgui.get_cursor_screen_pos()
        low = imgui.ImVec2(at.x, at.y + line * 0.2)
        ink = theme.packed(colour, 0.46 if colour == RIGHT else 1.0)
        draw_list.add_rect_filled(low, imgui.ImVec2(at.x + line * 0.7, low.y + line * 0.7), ink, f.px(2))
        imgui.set_cursor_pos_x(imgui.get_cursor_pos_x() + line)
        small(f, text)
        imgui.same_line(0, f.px(14))
    small(f, "brighter: larger share of the row", _FAINT)
    imgui.end_group()
    tip(f, "Each row is a true class; its columns are the classes that the network predicted.")
