"""The guided tour on screen: a card at the bottom in the place of the transport bar, marks on the stage, its keys, and which panel is open.

It shows one step and asks for the next by the command `tour`; where the visitor is, and what is true, is known by `app` alone.
"""

from __future__ import annotations

from imgui_bundle import icons_fontawesome_6 as fa
from imgui_bundle import imgui

from nnviz3d.spec.tour_reading import TourReading
from nnviz3d.ui.core import rich_text, theme
from nnviz3d.ui.core.context import TALL, Frame
from nnviz3d.ui.core.widgets import dim, elide, floating, icon_button, tip
from nnviz3d.ui.hud import transport, walkbar

WIDTH = 660.0  # of the card, unscaled
READING, SMALLER = 18.0, 16.0  # sizes of the text: where there is room, and where there is little
ROWS = 3  # of text that the card of a tall window always has room for, so that it does not jump from step to step
DOT, BAR, GAP = 4.0, 34.0, 7.0  # of the lessons: radius, width of this one's, between them
ROOM = 470.0  # unscaled pixels of stage that must be left beside a panel
_ACCENT, _ON_ACCENT, _DIM, _FAINT, _TEXT, _GOOD = (
    theme.packed(c) for c in (theme.ACCENT, theme.ON_ACCENT, theme.DIM, theme.FAINT, theme.TEXT, theme.GOOD)
)


class TourCard:
    """Remembers which panels were open before the tour."""

    def __init__(self):
        self._at: tuple[int, int] | None = None
        self._before: tuple[bool, dict[str, bool]] | None = None

    def arrange(self, f: Frame, sections: dict[str, bool]) -> None:
        """Open the panel that a new step wants, or put panels away; after the tour all is as it was. `sections`: by title, whether open."""
        tour = f.readout.tour
        if tour is None:
            if self._before is not None:
                f.memory.panels, opened = self._before
                sections.update(opened)
            self._at = self._before = None
            return
        if self._before is None:
            self._before = f.memory.panels, dict(sections)
            f.memory.hint = f.memory.sheet = False
        if (tour.lesson, tour.step) == self._at:
            return
        self._at = tour.lesson, tour.step
        beside = f.width - min(f.px(f.memory.dock_width), 0.45 * f.width)
        f.memory.panels = bool(tour.section) and beside >= f.px(ROOM)
        if tour.section:
            f.memory.reveal = tour.section
            sections.update({title: title == tour.section for title in sections})

    def draw(self, f: Frame, tour: TourReading) -> float:
        """The card. Returns its top edge."""
        margin, pad = f.px(theme.MARGIN), f.px(18)
        room = min(f.stage_width - 2 * margin, f.px(WIDTH)) - 2 * pad
        tall = f.height >= f.px(TALL)
        size = READING if room >= f.px(500) and tall else SMALLER
        floating(f, "##tour", f.stage_width / 2, f.height - margin, (0.5, 1.0), 0.92, padding=(18.0, 11.0))
        imgui.push_style_var(imgui.StyleVar_.item_spacing, imgui.ImVec2(f.px(6), f.px(6)))
        imgui.dummy(imgui.ImVec2(room, 0))
        _head(f, tour, room)
        top = imgui.get_cursor_pos_y()
        rows = rich_text.draw(f, tour.text, room, size)
        if rows < ROWS and tall:
            imgui.set_cursor_pos_y(top + ROWS * f.px(size) * rich_text.LEADING + imgui.get_style().item_spacing.y)
        _strip(f, tour, room)
        _foot(f, tour, room)
        imgui.pop_style_var()
        at = imgui.get_window_pos().y
        imgui.end()
        return at


