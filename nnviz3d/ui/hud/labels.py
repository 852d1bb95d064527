"""Names and values on the stage: placed so that none covers another, then drawn behind all panels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from imgui_bundle import imgui

from nnviz3d.spec.readout import Label
from nnviz3d.spec.topology import Topology
from nnviz3d.ui.core import theme
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.label_placement import Rect, spread
from nnviz3d.ui.core.name_shortening import cut

MAX_LABELS = 64  # more than this cannot be read at once
MAX_WIDTH = 190.0  # pixels, unscaled: longer names are cut
LEADING = 0.1  # pixels between the names of a column: rounded sums must not make them meet
TELLING = 4  # letters that are left of a cut name at least
MAX_PUSH = 2.2  # heights of a line; what would be pushed farther is dropped
PLATE = 0.72  # opacity of what stands behind a name, so that it reads over bright edges
NUMBER_PLATE = 0.9
BAR = 34.0  # pixels, unscaled, of the colours before what they reach from and to
_SIZES = {"class": theme.BODY, "layer": theme.SMALL, "value": theme.SMALL, "name": theme.BODY, "minor": theme.SMALL, "scale": theme.SMALL}
_SHARES = {"left": 0.0, "centre": 0.5, "right": 1.0}  # of the width that lies before the label's own place
_COLOURS = {"class": theme.TEXT, "layer": theme.TEXT, "value": theme.ACCENT, "name": theme.TEXT, "minor": theme.TEXT,
            "scale": theme.TEXT}  # fmt: skip


@dataclass(frozen=True)
class Placed:
    """A label with its final top left corner and size, in pixels."""

    label: Label
    left: float
    top: float
    width: float
    height: float

    def meets(self, other: Placed, gap: float) -> bool:
        return (
            self.left < other.left + other.width + gap
            and other.left < self.left + self.width + gap
            and self.top < other.top + other.height
            and other.top < self.top + self.height
        )

    def covers(self, rect: Rect, gap: float) -> bool:
        across = self.left < rect[2] + gap and rect[0] < self.left + self.width + gap
        return across and self.top < rect[3] + gap and rect[1] < self.top + self.height + gap

    def crosses(self, other: Placed, gap: float) -> bool:
        """Whether two labels, one above the other, would change places."""
        beside = self.left >= other.left + other.width + gap or other.left >= self.left + self.width + gap
        return not beside and (self.label.y - other.label.y) * (self.top + self.height / 2 - other.top - other.height / 2) < 0


def place(
    labels: Sequence[Label], sizes: Sequence[tuple[float, float]], area: tuple[float, float], gap: float = 4.0, taken: Sequence[Rect] = ()
) -> list[Placed]:
    """Strongest first, each at its own place or pushed up or down; the weakest are dropped where there is no room.

    `sizes`: (width, height) of each text in pixels. `area`: width and height that labels must stay in. The result never overlaps,
    nor covers what is `taken`.
    """
    wanted = _wanted(labels, sizes, area)
    if not _crowded(wanted, gap) and not any(label.covers(rect, gap) for rect in taken for label in wanted):
        return wanted
    first = max(range(len(labels)), key=lambda k: (labels[k].kind != "layer", labels[k].strength, -k))
    # outwards from the strongest among near equals: a crowded column is pushed apart, no gap is closed that a later one needs
    # and what a layer is called comes after what an answer is called
    order = sorted(
        range(len(labels)),
        key=lambda k: (labels[k].kind == "layer", k != first, -round(labels[k].strength, 1), abs(labels[k].y - labels[first].y), k),
    )
    placed = _columns(labels, sizes, area, gap, taken)
    done = {id(item.label) for item in placed}
    for k in [k for k in order if id(labels[k]) not in done][:MAX_LABELS]:
        label, (width, height) = labels[k], sizes[k]
        left = label.x - _SHARES[label.align] * width
        if label.strength <= 0.02 or left + width > area[0] or left < 0:
            continue
        wish = label.y - height / 2
        feet = _foot(Placed(label, left, wish, width, height), placed, gap) if label.kind == "layer" else []
        for top in (*_tops(wish, height, up=label.kind != "layer"), *feet):  # a layer's name hangs below it
            candidate = Placed(label, left, top, width, height)
            inside = top >= 0 and top + height <= area[1]
            free = inside and not any(candidate.covers(rect, gap) for rect in taken)
            if free and not any(candidate.meets(o, gap) or candidate.crosses(o, gap) for o in placed):
                placed.append(candidate)
                break
    return placed


def _columns(
    labels: Sequence[Label], sizes: Sequence[tuple[float, float]], area: tuple[float, float], gap: float, taken: Sequence[Rect]
) -> list[Placed]:
    """The columns of names for which there is room, each pushed apart as a whole: names that belong together all stand there, in order."""
    placed: list[Placed] = []
    for name in dict.fromkeys(label.column for label in labels if label.column):
        its = [(label, size) for label, size in zip(labels, sizes, strict=True) if label.column == name and label.strength > 0.02]
        found = _column(sorted(its, key=lambda item: item[0].y), area, gap, taken)
        if not any(a.meets(b, gap) for a in found for b in placed):
            placed += found
    return placed


def _column(its: list[tuple[Label, tuple[float, float]]], area: tuple[float, float], gap: float, taken: Sequence[Rect]) -> list[Placed]:
    """One of them, from the top; nothing where it has no room. What moves down or up follows the slant of the column."""
    if not its or len(its) > MAX_LABELS:
        return []
    x_k, y_k = [label.x for label, _ in its], [label.y for label, _ in its]
    width, height = (max(size[k] for _, size in its) for k in (0, 1))
    share = _SHARES[its[0][0].align]
    left, right = min(x_k) - share * width - gap, max(x_k) + (1 - share) * width + gap
    middle, low, high = sum(y_k) / len(y_k), height / 2, area[1] - height / 2
    for rect in taken:
        if rect[0] < right and left < rect[2]:
            above = (rect[1] + rect[3]) / 2 < middle
            low, high = (max(low, rect[3] + gap + height / 2), high) if above else (low, min(high, rect[1] - gap - height / 2))
    pitch = height + LEADING
    if (len(its) - 1) * pitch > high - low:
        return []
    placed = []
    for (label, size), y in zip(its, spread(y_k, pitch, low, high), strict=True):
        start = float(np.interp(y, y_k, x_k)) - share * size[0]
        if start < 0 or start + size[0] > area[0]:
            return []
        placed.append(Placed(label, start, y - size[1] / 2, *size))
    return placed


def _foot(wanted: Placed, placed: list[Placed], gap: float) -> list[float]:
    """Right under the column of names that stands where a layer's name wants to; nothing where none does."""
    way = [item for item in placed if item.label.column and item.left < wanted.left + wanted.width + gap]
    way = [item for item in way if wanted.left < item.left + item.width + gap]
    foot = max((item.top + item.height for item in way), default=0.0)
    return [foot] if way and min(item.top for item in way) < wanted.top < foot else []


