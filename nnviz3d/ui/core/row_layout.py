"""Two kinds of rows: words of which one is on, the small switch of bars and panels; and controls of which the less important give way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from imgui_bundle import imgui

from nnviz3d.ui.core import theme
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.widgets import dim, tip

Option = tuple[object, str, str]  # value, word, tooltip
_ON, _OFF, _TEXT, _DIM = (
    theme.packed(theme.FIELD_ACTIVE),
    theme.packed(theme.FIELD, 0.55),
    theme.packed(theme.TEXT),
    theme.packed(theme.DIM),
)
_PAD = 8.0  # unscaled pixels beside a word


@dataclass(frozen=True)
class Item:
    """A control of a bar: the smaller its `rank`, the longer it stays when room gets short."""

    rank: int
    width: float
    draw: Callable[[], object]
    name: str = ""


def fitting(items: Sequence[Item], room: float, gap: float) -> list[Item]:
    """Those that fit beside each other in `room` pixels, the important ones first, in their own order."""
    kept, left = set(), room + gap
    for item in sorted(items, key=lambda item: item.rank):
        if item.width + gap > left:
            break
        kept.add(id(item))
        left -= item.width + gap
    return [item for item in items if id(item) in kept]


def bar(items: Sequence[Item], room: float, gap: float) -> list[Item]:
    """Draw what fits, centred. Returns what was drawn."""
    kept = fitting(items, room, gap)
    width = sum(item.width for item in kept) + gap * (len(kept) - 1)
    imgui.set_cursor_pos_x(imgui.get_cursor_pos_x() + max(0.0, (room - width) / 2))
    top = imgui.get_cursor_pos_y()
    for k, item in enumerate(kept):
        if k:
            imgui.same_line(0, gap)
            imgui.set_cursor_pos_y(top)
        item.draw()
    return kept


def width(f: Frame, label: str, options: Sequence[Option]) -> float:
    """Pixels that `switch` takes in the small font."""
    imgui.push_font(None, theme.SMALL)
    words = sum(imgui.calc_text_size(word).x + 2 * f.px(_PAD) for _, word, _ in options) + f.px(2) * (len(options) - 1)
    label_width = imgui.calc_text_size(label).x + f.px(8) if label else 0.0
    imgui.pop_font()
    return words + label_width


def switch(f: Frame, ident: str, label: str, options: Sequence[Option], value: object, enabled: Callable[[object], bool] = lambda _: True):
    """Label and words in the small font; the value that was pressed in this frame, or None."""
    pressed = None
    imgui.push_font(None, theme.SMALL)
    imgui.push_style_var(imgui.StyleVar_.frame_padding, imgui.ImVec2(f.px(_PAD), f.px(2.5)))
    if label:
        imgui.align_text_to_frame_padding()
        dim(label)
        imgui.same_line(0, f.px(8))
    for k, (option, word, hint) in enumerate(options):
        if k:
            imgui.same_line(0, f.px(2))
        on = option == value
        imgui.push_style_color(imgui.Col_.button, _ON if on else _OFF)
        imgui.push_style_color(imgui.Col_.text, _TEXT if on else _DIM)
        imgui.begin_disabled(not enabled(option))
        if imgui.button(f"{word}##{ident}.{option}") and not on:
            pressed = option
        imgui.end_disabled()
        imgui.pop_style_color(2)
        tip(f, hint)
    imgui.pop_style_var()
    imgui.pop_font()
    return pressed