def _head(f: Frame, tour: TourReading, room: float) -> None:
    """ "Lesson 2 of 6: forward" at the left; the way out at the right."""
    left = imgui.get_cursor_pos_x()
    buttons = 3 * f.px(26) + 2 * f.px(2)
    language = f"{fa.ICON_FA_GLOBE}  {tour.other[1]}"
    if room < f.px(420):
        language = f"{fa.ICON_FA_GLOBE}  {tour.other[0].upper()}"
    word = imgui.calc_text_size(language).x + f.px(14)
    imgui.push_style_color(imgui.Col_.text, _ACCENT)
    imgui.push_font(f.fonts.bold, theme.BODY)
    imgui.align_text_to_frame_padding()
    space = room - buttons - word - f.px(10)
    fits = imgui.calc_text_size(tour.heading).x <= space
    imgui.text_unformatted(elide(tour.heading if fits else tour.titles[tour.lesson], space))
    imgui.pop_font()
    imgui.pop_style_color()
    imgui.same_line(left + room - buttons - word - f.px(4))
    imgui.push_style_color(imgui.Col_.button, 0)
    imgui.push_style_color(imgui.Col_.text, _DIM)
    imgui.push_style_var(imgui.StyleVar_.frame_padding, imgui.ImVec2(f.px(7), f.px(4)))
    if imgui.button(f"{language}##tour_language"):
        f.do("tour_language", tour.other[0])
    imgui.pop_style_var()
    imgui.pop_style_color(2)
    tip(f, tour.words["language_tip"])
    for icon, event in ((fa.ICON_FA_ROTATE_LEFT, "restart"), (fa.ICON_FA_FORWARD, "skip"), (fa.ICON_FA_XMARK, "close")):
        imgui.same_line(0, f.px(2) if event != "restart" else f.px(4))
        if icon_button(f, icon, f"tour_{event}", tour.words[f"{event}_tip"], size=26):
            f.do("tour", event)


def _strip(f: Frame, tour: TourReading, room: float) -> None:
    """The iteration's phases, to be dragged along; or the numbers of the run."""
    high, walk = f.px(18), f.readout.walk
    if tour.strip == "phases" and walk is not None:
        walkbar.time_line(f, "##tour_walk", walk, room, high)
    elif tour.strip == "numbers":
        imgui.push_font(None, theme.SMALL)
        dim(elide(transport.metrics(f), room))
        imgui.pop_font()


def _foot(f: Frame, tour: TourReading, room: float) -> None:
    """Where one is among the lessons, what one is invited to do, back and next."""
    left, y, high = imgui.get_cursor_pos_x(), imgui.get_cursor_pos_y(), f.px(34)
    wide = {word: imgui.calc_text_size(tour.words[word]).x + f.px(38) for word in ("back", "next", "finish")}
    word = "finish" if tour.last else "next"
    start = left + room - wide[word] - f.px(6) - wide["back"]
    if tour.invite:
        icon, ink = (fa.ICON_FA_CHECK, _GOOD) if tour.met else (fa.ICON_FA_HAND_POINTER, _TEXT)
        text = f"{icon}  {tour.invite}"
        dots = _dots_width(f, tour) + f.px(14)
        imgui.push_style_color(imgui.Col_.text, ink)
        if imgui.calc_text_size(text).x <= start - left - dots - f.px(14):
            imgui.set_cursor_pos(imgui.ImVec2(left + dots, y + (high - imgui.get_text_line_height()) / 2))
            imgui.text_unformatted(text)
        else:  # a row of its own
            imgui.text_unformatted(elide(text, room))
            y = imgui.get_cursor_pos_y()
        imgui.pop_style_color()
    imgui.set_cursor_pos(imgui.ImVec2(left, y))
    _dots(f, tour, high)
    imgui.push_style_var(imgui.StyleVar_.frame_rounding, high / 2)
    imgui.set_cursor_pos(imgui.ImVec2(start, y))
    if tour.lesson or tour.step:
        if _button(f"{fa.ICON_FA_CHEVRON_LEFT}  {tour.words['back']}", "tour_back", wide["back"], high, False):
            f.do("tour", "back")
        tip(f, tour.words["back_tip"])
    imgui.set_cursor_pos(imgui.ImVec2(left + room - wide[word], y))
    icon = fa.ICON_FA_CHECK if tour.last else fa.ICON_FA_CHEVRON_RIGHT
    if _button(f"{tour.words[word]}  {icon}", "tour_next", wide[word], high, True):
        f.do("tour", "next")
    tip(f, tour.words["next_tip"])
    imgui.pop_style_var()


