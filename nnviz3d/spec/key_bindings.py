"""The one table of keys: what each press means, and what the list of keys says of it.

A sign or a letter is what was typed, on whatever keyboard (`?`, `[`, `r`); a place is the key itself, named after a US keyboard (`@1`,
`@W`): the row of digits types `&é"'(-` in France. A press means one thing at most: its place where that is a digit's, else what it typed.
The host tells presses (`gfx.keyboard`); where there is none, `ui.core.host_keyboard` makes them of imgui's keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
MOTION = "WASDQE"  # held: forward, left, back, right, down, up
DIGITS = "123456"
_MODIFIERS = ("Ctrl", "Shift", "Alt")


@dataclass(frozen=True)
class Press:
    """One key that went down, or that repeats while it is held.

    `key`: its place, as a US keyboard names it ("A", "6", "[", "PgUp"; "" where it has no name); `character`: what it typed, "" for
    nothing; `letter`: what it types without any modifier.
    """

    key: str
    character: str = ""
    letter: str = ""
    ctrl: bool = False
    shift: bool = False
    alt: bool = False
    repeat: bool = False


@dataclass(frozen=True)
class Typed:
    """What a keyboard did in a frame. `held`: of MOTION; `letters`: what stands on those keys here, where it is known."""

    presses: tuple[Press, ...] = ()
    held: frozenset[str] = frozenset()
    letters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """A line of the list of keys. `keys`: what is done -> its keys, parted by spaces; `text`: what stands in the list instead of the keys.

    `repeats`: also while a key is held down.
    """

    words: str
    keys: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    repeats: bool = False

    @property
    def shown(self) -> str:
        return self.text or _together([key.lstrip("@") for keys in self.keys.values() for key in keys.split()])


ROWS: tuple[Row, ...] = (
    Row("train or pause", {"play": "Space"}),
    Row("guided tour", {"tour": "T F5"}),
    Row("a step (in a walk: a phase) back, forward", {"step_back": ",", "step_on": "."}, repeats=True),
    Row("a step back, forward, also in a walk", {"move_back": "PgUp", "move_on": "PgDn"}, repeats=True),
    Row("an epoch back, forward", {"epoch_back": "Ctrl+PgUp", "epoch_on": "Ctrl+PgDn"}),
    Row("first, last moment", {"first": "Home", "last": "End"}),
    Row("slower, faster", {"slower": "- <", "faster": "+ >"}, "-  +  or  <  >", repeats=True),
    Row("walk through one step", {"walk": "I"}),
    Row("there: a layer back, forward", {"layer_back": "Shift+PgUp", "layer_on": "Shift+PgDn"}, repeats=True),
    Row("there: gradient of sample or batch", {"walk_gradient": "G"}),
    Row("there: weights before or after", {"walk_weights": "V"}),
    Row("there: pause, replay or continue", {"walk_loop": "L"}),
    Row("keep moment A, B", {"keep_A": "F2", "keep_B": "F3"}),
    Row("return to moment A, B", {"enter_A": "Shift+F2", "enter_B": "Shift+F3"}),
    Row("show current, A, B, B − A", {"show_moment": "F4"}),
    Row("reset, same seed", {"reset": "R"}),
    Row("new seed", {"new_seed": "N"}),
    Row("previous, next sample", {"previous_sample": "[", "next_sample": "]"}, repeats=True),
    Row("previous, next wrong answer", {"previous_wrong": "{", "next_wrong": "}"}, repeats=True),
    Row("rotate the network", text="Drag"),
    Row("move the network", text="Shift or right drag"),
    Row("nearer, farther", text="Wheel"),
    Row("select a neuron or an edge", text="Click"),
    Row("adjust a weight or bias", text="Ctrl + drag up, down"),
    Row("fly to a neuron", text="Double click"),
    Row("rotate, fly", {"motion": "@W @A @S @D @Q @E"}, "Arrows, {motion}"),
    Row("camera presets", {f"camera_{k}": f"@{k}" for k in DIGITS}, "1 to 6"),
    Row("fit all", {"fit": "F"}),
    Row("fly out, close a part", {"fly_out": "Backspace"}),
    Row("search layers, panels", {"search": "/", "find": "Ctrl+F"}, "/, Ctrl+F"),
    Row("deselect, close", {"escape": "Esc"}),
    Row("hide the panels", {"panels": "H"}),
    Row("black screen; any key ends it", {"black": "B"}),
    Row("panels by keyboard; Esc: back", {"focus_in": "Tab", "focus_next": "F6", "focus_previous": "Shift+F6"}, "Tab, F6"),
    Row("undo, redo", {"undo": "Ctrl+Z", "redo": "Ctrl+Shift+Z Ctrl+Y"}, "Ctrl+Z, Ctrl+Shift+Z", repeats=True),
    Row("save the scene, save as", {"save": "Ctrl+S", "save_as": "Ctrl+Shift+S"}, "Ctrl+S, Ctrl+Shift+S"),
    Row("open a file", {"open_file": "Ctrl+O"}, "Ctrl+O, or drop a file"),
    Row("full screen, picture", {"fullscreen": "F11", "screenshot": "F12"}, "F11, F12"),
    Row("picture in 4K, without panels", {"screenshot_4K": "Shift+F12"}),
    Row("film the window; without panels", {"capture": "F9", "capture_stage": "Shift+F9"}, "F9, Shift+F9"),
    Row("save the session as a timeline", {"save_timeline": "Ctrl+F9"}),
    Row("this list", {"help": "? F1"}, "? or F1"),
)
TOUR = {"next": "Space Enter Right Down PgDn", "back": "Left Up Backspace PgUp", "restart": "Home", "close": "T", "black": "B ."}
"""In a guided tour, before all others; a presentation remote sends PgDn, PgUp, F5, Esc and "." or B."""
IDLE = frozenset({"tour", "epoch_back", "epoch_on", "layer_back", "layer_on", "last"})
"""Nothing in a tour: they would move the training under its text."""


def _together(keys: list[str]) -> str:
    """ "Ctrl+PgUp  PgDn": a modifier that all have is reported once."""
    before = keys[0].rpartition("+")[0] if len(keys[0]) > 1 else ""
    common = f"{before}+" if before and all(key.startswith(f"{before}+") for key in keys) else ""
    return "  ".join([keys[0], *(key.removeprefix(common) for key in keys[1:])])


def _chord(text: str) -> tuple[frozenset[str], str]:
    """Modifiers and key: "Ctrl+Shift+Z" -> ({Ctrl, Shift}, "Z")."""
    *modifiers, key = text.split("+") if len(text) > 1 else [text]
    return frozenset(modifiers), key


def _by_chord(rows: Mapping[str, str]) -> dict[tuple[frozenset[str], str], str]:
    found: dict[tuple[frozenset[str], str], str] = {}
    for name, keys in rows.items():
        for text in keys.split():
            chord = _chord(text)
            if chord in found:
                raise ValueError(f"{text} means both {found[chord]} and {name}")
            found[chord] = name
    return found


KEYS: dict[str, str] = {name: keys.split()[0].lstrip("@") for row in ROWS for name, keys in row.keys.items()}
"""What is done -> the key that tooltips name."""
_PLAIN = _by_chord({name: keys for row in ROWS for name, keys in row.keys.items() if name != "motion"})
_TOUR = _by_chord(TOUR)
_REPEATS = frozenset(name for row in ROWS if row.repeats for name in row.keys)
_SIGNS = frozenset(key for modifiers, key in (*_PLAIN, *_TOUR) if not modifiers and len(key) == 1)


def resolve(press: Press, tour: bool = False) -> str:
    """What a press means, by its name in the table, or "tour:" and a name of TOUR; "" for nothing.

    Modifiers count for keys with a name and for Ctrl; a character has used up its own (Shift, AltGr).
    """
    if tour and (name := _find(_TOUR, press)):
        return "" if press.repeat else f"tour:{name}"
    name = _find(_PLAIN, press)
    return "" if (press.repeat and name not in _REPEATS) or (tour and name in IDLE) else name


def _find(table: Mapping[tuple[frozenset[str], str], str], press: Press) -> str:
    none = frozenset()
    typed = press.character.upper()
    if typed and typed != " ":
        if press.key in tuple(DIGITS) and not (_third(press) and (none, typed) in table):
            return table.get((none, f"@{press.key}"), "")
        return table.get((none, _latin(typed, press.key)), "")
    modifiers = frozenset(name for name, on in zip(_MODIFIERS, (press.ctrl, press.shift, press.alt), strict=True) if on)
    if len(press.key) > 1:
        return table.get((modifiers, press.key), "") or (table.get((none, press.key), "") if modifiers == {"Shift"} else "")
    if not press.ctrl and not press.alt and press.key in tuple(DIGITS):  # a dead key stands there
        return table.get((none, f"@{press.key}"), "")
    return table.get((modifiers, _latin(press.letter.upper(), press.key)), "") if press.ctrl else ""


def _third(press: Press) -> bool:
    """Typed with AltGr (Option): neither what stands on the key nor its shifted sign."""
    return bool(press.letter) and not press.shift and press.character.upper() != press.letter.upper()


def _latin(character: str, key: str) -> str:
    """The letter at that place of a US keyboard where another script's was typed: Cyrillic and Greek keyboards keep their keys."""
    foreign = not character or (character.isalpha() and ord(character[0]) > 0x24F)
    return key if foreign and key in tuple(LETTERS) else character


def motion(letters: Mapping[str, str]) -> dict[str, str]:
    """Place -> what of MOTION it means. `letters`: place -> what it types, of all letters' places that are known.

    By place, as games do. Where one of the six types a sign or a letter that means something else (Dvorak's comma, Colemak's R), all six
    go by their letters instead, so that a press never means two things.
    """
    typed = {place: letter.upper() for place, letter in letters.items()}
    if any(typed.get(place, place) in _SIGNS for place in MOTION):
        return {place: letter for place, letter in typed.items() if letter in tuple(MOTION)}
    return {place: place for place in MOTION}
