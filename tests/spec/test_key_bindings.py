"""The table of keys: what a press means on keyboards of five countries, and that texts name keys that the table has."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from nnviz3d.spec import key_bindings
from nnviz3d.spec.key_bindings import KEYS, ROWS, TOUR, Press, resolve

ROOT = Path(__file__).resolve().parents[2]


def us(key: str, **mods) -> Press:
    return Press(key.upper() if len(key) == 1 else key, key if len(key) == 1 and not mods.get("ctrl") else "", key.lower(), **mods)


def test_every_key_of_the_table_is_reached_and_means_one_thing():
    for row in ROWS:
        for name, texts in row.keys.items():
            for text in texts.split():
                if name == "motion":
                    continue
                *mods, key = text.split("+") if len(text) > 1 else [text]
                key = key.lstrip("@") or key
                press = us(key, **{mod.lower(): True for mod in mods})
                assert resolve(press) == name, text


@pytest.mark.parametrize(
    ("place", "typed", "letter", "shift", "name"),
    [
        # French: digits stand on Shift, signs on the digits' keys
        ("1", "&", "&", False, "camera_1"), ("4", "'", "'", False, "camera_4"), ("6", "-", "-", False, "camera_6"),
        ("6", "6", "-", True, "camera_6"), ("M", "?", ",", True, "help"), (",", ".", ";", True, "step_on"),
        ("M", ",", ",", False, "step_back"),
        ("5", "[", "(", False, "previous_sample"), ("4", "{", "'", False, "previous_wrong"), ("=", "+", "=", True, "faster"),
        # German: plus on the bracket's key, brackets and braces with AltGr
        ("]", "+", "+", False, "faster"), ("8", "[", "8", False, "previous_sample"), ("0", "}", "0", False, "next_wrong"),
        ("/", "-", "-", False, "slower"), ("-", "?", "ß", True, "help"), ("[", "ü", "ü", False, ""), (";", "ö", "ö", False, ""),
        # Czech: plus on the first key, brackets with AltGr on letters
        ("1", "+", "+", False, "camera_1"), ("2", "ě", "ě", False, "camera_2"), ("1", "1", "+", True, "camera_1"),
        ("F", "[", "f", False, "previous_sample"), ("G", "]", "g", False, "next_sample"), (",", "?", ",", True, "help"),
        ("[", "ú", "ú", False, ""),
        # Spanish
        ("-", "?", "'", True, "help"), ("]", "+", "+", False, "faster"),
        ("'", "{", "'", False, "previous_wrong"), (";", "ñ", "ñ", False, ""),
        # Russian and Greek letters count by place, their signs by themselves
        ("R", "к", "к", False, "reset"), ("F", "А", "а", True, "fit"), ("N", "ν", "ν", False, "new_seed"),
        ("/", ".", ".", False, "step_on"),
        # capital letters, the number pad, the key beside the left Shift
        ("R", "R", "r", True, "reset"), ("", "+", "+", False, "faster"), ("", "<", "<", False, "slower"), ("", ">", "<", True, "faster"),
    ],
)  # fmt: skip
def test_signs_go_by_what_was_typed_and_digits_by_their_place(place, typed, letter, shift, name):
    assert resolve(Press(place, typed, letter, shift=shift)) == name


def test_control_goes_by_what_stands_on_the_key():
    assert resolve(Press("Y", "", "z", ctrl=True)) == "undo"  # German
    assert resolve(Press("Z", "", "y", ctrl=True)) == "redo"
    assert resolve(Press("W", "", "z", ctrl=True)) == "undo"  # French
    assert resolve(Press("Z", "", "w", ctrl=True)) == ""
    assert resolve(Press("Z", "", "я", ctrl=True)) == "undo"  # Russian
    assert resolve(Press("S", "", "s", ctrl=True, shift=True)) == "save_as"
    assert resolve(Press("8", "[", "8", ctrl=True, alt=True)) == "previous_sample"  # AltGr of Windows
    assert resolve(Press("6", "", "-", ctrl=True)) == "" and resolve(Press("R", "", "r", alt=True)) == ""


def test_what_repeats_and_what_does_not():
    assert resolve(Press(".", ".", ".", repeat=True)) == "step_on"
    assert resolve(Press("R", "r", "r", repeat=True)) == ""
    assert resolve(Press("PgDn", repeat=True)) == "move_on" and resolve(Press("PgDn", repeat=True), tour=True) == ""


def test_a_presenter_s_clicker_moves_the_tour_and_not_the_training():
    for key, name in (("PgDn", "tour:next"), ("PgUp", "tour:back"), ("Down", "tour:next"), ("F5", ""), ("Esc", "escape")):
        assert resolve(Press(key), tour=True) == name
    for mods in ({"shift": True}, {"ctrl": True}):
        for key in ("PgDn", "PgUp"):
            assert resolve(Press(key, **mods), tour=True) in ("tour:next", "tour:back", "")
    assert resolve(us("."), tour=True) == resolve(us("b"), tour=True) == "tour:black"
    assert resolve(Press("End"), tour=True) == ""
    assert [resolve(Press(key)) for key in ("PgDn", "PgUp", "F5", "Esc")] == ["move_on", "move_back", "tour", "escape"]
    assert resolve(us("b")) == "black" and resolve(us(".")) == "step_on"


def test_flying_goes_by_place_unless_that_types_something_else():
    french = {"W": "z", "A": "q", "S": "s", "D": "d", "Q": "a", "E": "e", "Z": "w"}
    assert key_bindings.motion(french) == {place: place for place in "WASDQE"}
    dvorak = {"W": ",", "A": "a", "S": "o", "D": "e", "Q": "'", "E": ".", "B": "x", "X": "q", "/": "z", ",": "w", ";": "s", "H": "d"}
    assert key_bindings.motion(dvorak) == {",": "W", "A": "A", ";": "S", "H": "D", "X": "Q", "D": "E"}
    colemak = {"W": "w", "A": "a", "S": "r", "D": "s", "Q": "q", "E": "f", "K": "e", "G": "d"}
    assert key_bindings.motion(colemak) == {"W": "W", "A": "A", "D": "S", "G": "D", "Q": "Q", "K": "E"}


KEY = r"(?:(?:Ctrl|Shift|Alt)\+)*(?:F\d+|PgUp|PgDn|Home|End|Space|Esc|Tab|Enter|[A-Z]|[][{}.,?+-])"
NAMED = re.compile(rf"\( ?({KEY}(?:(?:, | ){KEY})*) ?\)|\b[Kk]eys? ({KEY})(?: and ({KEY}))?|\b(?:Press|press) ({KEY})\b")


def _texts():
    for path in sorted((ROOT / "nnviz3d").rglob("*.py")):
        if "ui" in path.parts or path.name == "session.py":
            tree = ast.parse(path.read_text("utf-8"))
            prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}  # docstrings
            for node in ast.walk(tree):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
                    yield path.name, node.value


def test_texts_name_keys_that_the_table_has():
    known = {key.lstrip("@") for row in ROWS for texts in row.keys.values() for key in texts.split()}
    known |= {key for texts in key_bindings.TOUR.values() for key in texts.split()}
    found = set()
    for name, text in _texts():
        for match in NAMED.finditer(text):
            for key in re.findall(KEY, " ".join(group for group in match.groups() if group)):
                assert key in known, f"{name}: {text!r} names {key}"
                found.add(key)
    assert {"Space", "Ctrl+Z", "F11", "PgDn", "[", "H", "T"} <= found


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("Train", "play"), ("Pause", "play"), ("One training step back", "step_back"), ("Train to the end of this epoch", "epoch_on"),
        ("Walk through the next step, phase by phase", "walk"), ("Reset: the same initial weights again", "reset"), ("Undo", "undo"),
        ("Redo", "redo"), ("Full screen", "fullscreen"), ("Hide the panels", "panels"), ("Save the scene", "save"), ("All keys", "help"),
        ("New seed: different initial weights", "new_seed"), ("Save a picture", "screenshot"),
    ],
)  # fmt: skip
def test_a_tooltip_names_the_key_of_its_button(words, name):
    wanted = re.compile(rf"^{re.escape(words)} \( ?{re.escape(KEYS[name])} ?\)")
    assert any(wanted.match(text) for _, text in _texts()), f"{words} ({KEYS[name]})"


def test_the_readme_names_keys_that_the_table_has():
    known = {key.lstrip("@") for keys in (*(row.keys for row in ROWS), TOUR) for texts in keys.values() for key in texts.split()}
    text = (ROOT / "README.md").read_text("utf-8")
    named = [key for key in re.findall(r"`([^`\n]+)`", text) if re.fullmatch(KEY, key)]
    assert len(named) > 10 and set(named) <= known
