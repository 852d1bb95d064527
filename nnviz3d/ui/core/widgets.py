"""Small building blocks: a labelled row with a tooltip for each kind of value, icon buttons, text in three sizes.

Each row shows the scene's value and answers with an `Edit`; bounds come from the scene's own field definitions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache

from imgui_bundle import imgui

from nnviz3d.spec.model_base import Table
from nnviz3d.spec.scene import Scene
from nnviz3d.ui.core import focus, number_field, theme
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.number_field import Accepted
from nnviz3d.ui.core.strings import HINTS

_W = imgui.WindowFlags_
_FLOAT = int(_W.no_decoration | _W.no_move | _W.no_saved_settings | _W.no_focus_on_appearing | _W.always_auto_resize)
FOUND = 2.5  # seconds that a setting is marked after a search has found it
LABEL_SHARE = 0.38  # of the panel's width
_OVER = imgui.HoveredFlags_.allow_when_disabled
_DELAY = imgui.HoveredFlags_.for_tooltip | imgui.HoveredFlags_.allow_when_disabled
_DIM, _FAINT = theme.packed(theme.DIM), theme.packed(theme.FAINT)
_ACCENT, _ON_ACCENT = theme.packed(theme.ACCENT), theme.packed(theme.ON_ACCENT)


@lru_cache(maxsize=256)
def bounds(path: str) -> tuple[float, float]:
    """The accepted range of a scene's number: `bounds("train.batch")` -> (0, 65536). An open end becomes the next number."""
    a = accepted(path)
    low = a.low + 1e-6 * max(1.0, abs(a.low)) if a.low_open else a.low
    return low, a.high - 1e-6 * max(1.0, abs(a.high)) if a.high_open else a.high


@lru_cache(maxsize=256)
def accepted(path: str) -> Accepted:
    """The same with its ends as they are; whole numbers have closed ones."""
    model: type[Table] = Scene
    *tables, name = path.split(".")
    for table in tables:
        inner = model.model_fields[table].annotation
        if not (isinstance(inner, type) and issubclass(inner, Table)):
            raise KeyError(path)
        model = inner
    return accepted_in(model, name)


def accepted_in(model: type[Table], name: str) -> Accepted:
    """Of a table's field."""
    field = model.model_fields[name]
    ends = {key: getattr(item, key) for item in field.metadata for key in ("ge", "gt", "le", "lt") if hasattr(item, key)}
    low, high = ends.get("ge", ends.get("gt", float("-inf"))), ends.get("le", ends.get("lt", float("inf")))
    if field.annotation is int:
        return Accepted(low + ("gt" in ends), high - ("lt" in ends), whole=True)
    return Accepted(low, high, "gt" in ends, "lt" in ends)


def clamp(path: str, value: float) -> float:
    low, high = bounds(path)
    return min(max(value, low), high)


def tidy(value: float) -> float:
    """imgui's sliders hold 32-bit numbers: 0.03 comes back as 0.029999999. Six digits are more than a slider can mean."""
    return float(f"{value:.6g}")


def tip(f: Frame, text: str) -> None:
    """A tooltip for the item just made, wrapped at a readable width. None over one that is held, until the pointer has left it: it would
    cover what answers."""
    text = f.refusal or text
    if not text:
        return
    at = imgui.get_item_rect_min()
    item = round(at.x), round(at.y)
    if imgui.is_item_active():
        f.memory.held = item
    elif f.memory.held == item and not imgui.is_item_hovered(_OVER):
        f.memory.held = None
    if f.memory.held != item and imgui.is_item_hovered(_DELAY):
        show_tip(f, text)


def show_tip(f: Frame, text: str) -> None:
    imgui.push_style_var(imgui.StyleVar_.window_padding, imgui.ImVec2(f.px(12), f.px(9)))
    imgui.begin_tooltip()
    imgui.push_text_wrap_pos(f.px(300))
    imgui.text_unformatted(text)
    imgui.pop_text_wrap_pos()
    imgui.end_tooltip()
    imgui.pop_style_var()


