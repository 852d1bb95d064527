"""The window's keyboard: each press with its place, what it typed and what stands on it, paired as GLFW tells them; and what is held."""

from __future__ import annotations

from dataclasses import replace

import glfw

from nnviz3d.spec.key_bindings import LETTERS, Press, Typed, motion

_NAMED = {
    "Space": "SPACE", "Tab": "TAB", "Enter": "ENTER", "Esc": "ESCAPE", "Backspace": "BACKSPACE", "Delete": "DELETE", "Insert": "INSERT",
    "Home": "HOME", "End": "END", "PgUp": "PAGE_UP", "PgDn": "PAGE_DOWN", "Left": "LEFT", "Right": "RIGHT", "Up": "UP", "Down": "DOWN",
    "-": "MINUS", "=": "EQUAL", "[": "LEFT_BRACKET", "]": "RIGHT_BRACKET", "\\": "BACKSLASH", ";": "SEMICOLON", "'": "APOSTROPHE",
    ",": "COMMA", ".": "PERIOD", "/": "SLASH", "`": "GRAVE_ACCENT",
} | {name: name for name in (*LETTERS, *"0123456789", *(f"F{k}" for k in range(1, 13)))}  # fmt: skip
PLACES = {getattr(glfw, f"KEY_{name}"): place for place, name in _NAMED.items()} | {glfw.KEY_KP_ENTER: "Enter"}
_MOST = 1000  # presses between two frames: a window that is minimised takes none


class Keyboard:
    """Listens to a window. `take()` once a frame. To be made before imgui's own callbacks, which call these first."""

    def __init__(self, window):
        self._window = window
        self._presses: list[Press] = []
        self._down: set[str] = set()  # places that are held; GLFW lets go of all when the window loses the keyboard
        self._meaning: dict[str, str] = {}
        self._shown: dict[str, str] = {}
        self._codes = {place: glfw.get_key_scancode(code) for code, place in PLACES.items() if len(place) == 1 and not place.isdigit()}
        glfw.set_key_callback(window, self._key)
        glfw.set_char_callback(window, self._char)

    def _key(self, _window, code: int, scancode: int, action: int, mods: int) -> None:
        place = PLACES.get(code, "")
        if action == glfw.RELEASE:
            self._down.discard(place)
            return
        self._down.add(place)
        if len(self._presses) >= _MOST:
            return
        ctrl = bool(mods & (glfw.MOD_CONTROL | glfw.MOD_SUPER))
        shift, alt = bool(mods & glfw.MOD_SHIFT), bool(mods & glfw.MOD_ALT)
        letter = glfw.get_key_name(code, scancode) or ""
        self._presses.append(Press(place, "", letter, ctrl, shift, alt, action == glfw.REPEAT))

    def _char(self, _window, codepoint: int) -> None:
        """GLFW tells what a press typed right after the press; a dead key or an input method types later, without a place."""
        if self._presses and not self._presses[-1].character:
            self._presses[-1] = replace(self._presses[-1], character=chr(codepoint))
        elif len(self._presses) < _MOST:
            self._presses.append(Press("", chr(codepoint)))

    def take(self) -> Typed:
        """What happened since the last call, and what is held now."""
        presses, self._presses = tuple(self._presses), []
        if presses or not self._shown:  # the layout may be another one by now
            letters = {place: glfw.get_key_name(glfw.KEY_UNKNOWN, code) or "" for place, code in self._codes.items()}
            letters = {place: letter for place, letter in letters.items() if letter and ord(letter[0]) < 0x250}
            self._meaning = motion(letters)
            self._shown = {meant: letters.get(place, place).upper() for place, meant in self._meaning.items()}
        held = frozenset(self._meaning[place] for place in self._down if place in self._meaning)
        return Typed(presses, held, self._shown)