def _wanted(labels: Sequence[Label], sizes: Sequence[tuple[float, float]], area: tuple[float, float]) -> list[Placed]:
    """Those that fit into the area, each at its own place."""
    found = []
    for label, (width, height) in zip(labels, sizes, strict=True):
        left = label.x - _SHARES[label.align] * width
        top = label.y - height / 2
        if label.strength > 0.02 and left >= 0 and left + width <= area[0] and top >= 0 and top + height <= area[1]:
            found.append(Placed(label, left, top, width, height))
    return found


def _crowded(placed: list[Placed], gap: float) -> bool:
    """Whether any two overlap, or there are too many. In most frames none do, and there is nothing to arrange."""
    if len(placed) > MAX_LABELS:
        return True
    placed = sorted(placed, key=lambda p: p.top)
    for k, upper in enumerate(placed):
        foot = upper.top + upper.height
        for lower in placed[k + 1 :]:
            if lower.top >= foot:
                break
            if upper.left < lower.left + lower.width + gap and lower.left < upper.left + upper.width + gap:
                return True
    return False


def _tops(top: float, height: float, up: bool):
    """The wanted place, then ever farther down and, where it may, up."""
    yield top
    step = height * 0.25
    for k in range(1, int(MAX_PUSH / 0.25) + 1):
        yield top + k * step
        if up:
            yield top - k * step


