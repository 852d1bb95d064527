"""The dock at the right: buttons, a search, then one scrollable column of collapsing sections in groups, with a grip to make it wider.

Groups and sections stand in one order, whatever is shown: what is revealed is opened and scrolled to, and nothing changes its place.
"""

from __future__ import annotations

from imgui_bundle import icons_fontawesome_6 as fa
from imgui_bundle import imgui

from nnviz3d.spec.settings import PANEL
from nnviz3d.ui import dock_buttons
from nnviz3d.ui.core import focus, theme
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.widgets import elide, small, tip
from nnviz3d.ui.dock_search import DockSearch
from nnviz3d.ui.dock_sections import GROUP_OF, GROUPS, Section, blocked
from nnviz3d.ui.panels import (
    ablation,
    attention,
    charts,
    compare,
    confusion,
    convolution,
    data,
    draw,
    edit_by_hand,
    health,
    layers,
    look,
    network,
    network_tree,
    neuron,
    performance,
    prompt,
    pruning,
    representation,
    saliency,
    samples,
    settings,
    snapshots,
    strongest,
    tracing,
    training,
)

_W = imgui.WindowFlags_
_GRIP = int(_W.no_decoration | _W.no_move | _W.no_background | _W.no_saved_settings | _W.no_nav)
_FLAGS = int(
    _W.no_title_bar | _W.no_resize | _W.no_move | _W.no_collapse | _W.no_saved_settings | _W.no_scrollbar | _W.no_scroll_with_mouse
)
_CHILD = int(imgui.ChildFlags_.always_use_window_padding | imgui.ChildFlags_.nav_flattened)
SCROLLS = 20  # frames that what is revealed stays at the top, while sections above it fill; a wheel or a press ends them
_TEXT, _DIM, _FAINT, _ACCENT, _WARN = (theme.packed(c) for c in (theme.TEXT, theme.DIM, theme.FAINT, theme.ACCENT, theme.WARN))


