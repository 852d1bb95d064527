"""Every command has a handler, a key or a control, a rule for session logs; every other table covers the registry."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from functools import cache, partial
from pathlib import Path
from typing import get_args

import pytest

from nnviz3d.app.render.film import log_player
from nnviz3d.app.session import actions
from nnviz3d.app.window.actions import ACTIONS
from nnviz3d.spec import key_bindings, session_log
from nnviz3d.spec.commands import CAMERAS, COMMANDS, CommandName
from nnviz3d.spec.scene import Data, Layer, Network, Scene, View
from nnviz3d.spec.session_log import Event, Timeline
from nnviz3d.ui.hud import hotkeys

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs" / "commands.md"
SCENE = Scene(data=Data(kind="xor"), network=Network(layers=(Layer(units=4),)))
LOGS_ONLY = {"release"}  # no control gives it any more; timelines may hold it
KEYS = {name for row in key_bindings.ROWS for name in row.keys}


def texts(tree: ast.AST) -> set[str]:
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def given(tree: ast.AST) -> set[str]:
    """Commands that are given somewhere in it: `f.do("name")`, `Command("name")`; where the name is a variable, any that the code names."""
    names: set[str] = set()
    for node in ast.walk(tree):
        called = node.func if isinstance(node, ast.Call) else None
        gives = (isinstance(called, ast.Attribute) and called.attr == "do") or (isinstance(called, ast.Name) and called.id == "Command")
        if gives:
            names |= texts(node.args[0]) or texts(tree)
    return names & COMMANDS.keys()


@cache
def controls() -> set[str]:
    """Commands that panels, the stage or the host give."""
    found: set[str] = set()
    for folder in ("ui", "app/view", "app/window"):
        for path in (ROOT / "nnviz3d" / folder).rglob("*.py"):
            if path.name != "hotkeys.py" and "actions" not in path.parts:
                found |= given(ast.parse(path.read_text("utf-8")))
    return found


def test_names_are_the_registry():
    assert get_args(CommandName) == tuple(COMMANDS) and all(name == kind.name for name, kind in COMMANDS.items())
    assert get_args(View.model_fields["camera"].annotation) == CAMERAS


def test_every_command_has_a_handler_and_no_handler_is_left_over():
    assert set(ACTIONS) == set(COMMANDS)


def test_what_a_session_log_keeps_as_it_is_needs_no_window():
    """That it is played is tested below."""
    kept = {name for name, kind in COMMANDS.items() if kind.log == "as it is"}
    assert kept == set(session_log.KEPT) <= set(actions.ACTIONS)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_words_a_rule_for_logs_and_a_way_to_give_it(name):
    kind = COMMANDS[name]
    assert kind.words.endswith(".") and len(kind.words) > 5
    assert (kind.check is not None) == (kind.log == "as it is")
    assert (name in LOGS_ONLY) != bool(kind.keys or kind.may_follow or name in controls()), "neither a key nor a control gives it"
    assert KEYS.issuperset(kind.keys) and KEYS.issuperset(kind.may_follow)
    if kind.check is not None:
        assert bool(kind.value) == bool(kind.check(None)), "a value is described where one is needed"
        assert all(kind.check(value) == "" for value in kind.keys.values())
        assert kind.check(object()) != "", "anything is taken"
    if kind.log == "as the sample shown":
        assert session_log.KEPT["show_sample"](5) == ""
    assert not (kind.moves_walk and not kind.looks) and not (kind.leaves_tour and kind.looks)


def test_every_key_has_its_action():
    assert set(hotkeys.ACTIONS) | hotkeys.ELSEWHERE == KEYS
    assert hotkeys.ANYWHERE <= KEYS and key_bindings.IDLE <= KEYS
    keys = [key for kind in COMMANDS.values() for key in kind.keys]
    assert len(keys) == len(set(keys)), "a key gives two commands"


def test_keys_that_depend_on_what_is_shown_name_what_they_may_mean():
    """The code behind such a key gives just the commands whose rows name it."""
    direct = {key for kind in COMMANDS.values() for key in kind.keys}
    for key in hotkeys.ACTIONS.keys() - direct:
        act = hotkeys.ACTIONS[key]
        given_here = given(ast.parse(textwrap.dedent(inspect.getsource(act.func if isinstance(act, partial) else act))))
        named = {name for name, kind in COMMANDS.items() if key in kind.may_follow}
        assert named <= given_here, key
        by = act.keywords if isinstance(act, partial) else {}
        if not by:  # with one, some of them belong to the other direction
            assert given_here == named | ({"tour"} if key == "escape" else set()), key
    for name, kind in COMMANDS.items():
        assert not set(kind.may_follow) & direct, name


def page() -> str:
    """The rows of docs/commands.md."""
    lines = []
    for kind in COMMANDS.values():
        keys = ", ".join(f"`{key_bindings.KEYS[key]}`" for key in (*kind.keys, *kind.may_follow))
        lines.append(f"| `{kind.name}` | {kind.words} | {kind.value} | {keys} | {kind.log} |")
    return "\n".join(lines)


def test_the_page_of_commands_is_the_registry():
    text = DOCS.read_text("utf-8")
    rows = "\n".join(re.findall(r"^\| `.*$", text, re.M))
    assert rows == page()


VALUES = {
    "show_sample": 3, "rewind": 1, "move": ("step", -1), "walk_to": 1.5, "walk_by": 1, "walk_play": True, "walk_speed": 2.0,
    "walk_loop": "again", "walk_gradient": True, "keep_moment": "A", "enter_moment": "A", "show_moment": "A", "set_parameter": (2, 0.25),
    "freeze": ((3,), True), "kill": ((3,), True), "check": 2, "prune": (-1, 0.5), "draw": [[0.1, False, [0.2, 0.3, 0.4, 0.3]]],
    "show_picture": "00ff", "prompt": "A", "add_token": 1,
}  # fmt: skip
NOT_HERE = ("draw", "show_picture", "prompt", "add_token")  # neither a picture nor tokens


@pytest.mark.parametrize("inside", [False, True], ids=["", "in a walk"])
@pytest.mark.parametrize("name", session_log.KEPT)
def test_a_session_log_plays_every_command_that_it_may_hold(tmp_path, name, inside):
    """Written, read and played, with the value as JSON has it; no command needs a window."""
    value = VALUES.get(name)
    assert (value is None) == (session_log.KEPT[name](None) == "")
    before = [Event(0.0, "do", None, 2, "walk")] if inside else []
    events = (*before, Event(0.1, "do", "A", 2, "keep_moment"), Event(0.2, "do", value, 2, name), Event(0.3, "step", None, 2))
    log = tmp_path / "a.timeline"
    session_log.save(log, Timeline(SCENE, tmp_path, events, remember=1 << 20))
    session, play = log_player.open(log, "cpu")
    play.seek(play.seconds)
    assert session.banner == "" or (name in NOT_HERE and session.banner in (session.own.reason, session.prompt.reason))
