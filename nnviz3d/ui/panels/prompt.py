"""Prompt: a text of one's own as tokens with their numbers, the next token's probabilities, and one token after another added.

Temperature, top-k and top-p are the panel's own: they change no network, only which token is drawn; what is drawn is a command.
"""

from __future__ import annotations

import numpy as np
from imgui_bundle import icons_fontawesome_6 as fa
from imgui_bundle import imgui

from nnviz3d.spec.number_text import percent, short
from nnviz3d.spec.readout import PromptReading
from nnviz3d.ui.core import bars, theme
from nnviz3d.ui.core.bars import Bar
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.widgets import icon_button, label, show_tip, small, tip

TITLE, ICON, HINT, OPEN = "Prompt", fa.ICON_FA_KEYBOARD, "Type a prompt, and see which token the network gives next.", False
EVERY = 0.5  # seconds between two tokens while a prompt is completed
BARS = 12  # tokens that have a bar
CHIPS = 256  # tokens that are shown
HOTTEST, LEAST_P = 3.0, 0.01
_TEXT, _DIM, _FAINT, _WARN = (theme.packed(c) for c in (theme.TEXT, theme.DIM, theme.FAINT, theme.WARN))
_FIELD, _ADDED = theme.packed(theme.FIELD), theme.packed(theme.ACCENT, 0.28)
_ACCENT, _OTHER, _OUT = theme.packed(theme.ACCENT), theme.packed(theme.CURVE_TEST, 0.75), theme.packed(theme.FAINT, 0.6)
NEXT = (
    "At each token the network gives a logit for every token of the vocabulary. Divided by the temperature, cut by top-k and top-p, and "
    "put through a softmax, they are the probabilities with which the next token is drawn."
)


