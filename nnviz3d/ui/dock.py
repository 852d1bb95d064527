"""The dock at the right: file buttons, then one scrollable column of collapsing sections, with a grip to make it wider."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from imgui_bundle import icons_fontawesome_6 as fa
from imgui_bundle import imgui

from nnviz3d.spec.commands import CommandName
from nnviz3d.spec.settings import PANEL
from nnviz3d.ui.core import focus, theme
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.widgets import icon_button, right_edge, tip
from nnviz3d.ui.dialogs import file_menu, picture_menu
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
_CORNER = int(_W.no_decoration | _W.no_move | _W.always_auto_resize | _W.no_saved_settings | _W.no_nav)
_FLAGS = int(
    _W.no_title_bar | _W.no_resize | _W.no_move | _W.no_collapse | _W.no_saved_settings | _W.no_scrollbar | _W.no_scroll_with_mouse
)
_CHILD = int(imgui.ChildFlags_.always_use_window_padding | imgui.ChildFlags_.nav_flattened)
SIDE = 28.0  # of a button, unscaled: ten of them fit
LEAST = 9  # buttons that are always there
_FILM = ("Film the window until you press it again", "Stop filming and save the film")
_TEXT, _DIM, _ACCENT, _WARN = (theme.packed(c) for c in (theme.TEXT, theme.DIM, theme.ACCENT, theme.WARN))


@dataclass(frozen=True)
class Section:
    """One collapsing section."""

    title: str
    icon: str
    hint: str
    open: bool
    draw: Callable[[Frame], None]


class Dock:
    """Owns the panels that remember something."""

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
        self.sections = [Section(m.TITLE, m.ICON, m.HINT, m.OPEN, draw) for m, draw in rows]
        self.opened = {section.title: section.open for section in self.sections}
        self._picked: tuple | None = None
        self._chosen = -1
        self._compared = self._alone = self._asked = False

    def open(self, *titles: str) -> None:
        """Open these sections, and show them above the others."""
        self.opened |= dict.fromkeys(titles, True)
        self.sections.sort(key=lambda section: section.title not in titles)

    def draw(self, f: Frame) -> None:
        if not f.docked:
            _corner_button(f)
            return
        margin = f.px(theme.MARGIN)
        width = f.width - 2 * margin if f.narrow else f.dock_width - margin
        imgui.set_next_window_pos(imgui.ImVec2(f.width - width - margin, margin))
        imgui.set_next_window_size(imgui.ImVec2(width, f.height - 2 * margin))
        nav = focus.flags(f, "##dock")
        imgui.begin("##dock", None, _FLAGS | nav)
        focus.follow(f, "##dock")
        self._buttons(f)
        imgui.separator()
        imgui.push_style_var(imgui.StyleVar_.window_padding, imgui.ImVec2(f.px(8), f.px(2)))
        imgui.begin_child("##sections", imgui.ImVec2(0, 0), _CHILD, nav)
        imgui.pop_style_var()
        comparing = f.readout.compare is not None
        if comparing and not self._compared:
            self.opened[compare.TITLE] = True
        self._compared = comparing
        picked = neuron.subject(f.readout)
        fresh, other = picked is not None and self._picked is None, picked is not None and picked != self._picked
        self._picked = picked
        chosen = f.readout.chosen
        taken, self._chosen = chosen >= 0 and self._chosen < 0, chosen
        # an edge is meant before the neuron that it leads into
        first = [edit_by_hand.TITLE, neuron.TITLE] if chosen >= 0 else [neuron.TITLE, edit_by_hand.TITLE] if picked is not None else []
        first += [compare.TITLE] * comparing
        alone = convolution.alone(f.scene)
        if alone and not self._alone:
            self.opened[convolution.TITLE] = True
        self._alone = alone
        asked = f.readout.asked
        if asked != self._asked:  # a model that does not learn is opened to be asked
            self.opened |= {prompt.TITLE: asked, charts.TITLE: not asked, training.TITLE: not asked}
        self._asked = asked
        first = [convolution.TITLE] * alone + [prompt.TITLE] * asked + first
        there = [s for s in self.sections if s.title != convolution.TITLE or convolution.layers(f.scene)]
        order = sorted(there, key=lambda s: first.index(s.title) if s.title in first else len(first))
        if other:  # something else is looked at: its name first
            imgui.set_scroll_y(0)
        wanted, f.memory.reveal = f.memory.reveal, ""
        for section in order:
            if section.title == wanted:
                self.opened[wanted] = True
                imgui.set_scroll_here_y(0.0)
            self._section(f, section, (fresh and section.title == neuron.TITLE) or (taken and section.title == edit_by_hand.TITLE))
        imgui.end_child()
        imgui.end()
        if not f.narrow:
            _grip(f, f.width - width - margin)

    def _section(self, f: Frame, section: Section, reveal: bool) -> None:
        opened = self.opened[section.title] = self.opened[section.title] or reveal
        if self._heading(f, section, opened):
            opened = self.opened[section.title] = not opened
        if not opened:
            return
        imgui.push_id(section.title)
        section.draw(f)
        imgui.pop_id()
        imgui.dummy(imgui.ImVec2(0, f.px(10)))

    def _heading(self, f: Frame, section: Section, opened: bool) -> bool:
        """Icon, name, and a chevron that shows whether it is open. True when it was clicked."""
        width, height = imgui.get_content_region_avail().x, f.px(34)
        corner = imgui.get_cursor_screen_pos()
        pressed = imgui.invisible_button(f"##{section.title}", imgui.ImVec2(width, height), imgui.ButtonFlags_.enable_nav)
        hovered = imgui.is_item_hovered()
        if not opened:  # an open one explains itself, and the tip would lie over its first row
            tip(f, section.hint)
        draw_list = imgui.get_window_draw_list()
        if hovered:
            end = imgui.ImVec2(corner.x + width, corner.y + height)
            draw_list.add_rect_filled(corner, end, theme.packed(theme.FIELD_HOVER, 0.45), f.px(6))
        size, small = f.font(theme.BODY), f.font(theme.SMALL)
        y = corner.y + (height - size) / 2
        draw_list.add_text(f.fonts.regular, small, imgui.ImVec2(corner.x, y + f.px(1)), _ACCENT if opened else _DIM, section.icon)
        draw_list.add_text(f.fonts.bold, size, imgui.ImVec2(corner.x + f.px(26), y), _TEXT, section.title)
        if section.title == health.TITLE and f.readout.findings:  # seen also while it is closed
            imgui.push_font(f.fonts.bold, theme.BODY)
            end = corner.x + f.px(38) + imgui.calc_text_size(section.title).x
            imgui.pop_font()
            draw_list.add_circle_filled(imgui.ImVec2(end, corner.y + height / 2), f.px(3.5), _WARN)
        chevron = fa.ICON_FA_CHEVRON_DOWN if opened else fa.ICON_FA_CHEVRON_RIGHT
        at = imgui.ImVec2(corner.x + width - f.px(16), y + f.px(2))
        draw_list.add_text(f.fonts.regular, f.font(11), at, _DIM, chevron)
        return pressed

    def _buttons(self, f: Frame) -> None:
        r = f.readout
        side = min(SIDE, imgui.get_content_region_avail().x / f.px(1) / LEAST - 3)  # in a narrow panel they would lie on each other
        imgui.push_style_var(imgui.StyleVar_.item_spacing, imgui.ImVec2(f.px(3), f.px(7)))
        mark = "\n(not saved yet)" if r.dirty else ""
        if icon_button(f, fa.ICON_FA_FOLDER_OPEN, "file", "Open, save as, film, export", size=side):
            imgui.open_popup("file")
        file_menu.draw(f)
        imgui.same_line()
        buttons: tuple[tuple[str, CommandName | Literal["picture"], str, bool], ...] = (
            (fa.ICON_FA_FLOPPY_DISK, "save", f"Save the scene (Ctrl+S){mark}", True),
            (fa.ICON_FA_ROTATE_LEFT, "undo", "Undo (Ctrl+Z)", r.can_undo),
            (fa.ICON_FA_ROTATE_RIGHT, "redo", "Redo (Ctrl+Shift+Z)", r.can_redo),
            (fa.ICON_FA_CAMERA, "picture", "Save a picture (F12), also in 4K, 8K, 16K", True),
            (fa.ICON_FA_VIDEO, "capture", f"{_FILM[r.capture is not None]} (F9)", True),
            (fa.ICON_FA_EXPAND, "fullscreen", "Full screen (F11)", True),
        )
        for icon, name, hint, enabled in buttons:
            if name == "fullscreen" and imgui.get_content_region_avail().x < 4 * f.px(side + 3):
                continue  # F11 is there, and the two at the right are not
            if icon_button(f, icon, name, hint, enabled, size=side):
                imgui.open_popup(name) if name == "picture" else f.do(name)
            if name == "picture":
                picture_menu.draw(f)
            if name == "save" and r.dirty:
                corner = imgui.get_item_rect_max()
                centre = imgui.ImVec2(corner.x - f.px(5), imgui.get_item_rect_min().y + f.px(6))
                imgui.get_window_draw_list().add_circle_filled(centre, f.px(3.5), _ACCENT)
            imgui.same_line()
        right = right_edge()
        imgui.same_line(right - 3 * f.px(side) - 2 * f.px(3))
        if icon_button(f, fa.ICON_FA_GRADUATION_CAP, "tour", "Guided tour: how a network learns, in eight short lessons (T)", size=side):
            f.do("tour", None if r.tour is None else "close")
        imgui.same_line()
        if icon_button(f, fa.ICON_FA_CIRCLE_QUESTION, "help", "All keys ( ? )", size=side):
            f.memory.help = not f.memory.help
        imgui.same_line()
        if icon_button(f, fa.ICON_FA_CHEVRON_RIGHT, "hide", "Hide the panels (H)", size=side):
            f.toggle_panels()
        imgui.pop_style_var()


def _corner_button(f: Frame) -> None:
    """While the dock is hidden: the way back."""
    margin = f.px(theme.MARGIN)
    imgui.set_next_window_pos(imgui.ImVec2(f.width - margin, margin), imgui.Cond_.always, imgui.ImVec2(1, 0))
    imgui.set_next_window_bg_alpha(0.5)
    imgui.push_style_var(imgui.StyleVar_.window_padding, imgui.ImVec2(f.px(4), f.px(4)))
    imgui.begin("##show", None, _CORNER)
    if icon_button(f, fa.ICON_FA_SLIDERS, "panels", "Show the panels (H)"):
        f.toggle_panels()
    imgui.end()
    imgui.pop_style_var()


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
