"""Presses of a host that has no keyboard of its own: made of imgui's keys and characters, on a US keyboard."""

from __future__ import annotations

from dataclasses import replace

from imgui_bundle import imgui

from nnviz3d.spec.key_bindings import LETTERS, MOTION, Press, Typed

_K = imgui.Key
_SIGNS = {
    "minus": "-_", "equal": "=+", "left_bracket": "[{", "right_bracket": "]}", "backslash": "\\|", "semicolon": ";:", "apostrophe": "'\"",
    "comma": ",<", "period": ".>", "slash": "/?", "grave_accent": "`~",
} | {f"_{digit}": digit + sign for digit, sign in zip("1234567890", "!@#$%^&*()", strict=True)}  # fmt: skip
_NAMES = {
    "space": "Space", "tab": "Tab", "enter": "Enter", "keypad_enter": "Enter", "escape": "Esc", "backspace": "Backspace",
    "delete": "Delete", "insert": "Insert", "home": "Home", "end": "End", "page_up": "PgUp", "page_down": "PgDn", "left_arrow": "Left",
    "right_arrow": "Right", "up_arrow": "Up", "down_arrow": "Down",
} | {f"f{k}": f"F{k}" for k in range(1, 13)}  # fmt: skip
_TYPING = {getattr(_K, name): signs for name, signs in _SIGNS.items()} | {getattr(_K, c.lower()): c.lower() + c for c in LETTERS}
_NAMED = {getattr(_K, name): text for name, text in _NAMES.items()}
_MOTION = {getattr(_K, letter.lower()): letter for letter in MOTION}


def read() -> Typed:
    """What imgui's frame holds. A character that came with a key is what that key typed."""
    io = imgui.get_io()
    ctrl, shift, alt = io.key_ctrl or io.key_super, io.key_shift, io.key_alt
    characters = [chr(code) for code in io.input_queue_characters]
    presses: list[Press] = []
    for key, text in _NAMED.items():
        presses += _pressed(key, Press(text, "", "", ctrl, shift, alt))
    for key, signs in _TYPING.items():
        here = Press(signs[0].upper(), "", signs[0], ctrl, shift, alt)
        for press in _pressed(key, here):
            own = "" if ctrl or alt else signs[shift]
            presses.append(Press(press.key, characters.pop(0) if characters else own, press.letter, ctrl, shift, alt, press.repeat))
    presses += [Press("", character) for character in characters]
    held = frozenset(letter for key, letter in _MOTION.items() if imgui.is_key_down(key))
    return Typed(tuple(presses), held)


def _pressed(key: imgui.Key, press: Press) -> list[Press]:
    if imgui.is_key_pressed(key, False):
        return [press]
    return [replace(press, repeat=True)] if imgui.is_key_pressed(key, True) else []
