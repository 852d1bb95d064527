"""The overlay: everything drawn over the stage, as one function of (scene, readout). Owns what lives between frames.

The host makes imgui's and ImPlot's contexts, calls new_frame before `draw` and render after it, and gives pixels as units
(display size = framebuffer size). Nothing here knows of OpenGL, an engine or a clock.
"""

from __future__ import annotations

from imgui_bundle import imgui

from nnviz3d.spec.key_bindings import Typed
from nnviz3d.spec.readout import Answer, FreeArea, Readout
from nnviz3d.spec.scene import Scene
from nnviz3d.ui.core import focus, host_keyboard, label_placement, theme
from nnviz3d.ui.core.context import Frame, Memory
from nnviz3d.ui.core.font_fallback import Legible
from nnviz3d.ui.core.sampled_readout import SampledReadout
from nnviz3d.ui.core.tex import Formulas
from nnviz3d.ui.dialogs.question import Ask
from nnviz3d.ui.dock import Dock
from nnviz3d.ui.hud import (
    activation_inset,
    blackout,
    capture_badge,
    header,
    hotkeys,
    map_card,
    output_table,
    search,
    toasts,
    transport,
    watching,
    window_card,
)
from nnviz3d.ui.hud import help as help_card
from nnviz3d.ui.hud import stage_input as stage
from nnviz3d.ui.hud.film_overlay import FilmOverlay
from nnviz3d.ui.hud.free_area import free_area
from nnviz3d.ui.hud.labels import Labels
from nnviz3d.ui.hud.tour_card import TourCard, marks

LEAST = 0.07  # scale, in the smallest films: below it imgui has neither a style nor a font
SMALLEST = 200  # unscaled pixels a side; in a smaller window there is only the stage


class Overlay:
    """One for each imgui context. `scale`: the screen's own factor; the scene's text size multiplies it."""

    def __init__(self, scale: float = 1.0):
        io = imgui.get_io()
        io.set_ini_filename("")
        io.config_flags |= imgui.ConfigFlags_.nav_enable_gamepad  # imgui reads sticks only then
        self.scale = scale
        self.free = FreeArea()  # what the last frame left to the network
        self.memory = Memory()
        io.fonts.tex_glyph_padding = 2  # a letter never shows a rim of its neighbour in the texture
        self._fonts = theme.load_fonts()
        self._applied = 0.0
        self._formulas = Formulas()
        self._labels, self._stage, self._dock, self._ask = Labels(), stage.StageControl(), Dock(), Ask()
        self._tour, self._titles, self._sampled, self._legible = TourCard(), FilmOverlay(), SampledReadout(), Legible(self._fonts)

    def draw(
        self, scene: Scene, readout: Readout, size: tuple[int, int], dt: float, compact: bool = False, typed: Typed | None = None
    ) -> Answer:
        """Draw one frame and say what a person did in it. `size`: framebuffer pixels, `dt`: seconds since the last frame.

        `compact`: only labels and the caption, for films and stills without panels. `typed`: what the keyboard did, where the host knows
        it better than imgui.
        """
        width, height = size
        if min(width, height) < 1:
            return Answer()
        scale = max(self.scale * scene.look.ui_scale, LEAST)
        if scale != self._applied:
            theme.apply(scale)
            self._applied = scale
        readout = self._legible.of(readout if compact else self._sampled(readout, dt))
        f = Frame(scene, readout, float(width), float(height), scale, dt, self._fonts, self._formulas, self.memory, compact)
        f.legible = self._legible.text
        f.typed = Typed() if compact else host_keyboard.read() if typed is None else typed
        answer = self._compact(f) if compact else self._full(f)
        self._formulas.sweep()
        return answer

    def open(self, *titles: str) -> None:
        """Open these sections of the dock, as a click would; the first of them comes first."""
        self._dock.open(*titles)

    @property
    def settled(self) -> bool:
        """Whether what was drawn compact would be drawn the same once more: imgui learns sizes by drawing."""
        return self._titles.settled

    def _compact(self, f: Frame) -> Answer:
        self._annotate(f, [(0.0, f.height - f.px(80), f.width, f.height)])
        self._titles.draw(f)
        self.free = FreeArea()
        return Answer()

    def _annotate(self, f: Frame, taken: list[label_placement.Rect]) -> None:
        """What stands beside the network: a walk's cards first, then labels where room is left. `taken` ends with what is at the bottom."""
        cards = []
        moment = f.readout.moment
        if moment is not None:
            for card in (output_table, window_card, activation_inset):
                rect = card.draw(f, moment, [*cards, *taken])
                cards += [rect] if rect else []
        self._labels.draw(f, [*cards, *taken[:-1]], bool(cards) and moment is not None and moment.table is not None)

    def _full(self, f: Frame) -> Answer:
        stage_input = self._stage.read(f)
        taken: list[label_placement.Rect] = []
        tour, card = f.readout.tour, 0.0
        self._tour.arrange(f, self._dock.opened)
        roomy = min(f.width, f.height) >= SMALLEST * f.scale
        if roomy:
            top = f.height
            if not (f.narrow and f.docked):
                taken.append(header.draw(f))
                top = transport.draw(f) if tour is None else self._tour.draw(f, tour)
                card = 0.0 if tour is None else f.height - top + f.px(theme.MARGIN)
                taken.append((0.0, top, f.stage_width, f.height))
            if tour is not None:
                marks(f, tour)
            self._annotate(f, taken)
            self._dock.draw(f)
            toasts.banner(f)
            if f.readout.question is None:
                toasts.lines(f, top)
            toasts.hover_card(f)
            toasts.edge_card(f)
            map_card.draw(f, top)
            watching.card(f)
            search.draw(f)
            help_card.draw(f)
        else:
            self._labels.draw(f)
        self._ask.draw(f)
        capture_badge.draw(f)
        if f.readout.question is None:  # else its own keys
            hotkeys.draw(f)
            focus.keys(f)
        blackout.draw(f)
        if stage_input.clicked or any(stage_input.orbit):
            f.memory.hint_seconds = max(f.memory.hint_seconds, toasts.HINT_SECONDS - 1.5)
        right = f.dock_width / f.width if roomy else 0.0
        self.free = free_area(f.width, f.height, f.scale, right, two=f.readout.compare is not None, card=card)
        held = imgui.is_any_item_active() or stage_input.tuning
        return Answer(tuple(f.edits), tuple(f.commands), stage_input, self.free, held, f.lit, f.wants)
