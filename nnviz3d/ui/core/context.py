"""What every panel is given for one frame: the scene, the readout, the scale, and the lists its answers go into."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from nnviz3d.spec.commands import CommandName
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.key_bindings import Typed
from nnviz3d.spec.readout import Command, Readout
from nnviz3d.spec.scene import Scene
from nnviz3d.ui.core import theme
from nnviz3d.ui.core.tex import Formulas

TALL = 640.0  # unscaled pixels: a lower window has no room for all words while there is a tour
NARROW, LOW = 600.0, 420.0  # unscaled pixels: in smaller windows the panels wait behind a button, and words make room for the network


@dataclass
class Memory:
    """What the overlay remembers between frames and no file holds: open popups, plot switches, half-typed numbers."""

    panels: bool = True
    sheet: bool = False  # the same in a narrow window, where the panels lie over the stage
    help: bool = False
    black: bool = False  # the screen, for a talk
    hint: bool = True
    hint_seconds: float = 0.0
    dock_width: float = theme.PANEL_WIDTH  # unscaled
    log_loss: bool = True
    smoothing: float = 0.9
    typed: dict[str, str] = field(default_factory=dict)
    refused: dict[str, Any] = field(default_factory=dict)  # by field: `number_field.Refused`
    typing: str = ""  # the slider that is typed into
    typing_frames: int = 0
    toast: str = ""
    toast_seconds: float = 0.0
    in_epochs: bool = False  # the speed of training is reported in epochs
    on_bar: frozenset[str] = frozenset()  # names of the switches that the bar at the bottom had room for in the last frame
    area: str = ""  # the window that the keyboard walks through; empty: the stage
    area_frames: int = 0  # how many frames it has been that one
    busy: bool = False  # a popup was open or a widget held in the last frame
    search: str | None = None  # what is typed into the search for a layer; None: it is closed
    search_choice: int = -1  # which of what was found; -1: the field has just been opened
    held: tuple[int, int] | None = None  # the corner of the widget that was held last and that the pointer has not left
    reveal: str = ""  # the section that is to be opened and scrolled to
    find: bool = False  # the search of the dock is to be typed into
    found: str = ""  # the setting that was found there, marked for `found_seconds`
    found_seconds: float = 0.0
    ablated: int = -1  # the layer that the section Ablation is to show next


@dataclass
class Frame:
    """One frame. Panels call `edit` and `do`; sizes go through `px`."""

    scene: Scene
    readout: Readout
    width: float
    height: float
    scale: float
    dt: float
    fonts: theme.Fonts
    formulas: Formulas
    memory: Memory
    compact: bool = False  # a film or a still: no panels
    typed: Typed = field(default_factory=Typed)
    legible: Callable[[str], str] = str  # a name in letters that can be drawn
    edits: list[Edit] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    wants: dict[str, Any] = field(default_factory=dict)
    refusal: str = ""  # why the controls that follow can change nothing: their tip
    lit: int = -1  # the parameter whose term or cell lies under the pointer

    def px(self, value: float) -> float:
        return value * self.scale

    def font(self, size: float) -> float:
        """A size of letters, in whole pixels: between them they are resampled, softer, and differ with their place in the texture."""
        return float(max(int(size * self.scale + 0.5), 1))  # as imgui rounds

    def edit(self, path: str, value: Any) -> None:
        self.edits.append(Edit(path, value))

    def do(self, name: CommandName, value: Any = None) -> None:
        self.commands.append(Command(name, value))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Of classes and inputs: what a name that is cut must be distinguished from."""
        return (*self.readout.class_names, *map(str, self.readout.topology.input.labels))

    @property
    def narrow(self) -> bool:
        return self.width < self.px(NARROW)

    @property
    def low(self) -> bool:
        return self.height < self.px(LOW)

    @property
    def docked(self) -> bool:
        """Whether the panels are on screen."""
        return not self.compact and (self.memory.sheet if self.narrow else self.memory.panels)

    def reveal(self, section: str) -> None:
        """Open that section of the panels."""
        self.memory.reveal = section
        if not self.docked:
            self.toggle_panels()

    def toggle_panels(self) -> None:
        name = "sheet" if self.narrow else "panels"
        setattr(self.memory, name, not getattr(self.memory, name))

    @property
    def dock_width(self) -> float:
        """Pixels that the dock takes from the stage: 0 while hidden or over it; never more than 45 % of a small window."""
        beside = self.docked and not self.narrow
        return min(self.px(self.memory.dock_width), 0.45 * self.width) + self.px(theme.MARGIN) if beside else 0.0

    @property
    def stage_width(self) -> float:
        return self.width - self.dock_width

    @property
    def signs(self) -> tuple[str, str]:
        """Colours of positive and negative."""
        return theme.SIGNS[self.scene.look.palette]
