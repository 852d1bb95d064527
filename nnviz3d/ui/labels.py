"""Names and values on the stage: placed so that none covers another, then drawn behind all panels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from imgui_bundle import imgui

from nnviz3d.spec.readout import Label
from nnviz3d.ui import theme
from nnviz3d.ui.frame import Frame

MAX_LABELS = 64  # more than this cannot be read at once
MAX_PUSH = 2.2  # heights of a line; what would be pushed farther is dropped
_SIZES = {"class": theme.BODY, "layer": theme.SMALL, "value": theme.SMALL}
_COLOURS = {"class": theme.TEXT, "layer": theme.DIM, "value": theme.ACCENT}


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


def place(labels: Sequence[Label], sizes: Sequence[tuple[float, float]], area: tuple[float, float], gap: float = 4.0) -> list[Placed]:
    """Strongest first, each at its own place or pushed up or down; the weakest are dropped where there is no room.

    `sizes`: (width, height) of each text in pixels. `area`: width and height that labels must stay in. The result never overlaps.
    """
    order = sorted(range(len(labels)), key=lambda k: (-labels[k].strength, k))[:MAX_LABELS]
    placed: list[Placed] = []
    for k in order:
        label, (width, height) = labels[k], sizes[k]
        left = label.x - {"left": 0.0, "centre": width / 2, "right": width}[label.align]
        if label.strength <= 0.02 or left + width > area[0] or left < 0:
            continue
        for top in _tops(label.y - height / 2, height):
            candidate = Placed(label, left, top, width, height)
            if 0 <= top and top + height <= area[1] and not any(candidate.meets(other, gap) for other in placed):
                placed.append(candidate)
                break
    return placed


def _tops(top: float, height: float):
    """The wanted place, then ever farther up and down."""
    yield top
    step = height * 0.25
    for k in range(1, int(MAX_PUSH / 0.25) + 1):
        yield top + k * step
        yield top - k * step


class Labels:
    """Draws labels; remembers the size of each text."""

    def __init__(self):
        self._sizes: dict[tuple[str, str, float], tuple[float, float]] = {}

    def _size(self, f: Frame, label: Label) -> tuple[float, float]:
        key = (label.text, label.kind, f.scale)
        if key not in self._sizes:
            if len(self._sizes) > 4096:
                self._sizes.clear()
            imgui.push_font(None, _SIZES[label.kind])
            size = imgui.calc_text_size(label.text)
            imgui.pop_font()
            self._sizes[key] = (size.x, size.y)
        return self._sizes[key]

    def draw(self, f: Frame) -> None:
        labels = f.readout.labels
        if not labels or not f.scene.view.labels:
            return
        draw_list = imgui.get_background_draw_list()
        area = (f.stage_width - f.px(4), f.height)
        for item in place(labels, [self._size(f, label) for label in labels], area, f.px(4)):
            self._draw_one(f, draw_list, item)

    def _draw_one(self, f: Frame, draw_list, item: Placed) -> None:
        label = item.label
        alpha = min(1.0, 0.15 + 0.85 * label.strength)
        middle = item.top + item.height / 2
        if abs(middle - label.y) > item.height * 0.2 and label.align != "centre":
            anchor = item.left - f.px(3) if label.align == "left" else item.left + item.width + f.px(3)
            line = theme.packed(theme.DIM, 0.5 * alpha)
            draw_list.add_line(imgui.ImVec2(label.x, label.y), imgui.ImVec2(anchor, middle), line, f.scale)
        size = _SIZES[label.kind] * f.scale
        x, y = round(item.left), round(item.top)
        halo = theme.packed("#04070f", 0.55 * alpha)
        for dx, dy in ((-1, 0), (1, 0), (0, -1), (0, 1)):
            draw_list.add_text(f.fonts.regular, size, imgui.ImVec2(x + dx * f.scale, y + dy * f.scale), halo, label.text)
        draw_list.add_text(f.fonts.regular, size, imgui.ImVec2(x, y), theme.packed(_COLOURS[label.kind], alpha), label.text)
