"""What each key of the table does: presses become commands and edits, unless a text field is being typed into."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from imgui_bundle import imgui

from nnviz3d.spec import key_bindings
from nnviz3d.spec.commands import COMMANDS, CommandName
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.hud import speed, weightbar

_K = imgui.Key
_VIEWS = ("", "A", "B", "B - A")
_LOOPS = ("stop", "again", "on")
ANYWHERE = frozenset({
    "fullscreen", "screenshot", "screenshot_4K", "capture", "capture_stage", "save_timeline", "help", "keep_A", "keep_B", "enter_A",
    "enter_B", "show_moment", "undo", "redo", "save", "save_as", "open_file", "epoch_back", "epoch_on",
})  # fmt: skip
"""Also while the keyboard walks through a panel: there arrows, Space, Enter and the paging keys move and change what has the ring."""
_PAD = (
    (_K.gamepad_face_down, "play", "tour:next", False),
    (_K.gamepad_face_right, "", "tour:back", False),
    (_K.gamepad_dpad_right, "step_on", "step_on", True),
    (_K.gamepad_dpad_left, "step_back", "step_back", True),
)  # fmt: skip


def draw(f: Frame) -> None:
    """Once a frame, after all windows."""
    if imgui.get_io().want_text_input:
        return
    tour = f.readout.tour is not None
    names = [key_bindings.resolve(press, tour) for press in f.typed.presses]
    names += [touring if tour else plain for key, plain, touring, repeats in _PAD if imgui.is_key_pressed(key, repeats)]
    for name in names:
        if f.memory.black:  # any key ends it, and does nothing else
            f.memory.black = False
        elif name.startswith("tour:"):
            _tour(f, name.removeprefix("tour:"))
        elif name in ACTIONS and (not f.memory.area or name in ANYWHERE):
            ACTIONS[name](f)


def _tour(f: Frame, event: str) -> None:
    if not f.memory.area:
        _black(f) if event == "black" else f.do("tour", event)


def _black(f: Frame) -> None:
    f.memory.black = True


def _search(f: Frame) -> None:
    f.memory.search = ""


def _find(f: Frame) -> None:
    f.memory.find = True
    if not f.docked:
        f.toggle_panels()


def _help(f: Frame) -> None:
    f.memory.help = not f.memory.help


def _play(f: Frame) -> None:
    walk = f.readout.walk
    f.do("walk_play", not walk.playing) if walk else f.do("pause" if f.readout.running else "play")


def _step(f: Frame, by: int) -> None:
    """In a walk a phase."""
    f.do("walk_by", by) if f.readout.walk else f.do("step") if by > 0 else f.do("move", ("step", -1))


def _layer(f: Frame, by: int) -> None:
    if f.readout.walk:
        f.do("move", ("layer", by))


def _end(f: Frame, end: int) -> None:
    walk = f.readout.walk
    f.do("walk_to", float(end * len(walk.kinds))) if walk else f.do("rewind", (f.readout.oldest, f.readout.newest)[end])


def _gradient(f: Frame) -> None:
    if walk := f.readout.walk:
        f.do("walk_gradient", not walk.mean)


def _weights(f: Frame) -> None:
    if f.readout.walk:
        weightbar.cycle(f)


def _loop(f: Frame) -> None:
    if walk := f.readout.walk:
        f.do("walk_loop", _LOOPS[(_LOOPS.index(walk.loop) + 1) % len(_LOOPS)])


def _moment(f: Frame) -> None:
    """The next of now, A, B and their difference."""
    moments = f.readout.moments
    fit = {moment.name for moment in moments.kept if moment.fits} | {""}
    views = [view for view in _VIEWS if fit.issuperset(view.split(" - "))]
    if len(views) > 1:
        f.do("show_moment", views[(views.index(moments.shown) + 1) % len(views) if moments.shown in views else 0])


def _escape(f: Frame) -> None:
    """One thing at a time: the list of keys, then the banner, then the tour, then the picked neuron."""
    if imgui.is_popup_open("", imgui.PopupFlags_.any_popup):
        imgui.internal.close_popup_to_level(0, True)
    elif f.memory.search is not None:
        f.memory.search = None
    elif f.memory.help:
        f.memory.help = False
    elif f.readout.banner:
        f.do("dismiss")
    elif f.readout.tour is not None:
        f.do("tour", "close")
    elif f.readout.chosen >= 0:
        f.do("choose", None)
        f.do("pick", None)
    elif f.readout.neuron is not None:
        f.do("pick", None)
    elif f.readout.walk is not None:
        f.do("walk_leave")
    elif f.readout.moments.shown:
        f.do("show_moment", "")


def _does(name: CommandName, value: Any) -> Callable[[Frame], None]:
    return lambda f: f.do(name, value)


ACTIONS: dict[str, Callable[[Frame], None]] = {
    "play": _play,
    "step_back": partial(_step, by=-1),
    "step_on": partial(_step, by=1),
    "first": partial(_end, end=0),
    "last": partial(_end, end=1),
    "slower": partial(speed.change, by=-1),
    "faster": partial(speed.change, by=1),
    "layer_back": partial(_layer, by=-1),
    "layer_on": partial(_layer, by=1),
    "walk_gradient": _gradient,
    "walk_weights": _weights,
    "walk_loop": _loop,
    "show_moment": _moment,
    "panels": Frame.toggle_panels,
    "black": _black,
    "search": _search,
    "find": _find,
    "help": _help,
    "escape": _escape,
}
ACTIONS |= {key: _does(kind.name, value) for kind in COMMANDS.values() for key, value in kind.keys.items()}
ELSEWHERE = frozenset({"motion", "focus_in", "focus_next", "focus_previous"})
"""Of the table: held keys are read by `ui.hud.stage_input`, the way into the panels by `ui.core.focus`."""