class PromptPanel:
    """Remembers the text, how tokens are drawn, and whether the prompt is being completed."""

    def __init__(self):
        self.text, self.temperature, self.top_k, self.top_p, self.seed = "", 1.0, 0, 1.0, 1
        self.place, self.running = -1, False
        self._wait, self._count = 0.0, 0

    def draw(self, f: Frame) -> None:
        f.wants["prompt"] = (self.temperature, self.top_k, self.top_p, self.place, self.seed)
        r = f.readout.prompt
        if r is None:
            small(f, "…")
            return
        if r.reason:
            small(f, r.reason, wrap=True)
            self.running = False
            return
        if len(r.ids) != self._count:
            self._count, self.place = len(r.ids), -1
        self._field(f, r)
        self._chips(f, r)
        self._buttons(f, r)
        self._next(f, r)
        self._settings(f, r)
        self._go_on(f, r)

    # ------------------------------------------------------------ the text

    def _field(self, f: Frame, r: PromptReading) -> None:
        imgui.set_next_item_width(-1)
        hint = f"Type a prompt, such as {r.begin}" if r.begin else "Type a prompt"
        changed, self.text = imgui.input_text_with_hint("##prompt", hint, self.text)
        if imgui.is_item_deactivated() and imgui.is_key_pressed(imgui.Key.enter):
            imgui.set_keyboard_focus_here(-1)  # what is typed next is the next prompt, no shortcut
        if changed:
            self.running = False
            f.do("prompt", self.text)
        if self.text and r.problem:
            small(f, r.problem, _WARN, wrap=True)
        elif not self.text and not r.shown:
            small(f, "The prompt is empty; the sample of the data is shown.", _FAINT, wrap=True)

    def _chips(self, f: Frame, r: PromptReading) -> None:
        """Tokens over their numbers; a click asks what follows there."""
        gap, room = f.px(3), imgui.get_content_region_avail().x
        imgui.push_style_var(imgui.StyleVar_.item_spacing, imgui.ImVec2(gap, gap))
        x, first = 0.0, max(len(r.ids) - CHIPS, 0)
        if first:
            small(f, f"… {first:,} tokens before these", _FAINT)
        for k in range(first, len(r.ids)):
            width = max(f.px(22), imgui.calc_text_size(r.words[k]).x + f.px(10), imgui.calc_text_size(str(r.ids[k])).x + f.px(6))
            width = min(width, room)
            if x and x + gap + width <= room:
                imgui.same_line()
                x += gap + width
            else:
                x = width
            self._chip(f, r, k, width)
        imgui.pop_style_var()

    def _chip(self, f: Frame, r: PromptReading, k: int, width: float) -> None:
        high, at = f.px(36), imgui.get_cursor_screen_pos()
        read = r.first <= k < r.first + r.known
        if imgui.invisible_button(f"##token{k}", imgui.ImVec2(width, high)) and read:
            self.place = -1 if self.place == k - r.first else k - r.first
        hovered, meant = imgui.is_item_hovered(), k - r.first == r.place
        draw_list, end = imgui.get_window_draw_list(), imgui.ImVec2(at.x + width, at.y + high)
        draw_list.add_rect_filled(at, end, _ADDED if r.shown and k >= r.typed else _FIELD, f.px(5))
        if hovered or meant:
            draw_list.add_rect(at, end, _ACCENT if meant else _DIM, f.px(5), f.px(1.2))
        size = imgui.get_font_size()
        wide = imgui.calc_text_size(r.words[k]).x
        ink = _TEXT if read else _FAINT
        draw_list.push_clip_rect(at, end, True)
        draw_list.add_text(imgui.ImVec2(at.x + max((width - wide) / 2, f.px(3)), at.y + f.px(2)), ink, r.words[k])
        small_size = f.font(10)
        number = str(r.ids[k])
        wide = imgui.calc_text_size(number).x * small_size / size
        draw_list.add_text(f.fonts.regular, small_size, imgui.ImVec2(at.x + (width - wide) / 2, at.y + high - f.px(13)), _FAINT, number)
        draw_list.pop_clip_rect()
        if hovered:
            what = "typed" if not r.shown or k < r.typed else "added"
            read_ = "Click: what follows here." if read else "The network does not read it: it reads the last tokens only."
            show_tip(f, f"Token {k + 1} of {len(r.ids):,}, {what if r.shown else 'of the sample'}: {r.words[k]}, number {r.ids[k]} in the "
                        f"vocabulary. {read_}")  # fmt: skip

    # ------------------------------------------------------------ the next token

    def _buttons(self, f: Frame, r: PromptReading) -> None:
        able = r.drawn >= 0
        if not able:
            imgui.begin_disabled()
        if imgui.button(f"{fa.ICON_FA_FORWARD_STEP}  Next token##next_token"):
            self.running = False
            f.do("add_token", r.drawn)
        if not able:
            imgui.end_disabled()
        tip(f, r.over or "Draw one token and add it to the prompt.")
        imgui.same_line()
        if not able and not self.running:
            imgui.begin_disabled()
        text = f"{fa.ICON_FA_STOP}  Stop##complete" if self.running else f"{fa.ICON_FA_PLAY}  Complete##complete"
        if imgui.button(text):
            self.running, self._wait = not self.running and able, EVERY
        if not able and not self.running:
            imgui.end_disabled()
        tip(f, r.over or f"Add one token after another, every {EVERY:g} s, until the sequence is complete.")
        imgui.same_line()
        if imgui.get_content_region_avail().x < f.px(3 * 28 + 16):
            imgui.new_line()
        if icon_button(f, fa.ICON_FA_DICE, "prompt_seed", f"Draw other tokens (seed {self.seed})", size=28):
            self.seed += 1
        imgui.same_line()
        if icon_button(f, fa.ICON_FA_ROTATE_LEFT, "retype", "Remove the added tokens", r.shown and len(r.ids) > r.typed, size=28):
            self.running = False
            f.do("prompt", r.begin)
        imgui.same_line()
        if icon_button(f, fa.ICON_FA_XMARK, "leave_prompt", "Show the sample of the data again", r.shown, size=28):
            self.running, self.text = False, ""
            f.do("prompt", "")
        if r.over:
            small(f, r.over, _FAINT, wrap=True)

    def _next(self, f: Frame, r: PromptReading) -> None:
        if r.probability_v is None or r.place < 0:
            return
        word = r.words[r.first + r.place]
        small(f, f"After {word} (token {r.first + r.place + 1}): the next token", wrap=True)
        tip(f, NEXT)
        if r.place + 1 < r.given:
            small(f, f"This network learns to predict after {r.given} tokens; before that its answer means nothing.", _FAINT, wrap=True)
        bars.draw(f, "next", bar_rows(r, self.temperature, self.top_k, self.top_p))
        if len(r.probability_v) > BARS:
            small(f, f"the {BARS} largest of {len(r.probability_v):,} tokens", _FAINT)

    def _settings(self, f: Frame, r: PromptReading) -> None:
        flags = imgui.SliderFlags_.always_clamp
        rows = (
            (
                "Temperature",
                "Logits are divided by it: below 1 likely tokens become likelier, above 1 all become more alike. 0: the largest.",
            ),
            ("Top-k", "Only so many of the largest are drawn from; 0: all."),
            ("Top-p", "Only the largest that together reach this share are drawn from; 1: all."),
        )
        for name, hint in rows:
            imgui.begin_group()
            label(f, name)
            if name == "Temperature":
                _, self.temperature = imgui.slider_float("##prompt.temperature", self.temperature, 0.0, HOTTEST, "%.2f", flags)
            elif name == "Top-k":
                most = min(len(r.vocabulary), 100)
                _, self.top_k = imgui.slider_int("##prompt.top_k", min(self.top_k, most), 0, most, "%d" if self.top_k else "all", flags)
            else:
                _, self.top_p = imgui.slider_float("##prompt.top_p", self.top_p, LEAST_P, 1.0, "%.2f", flags)
            imgui.end_group()
            tip(f, hint)

    def _go_on(self, f: Frame, r: PromptReading) -> None:
        """One more token where it is time."""
        if not self.running:
            return
        self._wait += f.dt
        if r.drawn < 0:
            self.running = False
        elif self._wait >= EVERY:
            self._wait = 0.0
            f.do("add_token", r.drawn)


