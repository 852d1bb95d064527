"""Bottom of the stage: what happens now in one sentence, the numbers, and the buttons that run time."""

from __future__ import annotations

import math
from functools import partial
from itertools import pairwise

from imgui_bundle import icons_fontawesome_6 as fa
from imgui_bundle import imgui

from nnviz3d.spec.number_text import count, percent, short
from nnviz3d.spec.readout import Readout
from nnviz3d.ui.core import theme
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.row_layout import Item
from nnviz3d.ui.core.short_lines import network_line
from nnviz3d.ui.core.units import loss_unit, rmse_words
from nnviz3d.ui.core.widgets import dim, elide, floating, icon_button, tip
from nnviz3d.ui.hud import roundbar, scrubber, toggles, walkbar

_WATCHED = {
    "play": "Follow the loop: always its newest weights (Space)",
    "back": "One kept step back ( , )",
    "step": "One kept step forward; at the newest one the loop takes a step, where it lends control ( . )",
    "epoch": "Forward to the end of this epoch (Ctrl+PgDn)",
    "walk": "Walk through one step, computed here from these weights and the samples that were sent (I)",
    "reset": "Back to the oldest kept step (R)",
}
_DRAG = ("Drag to go back; training from there gives the same numbers again.", "Drag to any moment of the recording.")
_HINTS = {
    "play": "Train (Space)",
    "back": "One training step back ( , )",
    "step": "One training step ( . )",
    "epoch": "Train to the end of this epoch (Ctrl+PgDn)",
    "walk": "Walk through the next step, phase by phase (I)",
    "reset": "Reset: the same initial weights again (R)",
    "new_seed": "New seed: different initial weights (N)",
}
_PLAYED = {
    "play": "Play the recording; from the start if it has ended (Space)",
    "back": "One recorded step back ( , )",
    "step": "One recorded step forward ( . )",
    "epoch": "Forward to the end of this epoch (Ctrl+PgDn)",
    "reset": "Back to the start of the recording (R)",
}


def metrics(f: Frame) -> str:
    """'step 1,234 · epoch 27.4 · loss 0.083 · test 97.2 % at step 1,230'; "" of a network without time."""
    r = f.readout
    if r.reasons.play and r.compare is None and not r.step:
        return ""
    parts = [f"{'now: ' if r.moments.shown else ''}step {count(r.step)}"]
    parts += [f"epoch {r.epoch:.1f}"] if r.watched is None or r.epoch else []  # not every loop tells its epoch
    if r.compare is not None:
        return "   ·   ".join([*parts, *map(network_line, r.compare.networks)])
    if r.loss is not None:
        parts.append(f"loss {short(r.loss)}")
    text = f"test {percent(r.test_accuracy)}" if r.test_accuracy is not None else f"test loss {short(r.test_loss)}"
    if r.test_loss is not None or r.test_accuracy is not None:
        rmse = ""
        if r.test_loss is not None and r.error is not None:
            rmse = f"test RMSE {r.error.text(r.test_loss)}, loss {short(r.test_loss)}"
        parts.append(f"{rmse or text} {r.scores.tested(r.step)}".rstrip())
    return "   ·   ".join(parts)


def _about(f: Frame) -> str:
    """What the numbers are of."""
    if f.readout.walk is not None:
        return (
            "step: the update of the weights that is shown. The sample belongs to its mini-batch; loss and answer are for this sample "
            "alone."
        )
    text = "step: number of weight updates so far. epoch: passes through the training set. loss: mean loss of the last mini-batch"
    text += f" ({loss_unit(f.readout)})."
    if f.readout.test_accuracy is not None:
        text += " test: accuracy on the test set, which is never used for training."
    elif f.readout.test_loss is not None:
        text += " test loss: mean loss on the test set, which is never used for training."
    return f"{text} {f.readout.scores.words(f.readout.class_names)}".rstrip() + rmse_words(f.readout)


def _centred(text: str, width: float) -> None:
    imgui.set_cursor_pos_x(imgui.get_cursor_pos_x() + max(0.0, (width - imgui.calc_text_size(text).x) / 2))


def broken(text: str, width: float) -> list[str]:
    """The text broken at spaces into lines of about equal length that fit; a word that is too long is cut."""
    pieces = math.ceil(imgui.calc_text_size(text).x / width)
    if pieces > 1:
        width = min(width, max(imgui.calc_text_size(text).x / pieces * 1.15, width * 0.6))
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and imgui.calc_text_size(longer).x <= width:
            lines[-1] = longer
        else:
            lines.append(elide(word, width))
    return lines