@contextmanager
def changing(f: Frame) -> Iterator[None]:
    """Controls that change network, data or training: greyed, with the reason as their tip, where the source says that they cannot."""
    f.refusal = f.readout.reasons.edit
    imgui.begin_disabled(bool(f.refusal))
    yield
    imgui.end_disabled()
    f.refusal = ""


def end_row(f: Frame, path: str, hint: str) -> None:
    """Of a setting: its tip, and a mark for a moment after a search has found it."""
    imgui.end_group()
    tip(f, hint)
    if f.memory.found == path:
        low, high = imgui.get_item_rect_min(), imgui.get_item_rect_max()
        if f.memory.found_seconds > FOUND - 0.3:
            imgui.set_scroll_here_y(0.4)
        ink = theme.packed(theme.ACCENT, 0.8 * min(f.memory.found_seconds, 1.0))
        edge = f.px(3)
        low, high = imgui.ImVec2(low.x - edge, low.y - edge), imgui.ImVec2(high.x + edge, high.y + edge)
        imgui.get_window_draw_list().add_rect(low, high, ink, f.px(5), f.px(1.5))


def right_edge() -> float:
    """The x of the panel's right edge, in the window's coordinates, wherever the cursor is."""
    return imgui.get_cursor_pos_x() + imgui.get_content_region_avail().x


def dim(text: str) -> None:
    imgui.push_style_color(imgui.Col_.text, _DIM)
    imgui.text_unformatted(text)
    imgui.pop_style_color()


def small(f: Frame, text: str, colour: int = _DIM, wrap: bool = False) -> None:
    imgui.push_font(None, theme.SMALL)
    imgui.push_style_color(imgui.Col_.text, colour)
    if wrap:
        imgui.push_text_wrap_pos(0)
    imgui.text_unformatted(text)
    if wrap:
        imgui.pop_text_wrap_pos()
    imgui.pop_style_color()
    imgui.pop_font()


def text_width(text: str, pixels: float) -> float:
    """Of the current typeface at a size in pixels, without making it the current one."""
    return imgui.calc_text_size(text).x * pixels / imgui.get_font_size()


def elide(text: str, width: float) -> str:
    """The text, cut with an ellipsis where it is wider than `width` pixels in the current font."""
    if imgui.calc_text_size(text).x <= width:
        return text
    low, high = 0, min(len(text), 400)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if imgui.calc_text_size(text[:middle] + "…").x <= width else (low, middle - 1)
    return text[:low].rstrip() + "…"


def icon_button(f: Frame, icon: str, ident: str, text: str, enabled: bool = True, accent: bool = False, size: float = 30) -> bool:
    """A quiet square button with an icon and a tooltip; `accent` fills it with the warm light."""
    side = f.px(size)
    if accent:
        imgui.push_style_color(imgui.Col_.button, _ACCENT)
        imgui.push_style_color(imgui.Col_.button_hovered, theme.packed("#ffd48f"))
        imgui.push_style_color(imgui.Col_.button_active, theme.packed("#f0b050"))
        imgui.push_style_color(imgui.Col_.text, _ON_ACCENT)
    else:
        imgui.push_style_color(imgui.Col_.button, 0)
        imgui.push_style_color(imgui.Col_.text, _DIM)
    imgui.push_style_var(imgui.StyleVar_.frame_padding, imgui.ImVec2(0, f.px(5)))  # 5: one baseline with the fields beside it
    if not enabled:
        imgui.begin_disabled()
    pressed = imgui.button(f"{icon}##{ident}", imgui.ImVec2(side, side))
    if not enabled:
        imgui.end_disabled()
    imgui.pop_style_var()
    imgui.pop_style_color(4 if accent else 2)
    tip(f, text)
    return pressed


def label(f: Frame, text: str) -> None:
    """The left half of a row; the widget that follows fills the rest."""
    start, full = imgui.get_cursor_pos_x(), imgui.get_content_region_avail().x
    imgui.align_text_to_frame_padding()
    dim(text)
    imgui.same_line(start + full * LABEL_SHARE)
    imgui.set_next_item_width(-1)


