"""Running text with terms and live numbers that stand out: broken into lines at spaces, drawn word by word.

`*term*` is bold; what stands between `NUMBER` and `END` of `spec.tour` is a number of now, in the accent's light. A piece of text without a
space inside is never broken.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from imgui_bundle import imgui

from nnviz3d.spec.tour_reading import END, NUMBER
from nnviz3d.ui.core import theme
from nnviz3d.ui.core.context import Frame

LEADING = 1.36  # height of a line, in sizes of the type
_STYLES = {"": theme.TEXT, "*": theme.TEXT, NUMBER: theme.ACCENT}


@dataclass(frozen=True)
class TextRun:
    """Letters of one style at a place of their line, in pixels."""

    x: float
    text: str
    style: str


Line = tuple[TextRun, ...]


def words(text: str) -> list[list[tuple[str, str]]]:
    """Each word as its (style, letters)."""
    found: list[list[tuple[str, str]]] = [[]]
    style = ""
    for letter in text:
        if letter == "*":
            style = "" if style == "*" else "*"
        elif letter == NUMBER:
            style = NUMBER
        elif letter == END:
            style = ""
        elif letter == " ":
            found.append([])
        elif found[-1] and found[-1][-1][0] == style:
            found[-1][-1] = (style, found[-1][-1][1] + letter)
        else:
            found[-1].append((style, letter))
    return [word for word in found if word]


def broken(text: str, width: float, measure) -> list[Line]:
    """Lines no wider than `width`, except for a word that is wider by itself. `measure(style, letters)` in pixels."""
    space = measure("", " ")
    lines: list[list[TextRun]] = [[]]
    x = 0.0
    for word in words(text):
        wide = sum(measure(*run) for run in word)
        if x and x + wide > width:
            lines.append([])
            x = 0.0
        for style, letters in word:
            lines[-1].append(TextRun(x, letters, style))
            x += measure(style, letters)
        x += space
    return [tuple(line) for line in lines]


@lru_cache(maxsize=64)
def _laid(text: str, width: float, size: float, scale: float, fonts: theme.Fonts) -> tuple[Line, ...]:
    """`scale` is part of the key only: imgui multiplies every size by it."""

    def measure(style: str, letters: str) -> float:
        imgui.push_font(fonts.bold if style == "*" else fonts.regular, size)
        wide = imgui.calc_text_size(letters).x
        imgui.pop_font()
        return wide

    return tuple(broken(text, width, measure))


def lines(f: Frame, text: str, width: float, size: float) -> tuple[Line, ...]:
    """The text in lines of `width` pixels, set in `size` (unscaled)."""
    return _laid(text, width, size, f.scale, f.fonts)


def draw(f: Frame, text: str, width: float, size: float) -> int:
    """At the cursor; takes its own room. Returns how many lines there are."""
    corner, high = imgui.get_cursor_screen_pos(), f.px(size) * LEADING
    draw_list = imgui.get_window_draw_list()
    laid = lines(f, text, width, size)
    for k, line in enumerate(laid):
        y = round(corner.y + k * high + (high - f.px(size)) / 2)
        for run in line:
            font = f.fonts.bold if run.style == "*" else f.fonts.regular
            draw_list.add_text(font, f.font(size), imgui.ImVec2(round(corner.x + run.x), y), theme.packed(_STYLES[run.style]), run.text)
    imgui.dummy(imgui.ImVec2(width, high * len(laid)))
    return len(laid)