class Dock:
    """Owns the panels that remember something, and which sections and groups are open."""

    def __init__(self):
        self.compare = compare.Compare()
        self.charts, self.neuron, self.samples = charts.ChartsPanel(), neuron.Neuron(), samples.SamplesPanel()
        self.pad, self.saliency = draw.DrawPanel(), saliency.SaliencyPanel()
        self.strongest, self.pruning = strongest.StrongestPanel(), pruning.PruningPanel()
        self.tracing, self.representation = tracing.TracingPanel(), representation.RepresentationPanel()
        self.ablation, self.convolution = ablation.AblationPanel(), convolution.ConvolutionPanel()
        self.prompt, self.attention = prompt.PromptPanel(), attention.AttentionPanel()
        self.confusion, self.layers = confusion.ConfusionPanel(), layers.Layers()
        rows = (
            (charts, self.charts.draw), (confusion, self.confusion.draw), (layers, self.layers.draw),
            (health, health.draw), (training, training.draw), (compare, self.compare.draw),
            (neuron, self.neuron.draw), (network_tree, network_tree.draw),
            (edit_by_hand, edit_by_hand.draw), (network, network.draw),
            (convolution, self.convolution.draw), (data, data.draw), (samples, self.samples.draw),
            (draw, self.pad.draw), (prompt, self.prompt.draw), (attention, self.attention.draw),
            (saliency, self.saliency.draw), (strongest, self.strongest.draw),
            (tracing, self.tracing.draw), (pruning, self.pruning.draw), (representation, self.representation.draw),
            (ablation, self.ablation.draw),
            (look, look.draw), (settings, settings.draw), (performance, performance.draw),
            (snapshots, snapshots.draw),
        )  # fmt: skip
        made = {m.TITLE: Section(m.TITLE, m.ICON, m.HINT, m.OPEN, draw) for m, draw in rows}
        self.sections = [made[title] for titles in GROUPS.values() for title in titles]
        self.opened = {section.title: section.open for section in self.sections}
        self.groups = {group: any(self.opened[title] for title in titles) for group, titles in GROUPS.items()}
        self.search = DockSearch()
        self._were_open = self._open_titles()
        self._scroll, self._frames = "", 0
        self._picked: tuple | None = None
        self._chosen = -1
        self._compared = self._alone = self._still = False

    def open(self, *titles: str) -> None:
        """Open these sections, as clicks would, and scroll to the first."""
        for title in reversed(titles):
            self._reveal(title)

    def _reveal(self, title: str) -> None:
        if title in self.opened:
            self.opened[title] = self.groups[GROUP_OF[title]] = True
            self._scroll, self._frames = title, SCROLLS

    def _open_titles(self) -> set[str]:
        return {title for title, on in self.opened.items() if on}

    def draw(self, f: Frame) -> None:
        if not f.docked:
            dock_buttons.corner(f)
            return
        f.memory.found_seconds -= f.dt
        if f.memory.found_seconds <= 0:
            f.memory.found = ""
        margin = f.px(theme.MARGIN)
        width = f.width - 2 * margin if f.narrow else f.dock_width - margin
        imgui.set_next_window_pos(imgui.ImVec2(f.width - width - margin, margin))
        imgui.set_next_window_size(imgui.ImVec2(width, f.height - 2 * margin))
        nav = focus.flags(f, "##dock")
        imgui.begin("##dock", None, _FLAGS | nav)
        focus.follow(f, "##dock")
        dock_buttons.draw(f)
        self.search.field(f, self.sections)
        imgui.separator()
        imgui.push_style_var(imgui.StyleVar_.window_padding, imgui.ImVec2(f.px(8), f.px(2)))
        imgui.begin_child("##sections", imgui.ImVec2(0, 0), _CHILD, nav)
        imgui.pop_style_var()
        self._follow(f)
        if self.search.found is not None:
            self.search.results(f)
        else:
            self._column(f)
        imgui.end_child()
        imgui.end()
        if not f.narrow:
            _grip(f, f.width - width - margin)

    def _follow(self, f: Frame) -> None:
        """What is picked, compared or revealed opens its section; a section that was opened, by whatever, opens its group."""
        comparing, alone = f.readout.compare is not None, convolution.alone(f.scene)
        if comparing and not self._compared:
            self._reveal(compare.TITLE)
        if alone and not self._alone:
            self._reveal(convolution.TITLE)
        self._compared, self._alone = comparing, alone
        still = bool(f.readout.reasons.play)
        if still != self._still:  # what never learns is opened to be looked at, or to be asked
            self.opened |= dict.fromkeys((charts.TITLE, health.TITLE, training.TITLE), not still)
            self.opened |= {network_tree.TITLE: still, prompt.TITLE: f.readout.asked}
            self._reveal(prompt.TITLE if f.readout.asked else network_tree.TITLE if still else charts.TITLE)
        self._still = still
        picked, chosen = neuron.subject(f.readout), f.readout.chosen
        if picked is not None and picked != self._picked:
            if self._picked is None or self.opened[neuron.TITLE]:
                self._reveal(neuron.TITLE)
            if chosen >= 0 and (self._chosen < 0 or self.opened[edit_by_hand.TITLE]):  # an edge is meant before the neuron it leads into
                self._reveal(edit_by_hand.TITLE)
        elif chosen >= 0 > self._chosen:
            self._reveal(edit_by_hand.TITLE)
        self._picked, self._chosen = picked, chosen
        if f.memory.reveal:
            self._reveal(f.memory.reveal)
            f.memory.reveal = ""
        for title in self._open_titles() - self._were_open:
            self.groups[GROUP_OF[title]] = True
        self._were_open = self._open_titles()

    def _column(self, f: Frame) -> None:
        by_title = {section.title: section for section in self.sections}
        for group, titles in GROUPS.items():
            if self._group(f, group, titles):
                self.groups[group] = not self.groups[group]
            if self.groups[group]:
                for title in titles:
                    self._section(f, by_title[title])
                imgui.dummy(imgui.ImVec2(0, f.px(4)))
        held = imgui.get_io().mouse_wheel or imgui.is_mouse_down(0)
        self._frames = 0 if held else max(self._frames - 1, 0)

    def _group(self, f: Frame, group: str, titles: tuple[str, ...]) -> bool:
        """Its name; while it is closed, what is in it. True when it was clicked."""
        opened, height, width = self.groups[group], f.px(30), imgui.get_content_region_avail().x
        corner = imgui.get_cursor_screen_pos()
        imgui.push_style_var(imgui.StyleVar_.item_spacing, imgui.ImVec2(f.px(8), 0))
        pressed = imgui.invisible_button(f"##group {group}", imgui.ImVec2(width, height), imgui.ButtonFlags_.enable_nav)
        imgui.pop_style_var()
        draw_list, size = imgui.get_window_draw_list(), f.font(theme.SMALL)
        if imgui.is_item_hovered():
            end = imgui.ImVec2(corner.x + width, corner.y + height)
            draw_list.add_rect_filled(corner, end, theme.packed(theme.FIELD_HOVER, 0.45), f.px(6))
        y = corner.y + (height - size) / 2
        chevron = fa.ICON_FA_CHEVRON_DOWN if opened else fa.ICON_FA_CHEVRON_RIGHT
        draw_list.add_text(f.fonts.regular, f.font(11), imgui.ImVec2(corner.x + f.px(3), y + f.px(1)), _ACCENT, chevron)
        draw_list.add_text(f.fonts.bold, size, imgui.ImVec2(corner.x + f.px(22), y), _ACCENT, group)
        imgui.push_font(f.fonts.bold, theme.SMALL)
        left = f.px(34) + imgui.calc_text_size(group).x
        imgui.pop_font()
        if not opened:
            tip(f, ", ".join(titles))
            imgui.push_font(None, theme.SMALL)
            text = elide(", ".join(titles), width - left - f.px(16))
            imgui.pop_font()
            draw_list.add_text(f.fonts.regular, size, imgui.ImVec2(corner.x + left, y), _FAINT, text)
            if health.TITLE in titles and f.readout.findings:
                at = imgui.ImVec2(corner.x + width - f.px(9), corner.y + height / 2)
                draw_list.add_circle_filled(at, f.px(3.5), _WARN)
        return pressed

    def _section(self, f: Frame, section: Section) -> None:
        if section.title == self._scroll and self._frames:
            imgui.set_scroll_here_y(0.0)
        opened, why = self.opened[section.title], blocked(f, section.title)
        if self._heading(f, section, opened, why):
            opened = self.opened[section.title] = not opened
        if not opened:
            return
        imgui.push_id(section.title)
        if why:
            small(f, why, _DIM, wrap=True)
        else:
            section.draw(f)
        imgui.pop_id()
        imgui.dummy(imgui.ImVec2(0, f.px(10)))

    def _heading(self, f: Frame, section: Section, opened: bool, why: str) -> bool:
        """Icon, name, and a chevron that shows whether it is open; `why` it is greyed, or "". True when it was clicked."""
        width, height = imgui.get_content_region_avail().x, f.px(34)
        imgui.push_style_var(imgui.StyleVar_.item_spacing, imgui.ImVec2(f.px(8), 0))
        corner = imgui.get_cursor_screen_pos()
        pressed = imgui.invisible_button(f"##{section.title}", imgui.ImVec2(width, height), imgui.ButtonFlags_.enable_nav)
        imgui.pop_style_var()
        hovered = imgui.is_item_hovered()
        if not opened:  # an open one explains itself, and the tip would lie over its first row
            tip(f, why or section.hint)
        draw_list = imgui.get_window_draw_list()
        if hovered:
            end = imgui.ImVec2(corner.x + width, corner.y + height)
            draw_list.add_rect_filled(corner, end, theme.packed(theme.FIELD_HOVER, 0.45), f.px(6))
        size, small = f.font(theme.BODY), f.font(theme.SMALL)
        y = corner.y + (height - size) / 2
        draw_list.add_text(
            f.fonts.regular, small, imgui.ImVec2(corner.x, y + f.px(1)), _FAINT if why else _ACCENT if opened else _DIM, section.icon
        )
        draw_list.add_text(f.fonts.bold, size, imgui.ImVec2(corner.x + f.px(26), y), _FAINT if why else _TEXT, section.title)
        if section.title == health.TITLE and f.readout.findings:  # seen also while it is closed
            imgui.push_font(f.fonts.bold, theme.BODY)
            end = corner.x + f.px(38) + imgui.calc_text_size(section.title).x
            imgui.pop_font()
            draw_list.add_circle_filled(imgui.ImVec2(end, corner.y + height / 2), f.px(3.5), _WARN)
        chevron = fa.ICON_FA_CHEVRON_DOWN if opened else fa.ICON_FA_CHEVRON_RIGHT
        at = imgui.ImVec2(corner.x + width - f.px(16), y + f.px(2))
        draw_list.add_text(f.fonts.regular, f.font(11), at, _DIM, chevron)
        return pressed