class Labels:
    """Draws labels; remembers the width of each text. `placed`: what was drawn last."""

    def __init__(self):
        self.placed: list[Placed] = []
        self._texts: dict[tuple, tuple[str, tuple[float, float]]] = {}
        self._topology: Topology | None = None

    def _fit(self, f: Frame, label: Label) -> tuple[Label, tuple[float, float]]:
        """The label, its text cut to a readable width, and the size of that."""
        width = f.px(MAX_WIDTH)
        if label.align == "right" and label.kind == "minor":  # cut where the window ends, in steps: it moves
            width = min(width, max(label.x - f.px(4), 0.0) // f.px(8) * f.px(8))
        if f.readout.topology is not self._topology:  # its names decide where a text may be cut
            self._topology = f.readout.topology
            self._texts.clear()
        key = (label.text, label.kind, f.scale, width)
        if key not in self._texts:
            if len(self._texts) > 1024:
                self._texts.clear()
            imgui.push_font(None, _SIZES[label.kind])
            text = cut(" ".join(label.text.split()), width, f.names)
            size = imgui.calc_text_size(text)
            imgui.pop_font()
            self._texts[key] = (text, (size.x + (f.px(BAR + 6) if label.kind == "scale" else 0), size.y))
        text, size = self._texts[key]
        if text != label.text and len(text.strip("….")) < min(TELLING, len(label.text)):
            return replace(label, text=text, strength=0.0), size  # dots alone name nothing
        return (label if text == label.text else replace(label, text=text)), size

    def draw(self, f: Frame, taken: Sequence[Rect] = (), table: bool = False) -> None:
        """`taken`: what must not be covered. `table`: the outputs are named by a table already."""
        labels = [label for label in f.readout.labels if not (table and label.kind == "class")]
        self.placed = []
        if not labels or not f.scene.view.labels:
            return
        draw_list = imgui.get_background_draw_list()
        area = (f.stage_width - f.px(4), f.height)
        fitted = [self._fit(f, label) for label in labels]
        self.placed = place([label for label, _ in fitted], [size for _, size in fitted], area, f.px(4), taken)
        for item in self.placed:
            self._draw_one(f, draw_list, item)
            if item.label.part and _clicked(item):
                f.do("close_part" if item.label.part in f.readout.opened else "open_part", item.label.part)

    def _draw_one(self, f: Frame, draw_list, item: Placed) -> None:
        label = item.label
        alpha = min(1.0, 0.3 + 0.7 * label.strength)
        middle = item.top + item.height / 2
        if abs(middle - label.y) > item.height * 0.2 and label.align != "centre":
            anchor = item.left - f.px(3) if label.align == "left" else item.left + item.width + f.px(3)
            start = label.x + f.px(-10 if label.align == "left" else 10)
            line = theme.packed(theme.DIM, 0.5 * alpha)
            draw_list.add_line(imgui.ImVec2(start, label.y), imgui.ImVec2(anchor, middle), line, f.scale)
        size = f.font(_SIZES[label.kind])
        x, y = round(item.left), round(item.top)
        plate = imgui.ImVec2(x + item.width + f.px(4), y + item.height + f.px(1))
        back = theme.packed(theme.GLASS, (NUMBER_PLATE if label.kind == "value" else PLATE) * alpha)
        draw_list.add_rect_filled(imgui.ImVec2(x - f.px(4), y - f.px(1)), plate, back, f.px(5))
        if label.kind == "scale":
            colour_bar(f, draw_list, x, y + item.height / 2 - f.px(4), f.px(BAR), f.px(8), alpha)
            x += round(f.px(BAR + 6))
        draw_list.add_text(f.fonts.regular, size, imgui.ImVec2(x, y), theme.packed(_COLOURS[label.kind], alpha), label.text)


def _clicked(item: Placed) -> bool:
    """Whether a name on the stage was pressed, which no panel lies over."""
    inside = imgui.is_mouse_hovering_rect(
        imgui.ImVec2(item.left, item.top), imgui.ImVec2(item.left + item.width, item.top + item.height), False
    )
    return inside and not imgui.get_io().want_capture_mouse and imgui.is_mouse_clicked(0)


def colour_bar(f: Frame, draw_list, x: float, y: float, width: float, height: float, alpha: float = 1.0) -> None:
    """From the colour of negative numbers over the dark to that of positive ones."""
    ends, dark = [theme.packed(colour, alpha) for colour in f.signs[::-1]], theme.packed("#0d1220", alpha)
    middle, low, high = x + width / 2, imgui.ImVec2(x, y), imgui.ImVec2(x + width, y + height)
    draw_list.add_rect_filled_multi_color(low, imgui.ImVec2(middle, high.y), ends[0], dark, dark, ends[0])
    draw_list.add_rect_filled_multi_color(imgui.ImVec2(middle, y), high, dark, ends[1], ends[1], dark)
