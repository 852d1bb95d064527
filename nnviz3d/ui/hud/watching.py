"""Training that is not done here: a line under the title says which recording is played, or how the link to a loop stands that runs
elsewhere; a card says what to do while there is no loop."""

from __future__ import annotations

from imgui_bundle import icons_fontawesome_6 as fa
from imgui_bundle import imgui

from nnviz3d.spec.number_text import count, short
from nnviz3d.spec.readout import WatchedReading
from nnviz3d.ui.core import theme
from nnviz3d.ui.core.context import TALL, Frame
from nnviz3d.ui.core.widgets import dim, elide, floating, icon_button, small, tip

METRICS = 6  # in a line; the tooltip has all
_DIM, _ACCENT, _GOOD, _WARN, _BAD = (theme.packed(c) for c in (theme.DIM, theme.ACCENT, theme.GOOD, theme.WARN, theme.BAD))
_SAID = {
    "waiting": ("waiting for a loop", _DIM),
    "lost": ("connection lost, trying again", _WARN),
    "finished": ("finished", _DIM),
    "failed": ("stopped with an error", _BAD),
    "restarted": ("ended; waiting for the next", _DIM),
    "refused": ("refused", _BAD),
}


def line(f: Frame, room: float) -> None:
    """'watching resnet: live · step 1,204 · 3 frames left out', and what the loop measures."""
    r = f.readout.watched
    if r is None:
        return
    said, colour = _SAID.get(r.state, ("waits" if r.paused else "live", _GOOD if not r.paused else _WARN))
    if r.state == "connected" and not r.live:
        said, colour = "held", _WARN
    parts = [f"watching {r.run}: {said}" if r.run else said]
    step = f"step {count(f.readout.step)} of {count(r.newest)}" if f.readout.step < r.newest else f"step {count(r.newest)}"
    parts += [step] if r.run else []
    parts += [f"{count(r.dropped)} frames left out"] if r.dropped else []
    small(f, elide(f"{fa.ICON_FA_TOWER_BROADCAST}  {' · '.join(parts)}", room), colour)
    tip(f, _about(r))
    if r.metrics and f.height >= f.px(TALL):
        texts = [f"{name} {short(value)}" for name, value in r.metrics[:METRICS]]
        small(f, elide("  ·  ".join(texts), room))
        tip(f, "What the loop measures: " + ", ".join(f"{name} {short(value)}" for name, value in r.metrics))


def _about(r: WatchedReading) -> str:
    texts = [f"At {r.address}." if r.address else "", f"{r.text[:300]}." if r.text else ""]
    if r.run:
        own = "The gradients are the loop's own."
        whose = own if r.gradients else "The loop sends no gradients: those of the shown sample are computed."
        texts += [f"{count(r.kept)} steps are kept here to go back to.", whose]
        texts += ["Everything else is computed from the weights by nnviz3d; the loop is not slowed down by it."]
    if r.dropped:
        texts.append("Frames are left out where the loop is faster than this window; no step of training is.")
    return " ".join(filter(None, texts))


def recording(f: Frame, room: float) -> None:
    """What is played, and which of its steps is seen."""
    r = f.readout.recording
    if r is None:
        return
    kept = "" if r.every == 1 else f", every {count(r.every)} steps"
    small(f, elide(f"{fa.ICON_FA_FILM}  recording {r.name}: step {count(f.readout.step)} of {count(r.last)}{kept}", room), _ACCENT)
    rows = "one training sample" if r.rows == 1 else f"the first {count(r.rows)} training samples"
    bits = "16 bits (about 3 exact digits)" if r.half else "32 bits (as in training)"
    tip(f, f"{count(r.kept)} steps from {count(r.first)} to {count(r.last)} are recorded, in {bits}. Between two of them the earlier one is"
           f" shown, and the last change is the difference from the previous recorded step. Gradients are not recorded; they are"
           f" computed here, over {rows}.")  # fmt: skip
    if r.gone:
        small(f, elide("data missing: the recorded sample is shown", room), _WARN)
        tip(f, f"The scene's data cannot be used: {r.gone}. Put the file beside the recording, or give its path: --set data.file=PATH."
               " Until then there is only one sample, and the scores are those measured during recording.")  # fmt: skip


def card(f: Frame) -> None:
    """In the middle of the stage: the line of code that a loop needs, or why its model cannot be drawn."""
    r = f.readout.watched
    if r is None or not (r.code or r.why) or f.readout.banner:
        return
    width = min(f.stage_width - 2 * f.px(theme.MARGIN), f.px(520))
    imgui.set_next_window_size_constraints(imgui.ImVec2(width, 0), imgui.ImVec2(width, f.height * 0.7))
    floating(f, "##watching", f.stage_width / 2, f.height * 0.45, (0.5, 0.5), 0.97)
    imgui.push_text_wrap_pos(width - f.px(20))
    imgui.push_font(f.fonts.bold, theme.LARGE)
    imgui.text_unformatted("This model cannot be drawn" if r.why else "Waiting for a training loop")
    imgui.pop_font()
    if r.why:
        imgui.text_unformatted(r.why[:1000])
        dim("Its loss and what else it measures are in Charts.")
    else:
        _code(f, r)
    imgui.pop_text_wrap_pos()
    imgui.end()


def _code(f: Frame, r: WatchedReading) -> None:
    where = f"Nothing answers at {r.address} yet." if r.address else "None runs on this machine yet."
    dim(f"{where} Add to your own:")
    lines = ("import nnviz3d as nv", r.code, "...", "view.step(loss=loss)      # after optimizer.step()")
    imgui.push_style_color(imgui.Col_.text, _ACCENT)
    imgui.text_unformatted("\n".join(lines))
    imgui.pop_style_color()
    if icon_button(f, fa.ICON_FA_COPY, "copy_code", "Copy these lines", size=26):
        imgui.set_clipboard_text("\n".join(line.split("  #")[0].rstrip() for line in lines if line != "..."))
    imgui.same_line()
    dim("It is found automatically as soon as it runs.")