def _grip(f: Frame, x: float) -> None:
    """A strip on the dock's left edge that makes it wider or narrower."""
    width = f.px(10)
    imgui.set_next_window_pos(imgui.ImVec2(x - width / 2, f.height / 2 - f.px(60)))
    imgui.set_next_window_size(imgui.ImVec2(width, f.px(120)))
    imgui.push_style_var(imgui.StyleVar_.window_padding, imgui.ImVec2(0, 0))
    imgui.begin("##grip", None, _GRIP)
    imgui.pop_style_var()
    imgui.invisible_button("##grip", imgui.ImVec2(width, f.px(120)))
    active = imgui.is_item_active()
    if active or imgui.is_item_hovered():
        imgui.set_mouse_cursor(imgui.MouseCursor_.resize_ew)
    if active:
        wanted = f.memory.dock_width - imgui.get_io().mouse_delta.x / f.scale
        f.memory.dock_width = min(max(wanted, PANEL[0]), PANEL[1])
    elif imgui.is_item_deactivated():
        f.do("setting", ("panel_width", float(round(f.memory.dock_width))))
    ink = theme.packed(theme.ACCENT if active else theme.DIM, 0.9 if active else 0.35)
    low = imgui.ImVec2(x - f.px(1.5), f.height / 2 - f.px(18))
    imgui.get_window_draw_list().add_rect_filled(low, imgui.ImVec2(x + f.px(1.5), f.height / 2 + f.px(18)), ink, f.px(2))
    tip(f, "Drag to make the panels wider")
    imgui.end()
