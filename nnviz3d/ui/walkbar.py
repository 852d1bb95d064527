"""The walk through one training iteration: its time line, and the buttons that move along it. Takes the place of the training buttons."""

from __future__ import annotations

from imgui_bundle import icons_fontawesome_6 as fa
from imgui_bundle import imgui

from nnviz3d.spec.readout import WalkReading
from nnviz3d.ui import timeline, weightbar
from nnviz3d.ui.frame import Frame
from nnviz3d.ui.numbers import short
from nnviz3d.ui.widgets import icon_button, tip

SPEEDS = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0)
HEIGHT = 22.0
# the colours of the waves on the stage: signals warm-blue, loss neutral, errors rose, updates the accent
COLOURS = {"input": "#4f7fb8", "forward": "#6cbcff", "loss": "#e8ecf5", "backward": "#f078c0", "update": "#ffc46b", "after": "#6cbcff"}


def draw(f: Frame, room: float) -> None:
    """Time line, then buttons, centred in `room` pixels."""
    walk = f.readout.walk
    _time_line(f, walk, room)
    _buttons(f, walk, room)
    weightbar.draw(f, room)


def verdict(walk: WalkReading) -> str:
    """What the step did to the shown sample: its loss and the answer, before and after."""
    return f"loss of this sample {short(walk.loss_before)} → {short(walk.loss_after)};  {walk.answer_before} → {walk.answer_after}"


def _time_line(f: Frame, walk: WalkReading, room: float) -> None:
    """One block a phase; drag anywhere."""
    count = len(walk.phases)
    blocks = [((k + 1) / count, COLOURS[kind]) for k, kind in enumerate(walk.kinds)]
    at = timeline.draw(
        f, "##walk", room, f.px(HEIGHT), walk.number / count, blocks, lambda share: walk.phases[min(int(share * count), count - 1)]
    )
    if at is not None:
        f.do("walk_to", at * count)


def _buttons(f: Frame, walk: WalkReading, room: float) -> None:
    side, gap, speed = f.px(36), f.px(6), f.px(128)
    imgui.set_cursor_pos_x(imgui.get_cursor_pos_x() + max(0.0, (room - (5 * side + speed + 6 * gap)) / 2))
    imgui.push_style_var(imgui.StyleVar_.frame_rounding, side / 2)
    if icon_button(f, fa.ICON_FA_XMARK, "walk_leave", "Leave the iteration and go on training (Esc)", size=36):
        f.do("walk_leave")
    imgui.same_line(0, gap)
    if icon_button(f, fa.ICON_FA_BACKWARD_STEP, "walk_back", "One phase back ( , )", enabled=walk.number > 0, size=36):
        f.do("walk_by", -1)
    imgui.same_line(0, gap)
    icon, hint = (fa.ICON_FA_PAUSE, "Hold (Space)") if walk.playing else (fa.ICON_FA_PLAY, "Play the iteration (Space)")
    if icon_button(f, icon, "walk_play", hint, accent=True, size=36):
        f.do("walk_play", not walk.playing)
    imgui.same_line(0, gap)
    if icon_button(f, fa.ICON_FA_FORWARD_STEP, "walk_on", "One phase on ( . )", enabled=walk.number < len(walk.phases), size=36):
        f.do("walk_by", 1)
    imgui.same_line(0, gap)
    if icon_button(f, fa.ICON_FA_FORWARD_FAST, "walk_next", "The next iteration (I)", size=36):
        f.do("walk")
    imgui.pop_style_var()
    _speed(f, walk, gap, side, speed)


def _speed(f: Frame, walk: WalkReading, gap: float, height: float, width: float) -> None:
    imgui.same_line(0, gap)
    imgui.set_cursor_pos_y(imgui.get_cursor_pos_y() + (height - imgui.get_frame_height()) / 2)
    imgui.set_next_item_width(width)
    if imgui.begin_combo("##walk_speed", f"{walk.speed:g} phases/s"):
        for value in SPEEDS:
            if imgui.selectable(f"{value:g} phases/s", value == walk.speed)[0]:
                f.do("walk_speed", value)
        imgui.end_combo()
    tip(f, "How fast the iteration plays by itself: phases a second.")
