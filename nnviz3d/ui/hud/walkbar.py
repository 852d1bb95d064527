"""The walk through one training iteration: its timeline, and the buttons that move along it. Takes the place of the training buttons."""

from __future__ import annotations

from functools import partial

from imgui_bundle import icons_fontawesome_6 as fa
from imgui_bundle import imgui

from nnviz3d.spec.number_text import pair_plain, plain
from nnviz3d.spec.readout import WalkReading
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.hud import roundbar, scrubber, toggles

HEIGHT = 22.0
# the colours of the waves on the stage: signals warm-blue, loss neutral, errors rose, updates the accent
COLOURS = {"input": "#4f7fb8", "forward": "#6cbcff", "loss": "#e8ecf5", "backward": "#f078c0", "update": "#ffc46b", "after": "#6cbcff"}

LOOPS = {  # icon, name, words, what comes next
    "stop": (fa.ICON_FA_ARROW_RIGHT_TO_BRACKET, "walk_loop", "hold", "again"),
    "again": (fa.ICON_FA_REPEAT, "walk_loop", "play this step again", "on"),
    "on": (fa.ICON_FA_ARROW_RIGHT, "walk_loop", "continue with the next step", "stop"),
}


def draw(f: Frame, walk: WalkReading, room: float) -> None:
    """Time line, then buttons, centred in `room` pixels."""
    time_line(f, "##walk", walk, room, f.px(HEIGHT))
    f.memory.on_bar = frozenset(_buttons(f, walk, room) | toggles.row(f, room))


def verdict(walk: WalkReading, room: float) -> str:
    """What the step has done to the shown sample so far: its loss and the answer, in the end before and after; in a narrow bar the loss
    alone."""
    where, dot = f"step {walk.step:,}, sample {walk.shown + 1:,} of {walk.batch:,}", "   ·   "
    if walk.loss_before is None:
        return dot.join((where, *([f"says {walk.answer_before}"] if walk.answer_before else [])))
    loss, said = f"loss {plain(walk.loss_before)}", walk.answer_before
    if walk.loss_after is not None:
        loss, said = f"loss {' → '.join(pair_plain(walk.loss_before, walk.loss_after))}", f"{said} → {walk.answer_after}"
    whole = dot.join((where, f"its {loss}", said))
    return whole if imgui.calc_text_size(whole).x <= room else dot.join((where, loss))


def time_line(f: Frame, name: str, walk: WalkReading, room: float, high: float) -> None:
    """One block for each stretch, which is a phase or those of a folded part; drag anywhere."""
    line, count = walk.line, len(walk.line)
    blocks = [((k + 1) / count, COLOURS[stretch.kind]) for k, stretch in enumerate(line.stretches)]
    titled = lambda share: line.stretches[min(int(share * count), count - 1)].title  # noqa: E731
    at = scrubber.draw(f, name, room, high, line.along(walk.number) / count, blocks, titled)
    if at is not None:
        f.do("walk_to", line.number(at * count))


def _buttons(f: Frame, walk: WalkReading, room: float) -> set[str]:
    """What moves along. Returns what has room."""
    one = partial(roundbar.button, f)
    play = (fa.ICON_FA_PAUSE, "Pause (Space)") if walk.playing else (fa.ICON_FA_PLAY, "Play this step (Space)")
    hold = f"The previous step{f', step {walk.step - 1:,}' if walk.step > 1 else ''} (PgUp)"
    buttons = [
        one(0, fa.ICON_FA_XMARK, "walk_leave", "Leave the step and continue training (Esc)", ("walk_leave",)),
        one(2, fa.ICON_FA_BACKWARD_FAST, "walk_previous", hold, ("move", ("step", -1)), enabled=walk.step > 1),
        one(0, fa.ICON_FA_BACKWARD_STEP, "walk_back", "One phase back ( , )", ("walk_by", -1), enabled=walk.number > 0),
        one(0, play[0], "walk_play", play[1], ("walk_play", not walk.playing), accent=True),
        one(0, fa.ICON_FA_FORWARD_STEP, "walk_on", "One phase forward ( . )", ("walk_by", 1), enabled=walk.number < len(walk.kinds)),
        one(1, fa.ICON_FA_FORWARD_FAST, "walk_next", "The next step (I), or without playing (PgDn)", ("walk",)),
        one(4, *LOOPS[walk.loop][:2], f"At the end: {LOOPS[walk.loop][2]}. Press to change (L)", ("walk_loop", LOOPS[walk.loop][3])),
        roundbar.pace(f),
        roundbar.more(f, 0),
    ]
    return roundbar.draw(f, buttons, room)
