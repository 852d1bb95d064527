"""What the overlay hands back: changes of the scene, things to do, and what a person did on the stage."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from nnviz3d.spec.commands import CommandName


@dataclass(frozen=True)
class Command:
    """Something to do that is not a change of the scene. `value`: a preset's name, a neuron's id, a path, or None."""

    name: CommandName
    value: Any = None


@dataclass(frozen=True)
class StageInput:
    """What a person did on the stage (not on a panel) in this frame, read from imgui's io, the same in a window and headless.

    Pixels are framebuffer pixels from the top left.
    """

    pointer: tuple[float, float] | None = None  # None: outside, or over a panel
    clicked: bool = False
    double_clicked: bool = False
    orbit: tuple[float, float] = (0.0, 0.0)  # drag with the left button, pixels
    pan: tuple[float, float] = (0.0, 0.0)  # right or middle button, or shift + left
    zoom: float = 0.0  # wheel notches, positive is nearer
    move: tuple[float, float, float] = (0.0, 0.0, 0.0)  # held keys: right, up, forward in [-1, 1]
    turn: tuple[float, float] = (0.0, 0.0)  # held arrow keys or gamepad: yaw, pitch in [-1, 1]
    tuning: bool = False  # a drag with Ctrl or Alt is on, which turns a weight or a bias instead of the camera
    tune: float = 0.0  # unscaled pixels upwards in this frame; a tenth of them with Shift


@dataclass(frozen=True)
class FreeArea:
    """The rectangle that the overlay leaves to the network, by what it covers beside it: shares of the picture's width (`right`) and of its
    height. `corner`: what the card with the title covers at the top left, where only a tall column of names comes."""

    right: float = 0.0
    bottom: float = 0.0
    top: float = 0.0
    corner: float = 0.0


@dataclass(frozen=True)
class Answer:
    """What the overlay hands back: changes of the scene, things to do, and what happened on the stage."""

    edits: tuple = ()
    commands: tuple[Command, ...] = ()
    stage: StageInput = StageInput()
    free: FreeArea = FreeArea()  # where the network is to stand
    editing: bool = False  # a widget, or a weight on the stage, is held: its edits belong together for undo
    lit: int = -1  # the parameter whose term lies under the pointer on a panel: its edge lights up
    wants: dict[str, Any] = field(default_factory=dict)  # readings that are on screen and cost something: what they are to be of