def choice(f: Frame, path: str, value: str, options: Sequence[str], names: dict[str, str] | None = None) -> None:
    """A closed list of words."""
    text, hint = HINTS[path]
    imgui.begin_group()
    label(f, text)
    picked = combo(f"##{path}", value, options, names)
    end_row(f, path, hint)
    if picked is not None and picked != value:
        f.edit(path, picked)


def combo(ident: str, value: str, options: Sequence[str], names: dict[str, str] | None = None) -> str | None:
    """A drop-down; the option that was picked in this frame, or None."""
    names = names or {}
    picked = None
    if imgui.begin_combo(ident, names.get(value, value), imgui.ComboFlags_.height_large):
        for option in options:
            if imgui.selectable(names.get(option, option), option == value)[0]:
                picked = option
            if option == value and imgui.is_window_appearing():
                imgui.set_item_default_focus()
        imgui.end_combo()
    return picked


def slider(f: Frame, path: str, value: float, low: float, high: float, fmt: str = "%.2f", log: bool = False) -> None:
    """A slider over the useful part of the range; Ctrl+click types any accepted number."""
    text, hint = HINTS[path]
    imgui.begin_group()
    label(f, text)
    flags = imgui.SliderFlags_.no_input | (imgui.SliderFlags_.logarithmic if log else 0)

    def make() -> tuple[bool, float]:
        changed, new = imgui.slider_float(f"##{path}", value, low, high, fmt, flags)
        return changed, clamp(path, tidy(new))

    changed, new = number_field.dragged(f, f"##{path}", value, accepted(path), make)
    end_row(f, path, hint)
    if changed:
        f.edit(path, new)


def integer(f: Frame, path: str, value: int, speed: float = 0.25, fmt: str = "%d") -> None:
    """A whole number: drag, or Ctrl+click to type."""
    text, hint = HINTS[path]
    low, high = (int(b) for b in bounds(path))
    imgui.begin_group()
    label(f, text)
    shown, most, flags = min(value, 2**31 - 1), min(high, 2**31 - 1), imgui.SliderFlags_.always_clamp | imgui.SliderFlags_.no_input
    make = lambda: imgui.drag_int(f"##{path}", shown, speed, low, most, fmt, flags)  # noqa: E731
    changed, new = number_field.dragged(f, f"##{path}", value, accepted(path), make)
    end_row(f, path, hint)
    if changed:
        f.edit(path, int(new))


def number(f: Frame, path: str, value: float, fmt: str = "%.6g") -> None:
    """A number that is typed; taken over with Enter or by leaving the field."""
    text, hint = HINTS[path]
    imgui.begin_group()
    label(f, text)
    typed(f, path, value, fmt)
    end_row(f, path, hint)


def typed(f: Frame, path: str, value: float, fmt: str = "%.6g") -> None:
    """The bare field of `number`."""
    new = number_field.field(f, f"##{path}", value, accepted(path), fmt % value if "%" in fmt else fmt)
    if new is not None and new != value:
        f.edit(path, new)


def toggle(f: Frame, path: str, value: bool) -> None:
    text, hint = HINTS[path]
    imgui.begin_group()
    label(f, text)
    changed, new = imgui.checkbox(f"##{path}", value)
    end_row(f, path, hint)
    if changed:
        f.edit(path, new)


def floating(
    f: Frame,
    name: str,
    x: float,
    y: float,
    pivot: tuple[float, float] = (0, 0),
    alpha: float = 0.84,
    extra: int = 0,
    padding: tuple[float, float] = (12.0, 9.0),
) -> None:
    """Begin a glass card on the stage that is as large as what it holds; `imgui.end()` ends it."""
    imgui.set_next_window_pos(imgui.ImVec2(x, y), imgui.Cond_.always, imgui.ImVec2(*pivot))
    imgui.set_next_window_bg_alpha(alpha)
    imgui.push_style_var(imgui.StyleVar_.window_padding, imgui.ImVec2(f.px(padding[0]), f.px(padding[1])))
    imgui.begin(name, None, _FLOAT | focus.flags(f, name) | extra)
    imgui.pop_style_var()
    focus.follow(f, name)
