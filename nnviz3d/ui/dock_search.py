"""The dock's search: sections and settings by their names, by other words for them, and by what their explanations say."""

from __future__ import annotations

from imgui_bundle import imgui

from nnviz3d.ui.core import theme
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.widgets import FOUND, elide, small
from nnviz3d.ui.dock_sections import Section, SectionsFound, blocked, search

ROWS = 24  # that are listed
_TEXT, _DIM, _FAINT = (theme.packed(c) for c in (theme.TEXT, theme.DIM, theme.FAINT))


class DockSearch:
    """What is typed, and which of what was found is chosen. `found`: None while nothing is searched for."""

    def __init__(self):
        self.query, self.choice = "", 0
        self.found: list[SectionsFound] | None = None
        self._wait = 0

    def field(self, f: Frame, sections: list[Section]) -> None:
        """Arrows choose, Enter goes there, Esc ends the search."""
        if f.memory.find:
            imgui.set_window_focus()
            imgui.set_keyboard_focus_here()
        imgui.set_next_item_width(-1)
        hint = "Search sections and settings  (Ctrl+F)"
        before, flags = self.query, imgui.InputTextFlags_.enter_returns_true | imgui.InputTextFlags_.escape_clears_all
        entered, self.query = imgui.input_text_with_hint("##find", hint, before, int(flags))
        if imgui.is_item_active():  # panels that have just appeared take a frame more
            f.memory.find = False
        if self.query != before:
            self.choice = 0
        found = search(self.query, sections)[:ROWS]
        if imgui.is_item_active():
            by = int(imgui.is_key_pressed(imgui.Key.down_arrow)) - int(imgui.is_key_pressed(imgui.Key.up_arrow))
            self.choice = min(max(self.choice + by, 0), max(len(found) - 1, 0))
        self.found = found if self.query.strip() else None
        if entered and found:
            self._go(f, found[self.choice])

    def results(self, f: Frame) -> None:
        """Instead of the sections, while something is searched for."""
        found = self.found or []
        if not found:
            small(f, "No section or setting has these words.", _DIM, wrap=True)
        width = imgui.get_content_region_avail().x
        for k, item in enumerate(found):
            corner, ink = imgui.get_cursor_screen_pos(), _FAINT if blocked(f, item.section) else _TEXT
            if imgui.selectable(f"##found {item.section} {item.path}", k == self.choice, 0, imgui.ImVec2(0, f.px(24)))[0]:
                self._go(f, item)
            draw_list, y = imgui.get_window_draw_list(), corner.y + f.px(4)
            draw_list.add_text(imgui.ImVec2(corner.x + f.px(4), y), ink, elide(item.name, width * 0.55))
            if item.path:
                draw_list.add_text(imgui.ImVec2(corner.x + width * 0.6, y), _DIM, elide(item.section, width * 0.4))

    def _go(self, f: Frame, item: SectionsFound) -> None:
        f.memory.reveal = item.section
        f.memory.found, f.memory.found_seconds = item.path, FOUND
        self.query, self.choice, self.found = "", 0, None