def _button(text: str, ident: str, width: float, height: float, accent: bool) -> bool:
    colours = (_ACCENT, theme.packed("#ffd48f"), theme.packed("#f0b050"), _ON_ACCENT) if accent else (
        0, theme.packed(theme.FIELD_HOVER), theme.packed(theme.FIELD_ACTIVE), _TEXT)  # fmt: skip
    for name, colour in zip(("button", "button_hovered", "button_active", "text"), colours, strict=True):
        imgui.push_style_color(imgui.Col_[name], colour)
    pressed = imgui.button(f"{text}##{ident}", imgui.ImVec2(width, height))
    imgui.pop_style_color(4)
    return pressed


def _dots_width(f: Frame, tour: TourReading) -> float:
    return f.px(BAR + GAP + (len(tour.titles) - 1) * (2 * DOT + GAP))


def _dots(f: Frame, tour: TourReading, high: float) -> None:
    """One dot a lesson, to be clicked; that of this lesson is a bar that fills with its steps."""
    corner = imgui.get_cursor_screen_pos()
    here = imgui.get_cursor_pos()
    draw_list = imgui.get_window_draw_list()
    x, r, bar, gap = 0.0, f.px(DOT), f.px(BAR), f.px(GAP)
    middle = corner.y + high / 2
    for k, title in enumerate(tour.titles):
        width = bar if k == tour.lesson else 2 * r
        imgui.set_cursor_pos(imgui.ImVec2(here.x + x - gap / 2, here.y))
        if imgui.invisible_button(f"##tour_lesson_{k + 1}", imgui.ImVec2(width + gap, high)):
            f.do("tour", str(k + 1))
        hovered = imgui.is_item_hovered()
        tip(f, f"{k + 1}. {title}")
        low, top = imgui.ImVec2(corner.x + x, middle - r), imgui.ImVec2(corner.x + x + width, middle + r)
        past = k < tour.lesson
        draw_list.add_rect_filled(low, top, theme.packed(theme.ACCENT if past else theme.DIM, 0.9 if hovered else 0.55 if past else 0.3), r)
        if k == tour.lesson:
            share = (tour.step + 1) / tour.steps
            draw_list.add_rect_filled(low, imgui.ImVec2(low.x + max(width * share, 2 * r), top.y), _ACCENT, r)
        x += width + gap


def marks(f: Frame, tour: TourReading) -> None:
    """Rings and frames around what the text speaks of, behind all panels."""
    draw_list = imgui.get_background_draw_list()
    for mark in tour.marks:
        for line in mark.lines:
            _line(f, draw_list, *line)
        if mark.box is not None:
            pad = f.px(10)
            low, high = (imgui.ImVec2(mark.box[k] - s * pad, mark.box[k + 1] - s * pad) for k, s in ((0, 1), (2, -1)))
            for grow, alpha in ((f.px(2.5), 0.14), (0.0, 0.75)):
                a, b = imgui.ImVec2(low.x - grow, low.y - grow), imgui.ImVec2(high.x + grow, high.y + grow)
                draw_list.add_rect(a, b, theme.packed(theme.ACCENT, alpha), f.px(12), f.px(1.5) + grow)
        elif not mark.lines:
            r = mark.reach + f.px(5)
            for grow, alpha in ((f.px(3), 0.16), (0.0, 0.95)):
                draw_list.add_circle(imgui.ImVec2(mark.x, mark.y), r + grow / 2, theme.packed(theme.ACCENT, alpha), 0, f.px(2) + grow)


def _line(f: Frame, draw_list, x0: float, y0: float, x1: float, y1: float, value: float) -> None:
    """In the colours of the stage's edges; negative is dashed there too."""
    ink = theme.packed(f.signs[value < 0], 0.1 + 0.9 * abs(value) ** 0.8)
    pieces = max(2, round(((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5 / f.px(11))) if value < 0 and f.scene.look.dashes else 1
    for k in range(pieces):
        ends = [imgui.ImVec2(x0 + (x1 - x0) * t, y0 + (y1 - y0) * t) for t in (k / pieces, (k + (0.6 if pieces > 1 else 1)) / pieces)]
        draw_list.add_line(*ends, ink, f.px(1.0 + 1.2 * abs(value)))
