"""Numbers that are typed: a text is a number as a whole, or it is refused and the field says why. Every field for numbers is made of these.

A comma may stand for the decimal point ("0,05"). What was refused stays in the field, marked, until it is mended or left with Esc; the
value stays as it was. Half-typed text lives in the overlay's memory.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from imgui_bundle import imgui

from nnviz3d.ui.core import theme
from nnviz3d.ui.core.context import Frame

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)(?:[eE][+-]?[0-9]+)?")
_GROUPED = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3})+")
_LONGEST = 40  # characters of a text that a message repeats
MESSAGE_SECONDS = 6.0  # seconds that a message is seen; after them where the pointer rests on the field
_BAD, _TEXT = theme.packed(theme.BAD), theme.packed(theme.TEXT)


@dataclass(frozen=True)
class Accepted:
    """From `low` to `high`, each without itself where it is open; `whole`: no fractions."""

    low: float = -math.inf
    high: float = math.inf
    low_open: bool = False
    high_open: bool = False
    whole: bool = False

    @property
    def words(self) -> str:
        low = f"more than {_plain(self.low)}" if self.low_open else f"{_plain(self.low)}"
        high = f"less than {_plain(self.high)}" if self.high_open else f"{_plain(self.high)}"
        if math.isinf(self.high):
            return "any number" if math.isinf(self.low) else low if self.low_open else f"{low} or more"
        if math.isinf(self.low):
            return high if self.high_open else f"{high} or less"
        if self.low_open:
            return f"{low}, {'' if self.high_open else 'at most '}{high}"
        return f"{low} to {high}"

    def holds(self, value: float) -> bool:
        above = value > self.low if self.low_open else value >= self.low
        return above and (value < self.high if self.high_open else value <= self.high)


@dataclass
class Refused:
    """What was typed instead of a number, and why it is none; `value`: what the field stands for meanwhile."""

    text: str
    why: str
    value: float
    seconds: float = 0.0


def parse(text: str, accepted: Accepted) -> float | int:
    """The number that a text is. Raises ValueError that says why it is none, or which are accepted."""
    typed = text.strip().replace("\N{MINUS SIGN}", "-")
    shown = typed if len(typed) <= _LONGEST else typed[: _LONGEST - 1] + "…"
    if not _NUMBER.fullmatch(typed) and not _GROUPED.fullmatch(typed):
        raise ValueError(f'"{shown}" is not a number' if typed else "A number is needed")
    if _GROUPED.fullmatch(typed):
        plain = typed.replace(",", "")
        if not accepted.whole and typed.count(",") == 1:
            raise ValueError(f'"{shown}" can be read as {plain} or as {float(typed.replace(",", ".")):g}. Write it without the comma')
        typed = plain
    value = float(typed.replace(",", "."))
    if accepted.whole and math.isfinite(value) and not value.is_integer():
        raise ValueError(f"{shown} is not a whole number ({accepted.words})")
    if not math.isfinite(value) or not accepted.holds(value):
        raise ValueError(f"{shown} is out of range: {accepted.words}")
    return int(value) if accepted.whole else value


def field(f: Frame, ident: str, value: float, accepted: Accepted, shown: str) -> float | int | None:
    """A field to type into. `shown`: the value as text, or a word for it. The new number, once it is taken over; else None."""
    memory = f.memory
    refused = memory.refused.get(ident)
    if refused is not None and refused.value != value:  # changed meanwhile: it was about another one
        refused = memory.refused.pop(ident, None) and None
    marked = refused is not None
    if marked:
        imgui.push_style_color(imgui.Col_.border, _BAD)
        imgui.push_style_color(imgui.Col_.text, _BAD)
        imgui.push_style_var(imgui.StyleVar_.frame_border_size, max(f.px(1), 1))
    before = refused.text if marked else shown
    changed, text = imgui.input_text(ident, memory.typed.get(ident, before), imgui.InputTextFlags_.auto_select_all)
    if marked:
        imgui.pop_style_var()
        imgui.pop_style_color(2)
    if changed:
        memory.typed[ident] = text
    if refused is not None:
        _tell(f, refused)
    if imgui.is_item_active():
        return None
    if marked and imgui.is_item_deactivated() and imgui.is_key_pressed(imgui.Key.escape, False):
        memory.refused.pop(ident, None)
    text = memory.typed.pop(ident, before)
    if text == before:
        return None
    memory.refused.pop(ident, None)
    if text.strip() == shown:
        return None
    try:
        return parse(text, accepted)
    except ValueError as error:
        memory.refused[ident] = Refused(text, str(error), value)
        return None


def dragged(f: Frame, ident: str, value: float, accepted: Accepted, make) -> tuple[bool, float | int]:
    """A slider or a number to drag, made by `make()` -> (changed, new) without imgui's own typing: that takes the beginning of a text for
    all of it. Ctrl+click, a double click or Enter turn it into a field, until that is left."""
    memory = f.memory
    if memory.typing == ident or ident in memory.refused:
        fresh = memory.typing == ident and memory.typing_frames == 0
        if fresh:
            imgui.set_keyboard_focus_here()
        new = field(f, ident, value, accepted, f"{value:.7g}")
        if memory.typing == ident:
            memory.typing_frames += 1
            if memory.typing_frames > 2 and not imgui.is_item_active():
                memory.typing = ""
        elif imgui.is_item_active():
            memory.typing, memory.typing_frames = ident, 3
        return new is not None and new != value, value if new is None else new
    changed, new = make()
    if imgui.is_item_clicked() and (imgui.get_io().key_ctrl or imgui.is_mouse_double_clicked(0)):
        changed, memory.typing, memory.typing_frames = False, ident, 0
    elif imgui.is_item_focused() and memory.area and imgui.is_key_pressed(imgui.Key.enter, False):
        memory.typing, memory.typing_frames = ident, 0
    return changed, new


def stepped(f: Frame, ident: str, value: int, accepted: Accepted) -> int | None:
    """A whole number with buttons for one less and one more."""
    side, gap = imgui.get_frame_height(), f.px(4)
    imgui.set_next_item_width(max(imgui.calc_item_width() - 2 * (side + gap), f.px(30)))
    typed = field(f, ident, value, accepted, str(value))
    new = None if typed is None else int(typed)
    imgui.push_item_flag(imgui.ItemFlags_.button_repeat, True)
    for sign, by in (("-", -1), ("+", 1)):
        imgui.same_line(0, gap)
        if imgui.button(f"{sign}{ident}.{sign}", imgui.ImVec2(side, side)) and accepted.holds(value + by):
            new = value + by
    imgui.pop_item_flag()
    return None if new == value else new


def _plain(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() and abs(value) < 1e15 else f"{value:g}"


def _tell(f: Frame, refused: Refused) -> None:
    """Why, beside the field that was just made: the layout does not move."""
    refused.seconds += f.dt
    if refused.seconds > MESSAGE_SECONDS and not imgui.is_item_hovered() and not imgui.is_item_active():
        return
    low, high = imgui.get_item_rect_min(), imgui.get_item_rect_max()
    width = min(f.px(300), f.width - f.px(16))
    size = imgui.calc_text_size(refused.why, wrap_width=width - f.px(20))
    x = max(min(low.x, f.width - size.x - f.px(28)), f.px(8))
    y = low.y - size.y - f.px(18) if low.y > size.y + f.px(20) else high.y + f.px(4)  # above: the tooltip is below
    draw_list, corner = imgui.get_foreground_draw_list(), imgui.ImVec2(x + size.x + f.px(20), y + size.y + f.px(14))
    draw_list.add_rect_filled(imgui.ImVec2(x, y), corner, theme.packed(theme.POPUP, 0.99), f.px(6))
    draw_list.add_rect(imgui.ImVec2(x, y), corner, _BAD, f.px(6))
    draw_list.add_text(
        imgui.get_font(), imgui.get_font_size(), imgui.ImVec2(x + f.px(10), y + f.px(7)), _TEXT, refused.why, wrap_width=width - f.px(20)
    )