def bar_rows(r: PromptReading, temperature: float, top_k: int, top_p: float) -> list[Bar]:
    """A small vocabulary in its order, of a large one the largest logits; the way from logit to probability in the tip."""
    assert r.logit_v is not None and r.scaled_v is not None and r.probability_v is not None
    assert r.in_top_k_v is not None and r.kept_v is not None
    order = largest(r.logit_v) if len(r.logit_v) > BARS else np.arange(len(r.logit_v))
    best, rows = int(r.logit_v.argmax()), []
    for k in order.tolist():
        p = float(r.probability_v[k])
        way = [f"logit {short(float(r.logit_v[k]))}"]
        if temperature > 0:
            way.append(f"/ {temperature:.2f} = {short(float(r.scaled_v[k]))}")
        if not r.in_top_k_v[k]:
            way.append("left out: the temperature 0 takes the largest only" if temperature <= 0 else f"left out by top-k = {top_k}")
        elif not r.kept_v[k]:
            way.append(f"left out by top-p = {top_p:.2f}")
        else:
            way.append("kept")
        way.append(f"probability {percent(p)}")
        colour = _OUT if not r.kept_v[k] else _ACCENT if k == best else _OTHER
        rows.append(Bar(r.vocabulary[k], p, percent(p), colour, f"{r.vocabulary[k]}: {' → '.join(way)}.", k == best))
    return rows


def largest(value_v: np.ndarray) -> np.ndarray:
    """The numbers of the `BARS` largest, falling; of equal ones the first. Of 50,000 a tenth of the time of sorting them all."""
    least = np.partition(value_v, len(value_v) - BARS)[len(value_v) - BARS]
    there = np.flatnonzero(value_v >= least)
    return there[np.argsort(-value_v[there], kind="stable")][:BARS]
