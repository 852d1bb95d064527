"""How fast time runs: phases a second in a walk, steps or epochs a second outside, from one in sixteen seconds to as fast as possible."""

from __future__ import annotations

from imgui_bundle import imgui

from nnviz3d.spec.readout import WalkReading
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.widgets import dim, tip

WALK = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0, 2.0, 4.0, 8.0, 16.0, 0.0)
STEPS = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 0.0)
EPOCHS = (1 / 16, 1 / 4, 1.0, 4.0, 16.0)
WIDTH = 132.0


def words(rate: float, unit: str) -> str:
    """ "1/16 steps/s", "120 steps/s"."""
    if rate in (1 / 16, 1 / 8, 1 / 4, 1 / 2):
        return f"1/{round(1 / rate)} {unit}/s"
    return f"{rate:,.0f} {unit}/s" if rate >= 100 else f"{rate:.3g} {unit}/s"


def shown(f: Frame) -> str:
    """The present speed with its unit."""
    if f.readout.walk is not None:
        speed = f.readout.walk.speed
        return words(speed, "phases") if speed else "a phase a frame"
    rate = f.scene.train.steps_per_second
    if not rate:
        return "full speed"
    return words(rate / f.readout.epoch_steps, "epochs") if f.memory.in_epochs else words(rate, "steps")


def lasts(walk: WalkReading) -> str:
    """How long a whole step takes at this speed; "" where that is as fast as possible."""
    count = len(walk.line)
    return f" At this speed the {count:,} phases of the step take {count / walk.speed:,.0f} s." if walk.speed else ""


def draw(f: Frame, width: float) -> None:
    """A drop-down, `width` pixels wide."""
    imgui.set_next_item_width(width)
    walk = f.readout.walk
    if imgui.begin_combo("##walk_speed" if walk else "##speed", shown(f), imgui.ComboFlags_.height_largest):
        if walk is not None:
            _walk_list(f, walk.speed)
        else:
            _train_list(f)
        imgui.end_combo()
    if walk:
        tip(
            f,
            "How fast the step plays ( - + ). A phase is one block of the timeline: the forward pass, backward pass or update of one "
            f"layer.{lasts(walk)}",
        )
    else:
        now, steps = f.readout.steps_per_second, f.readout.epoch_steps
        if f.readout.recording is not None:
            tip(f, f"How fast the recording plays ( - + ). Now: {now:,.0f} steps/s = {now / steps:.3g} epochs/s; an epoch is {steps:,}"
                   " steps here. Full speed: the whole recording in ten seconds, or one recorded step per frame.")  # fmt: skip
            return
        tip(f, f"How fast training runs ( - + ). Now: {now:,.0f} steps/s = {now / steps:.3g} epochs/s; an epoch is {steps:,} steps here."
               " Full speed: as many steps as fit between two frames.")  # fmt: skip


def beside(f: Frame, height: float) -> None:
    """The same in a row of buttons of that height."""
    imgui.set_cursor_pos_y(imgui.get_cursor_pos_y() + (height - imgui.get_frame_height()) / 2)
    imgui.push_style_var(imgui.StyleVar_.frame_rounding, f.px(6))
    draw(f, f.px(WIDTH))
    imgui.pop_style_var()


def _walk_list(f: Frame, speed: float) -> None:
    for value in WALK:
        text = words(value, "phases") if value else "as fast as possible: one phase per frame"
        if imgui.selectable(text, value == speed)[0]:
            f.do("walk_speed", value)


def _train_list(f: Frame) -> None:
    rate, steps, epochs = f.scene.train.steps_per_second, f.readout.epoch_steps, f.memory.in_epochs
    for value in STEPS:
        text = words(value, "steps") if value else "full speed: as fast as possible"
        if imgui.selectable(text, value == rate and (not epochs or not value))[0]:
            _choose(f, value, False)
    imgui.separator()
    dim(f"an epoch is {steps:,} steps" if steps > 1 else "an epoch is one step")
    for value in EPOCHS:
        if imgui.selectable(words(value, "epochs"), epochs and value * steps == rate)[0]:
            _choose(f, value * steps, True)


def _choose(f: Frame, rate: float, in_epochs: bool) -> None:
    f.memory.in_epochs = in_epochs
    if rate != f.scene.train.steps_per_second:
        f.edit("train.steps_per_second", min(float(rate), 1e6))


def change(f: Frame, by: int) -> None:
    """One place faster (+1) or slower (-1) in the list."""
    walk = f.readout.walk
    in_epochs = walk is None and f.memory.in_epochs
    per = f.readout.epoch_steps if in_epochs else 1
    rates = [rate or float("inf") for rate in (WALK if walk else (*EPOCHS, 0.0) if in_epochs else STEPS)]
    now = ((walk.speed if walk else f.scene.train.steps_per_second) or float("inf")) / per
    ahead = [rate for rate in rates if rate > now * 1.001] if by > 0 else [rate for rate in rates if rate < now * 0.999]
    if ahead:
        new = min(ahead) if by > 0 else max(ahead)
        rate = 0.0 if new == float("inf") else new * per
        f.do("walk_speed", rate) if walk else _choose(f, rate, in_epochs)