def draw(f: Frame) -> float:
    """Bottom centre of the stage: the sentence, the numbers, and the buttons that run time. Returns its top edge."""
    r = f.readout
    room = min(f.stage_width - 2 * f.px(theme.MARGIN) - f.px(24), f.px(600))
    floating(f, "##transport", f.stage_width / 2, f.height - f.px(theme.MARGIN), (0.5, 1.0))
    imgui.push_style_var(imgui.StyleVar_.item_spacing, imgui.ImVec2(f.px(6), f.px(5)))
    imgui.dummy(imgui.ImVec2(room, 0))
    for line in [] if f.low else broken(r.sentence[:400], room):
        _centred(line, room)
        imgui.text_unformatted(line)
    imgui.push_font(None, theme.SMALL)
    text = metrics(f) if r.walk is None else walkbar.verdict(r.walk, room)
    if imgui.calc_text_size(text).x > room:
        text = text.replace("   ·   ", " · ")
    _centred(text, room)
    dim(elide(text, room))
    tip(f, _about(f))
    imgui.pop_font()
    if r.walk is None:
        _history(f, room)
        f.memory.on_bar = frozenset(_buttons(f, room) | toggles.row(f, room))
    else:
        walkbar.draw(f, r.walk, room)
    imgui.pop_style_var()
    top = imgui.get_window_pos().y
    imgui.end()
    return top


def _history(f: Frame, room: float) -> None:
    """The run so far, or a recording: drag to enter any remembered step again, and train on from there."""
    r = f.readout
    if r.newest <= r.oldest:
        return
    steps = r.newest - r.oldest
    at = scrubber.draw(
        f, "##history", room, f.px(14), (r.step - r.oldest) / steps, blocks(r), lambda share: place(r, r.oldest + round(share * steps)),
        tuple((step - r.oldest) / steps for step in r.changes),
    )  # fmt: skip
    if at is not None and r.oldest + round(at * steps) != r.step:
        f.do("rewind", r.oldest + round(at * steps))


def blocks(r: Readout) -> list[scrubber.Block]:
    """What the line shows as solid, and between it gaps: steps that cannot be gone to any more."""
    whole, out = r.newest - r.oldest, []
    for first, last in r.stretches or ((r.oldest, r.newest),):
        if first > r.oldest:
            out.append(((first - r.oldest) / whole, ""))
        out.append(((last - r.oldest) / whole, theme.FAINT))
    return out if out[-1][0] >= 1 else [*out, (1.0, "")]


def place(r: Readout, step: int) -> str:
    """The tooltip of a step."""
    gap = next(((a[1] + 1, b[0] - 1) for a, b in pairwise(r.stretches) if a[1] < step < b[0]), None)
    if gap is not None:
        return f"Steps {count(gap[0])} to {count(gap[1])} are not stored: the nearest stored step is used."
    near = max((r.newest - r.oldest) // 150, 1)
    changed = next((change for change in r.changes if abs(change - step) <= near), None)
    text = "" if changed is None else f" At step {count(changed)} settings or weights were changed."
    drag = "Drag to any kept step; Play follows the loop again." if r.watched is not None else _DRAG[r.recording is not None]
    return f"Step {count(step)}.{text} {drag}"


def _buttons(f: Frame, room: float) -> set[str]:
    """What runs time; where there is no room the less important give way to the list behind the dots. Returns what is there."""
    r = f.readout
    hints, why = _WATCHED if r.watched is not None else _PLAYED if r.recording is not None else _HINTS, r.reasons
    one = partial(roundbar.button, f)

    def able(name: str, reason: str) -> tuple[str, bool]:
        """The tooltip of a button, and whether it does something."""
        return reason or hints[name], not reason

    play, step, epoch = (able(name, why.play) for name in ("play", "step", "epoch"))
    back, walk, reset, seed = (
        able(name, reason) for name, reason in (("back", why.back), ("walk", why.walk), ("reset", why.reset), ("new_seed", why.seed))
    )
    go = (fa.ICON_FA_PAUSE, "Pause (Space)", ("pause",)) if r.running else (fa.ICON_FA_PLAY, play[0], ("play",))
    buttons = [
        one(4, fa.ICON_FA_BACKWARD_STEP, "back", back[0], ("move", ("step", -1)), enabled=r.step > 0 and back[1]),
        one(0, go[0], "play", go[1], go[2], accent=True, enabled=play[1]),
        one(1, fa.ICON_FA_FORWARD_STEP, "step", step[0], ("step",), enabled=step[1]),
        one(4, fa.ICON_FA_FORWARD_FAST, "epoch", epoch[0], ("move", ("epoch", 1)), enabled=epoch[1]),
        one(1, fa.ICON_FA_MAGNIFYING_GLASS, "walk", walk[0], ("walk",), enabled=walk[1]),
        one(2, fa.ICON_FA_ROTATE_LEFT, "reset", reset[0], ("reset",), enabled=reset[1]),
        one(2, fa.ICON_FA_DICE, "new_seed", seed[0], ("new_seed",), enabled=seed[1]),
        *(() if r.watched is not None else (roundbar.pace(f),)),  # the loop has a pace of its own
        Item(5, f.px(roundbar.SIDE), lambda: _moments(f)),
        roundbar.more(f, 1),
    ]
    return roundbar.draw(f, buttons, room)


def _moments(f: Frame) -> None:
    if icon_button(
        f, fa.ICON_FA_BOOKMARK, "moments", "Keep two moments of the training, compare them, return to them (F2, F3, F4)", size=roundbar.SIDE
    ):
        f.reveal("Moments")
