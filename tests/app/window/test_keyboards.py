"""Keyboards of other countries and a presenter's clicker, in a real window: keys pressed by their place under each layout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time

import pytest

MISSING = [tool for tool in ("Xvfb", "xdotool", "setxkbmap") if shutil.which(tool) is None]
pytestmark = [
    pytest.mark.window,
    pytest.mark.skipif(bool(MISSING), reason=f"{', '.join(MISSING)} not installed: apt-get install xvfb xdotool x11-xkb-utils"),
]
PATIENCE = 20.0  # seconds
LISTENER = """
import sys, time
from nnviz3d.gfx.hosts import open_host
from nnviz3d.spec.key_bindings import resolve
host, held = open_host(400, 300), frozenset()
end = time.monotonic() + 60
print("ready", flush=True)
while time.monotonic() < end and not host.closing:
    host.poll()
    typed = host.keyboard.take()
    for press in typed.presses:
        if press.key or press.character:  # not a modifier alone
            print("press", resolve(press) or "-", flush=True)
    if typed.held != held:
        held = typed.held
        print("held", "".join(sorted(held)) or "-", flush=True)
    host.present()
    time.sleep(0.005)
"""
# X keycodes of places: the row of digits, letters, signs
DIGITS, MINUS, BRACKETS = range(10, 16), 20, (34, 35)
W, A, S, D, Q, E, R, Z, Y, M, COMMA, PERIOD, SLASH = 25, 38, 39, 40, 24, 26, 27, 52, 29, 58, 59, 60, 61


@pytest.fixture(scope="module")
def display():
    """An X display that keeps its keymap when the last program has gone."""
    read, write = os.pipe()
    number = f":{40_000 + os.getpid() % 20_000}"
    words = ["Xvfb", number, "-displayfd", str(write), "-screen", "0", "800x600x24", "-nolisten", "tcp", "-noreset"]
    server = subprocess.Popen(words, pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as pipe:
        assert pipe.readline().strip(), "Xvfb did not start"
    yield number
    server.terminate()
    server.wait(5)


class Keyboard:
    """A window that says what each press means, under a layout; and fingers on places."""

    def __init__(self, display: str, layout: str):
        self.env = os.environ | {"DISPLAY": display}
        self.env.pop("WAYLAND_DISPLAY", None)
        subprocess.run(["setxkbmap", *layout.split()], env=self.env, check=True, timeout=PATIENCE)
        self.process = subprocess.Popen([sys.executable, "-c", LISTENER], env=self.env, stdout=subprocess.PIPE, text=True)
        self.lines: list[str] = []
        threading.Thread(target=lambda: self.lines.extend(iter(self.process.stdout.readline, "")), daemon=True).start()
        self._wait(lambda: "ready\n" in self.lines)
        self.xdo("search", "--sync", "--name", "^nnviz3d", "windowfocus", "--sync")

    def xdo(self, *words) -> str:
        return subprocess.run(["xdotool", *map(str, words)], env=self.env, capture_output=True, text=True, timeout=PATIENCE).stdout

    def _wait(self, what) -> None:
        end = time.monotonic() + PATIENCE
        while not what() and time.monotonic() < end:
            time.sleep(0.02)

    def press(self, *keys) -> list[str]:
        """What so many presses mean, one after the other."""
        before = len(self.lines)
        for key in keys:
            self.xdo("key", "--clearmodifiers", key)
        reported = lambda: [line.split()[1] for line in self.lines[before:] if line.startswith("press")]  # noqa: E731
        self._wait(lambda: len(reported()) >= len(keys))
        time.sleep(0.05)  # a second meaning of the last one would come with it
        return reported()

    def hold(self, code: int) -> str:
        before = len(self.lines)
        self.xdo("keydown", code)
        self._wait(lambda: any(line.startswith("held") for line in self.lines[before:]))
        self.xdo("keyup", code)
        self._wait(lambda: self.lines[-1] == "held -\n")
        return next((line.split()[1] for line in self.lines[before:] if line.startswith("held")), "")

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(5)
        subprocess.run(["setxkbmap", "us"], env=self.env, timeout=PATIENCE)


CASES = {
    "us": ([(MINUS, "slower"), ("shift+21", "faster"), (COMMA, "step_back"), (PERIOD, "step_on"), ("shift+61", "help")], Z, BRACKETS),
    "fr": ([("shift+58", "help"), ("shift+59", "step_on"), (M, "step_back"), ("shift+21", "faster"), (94, "slower")], W, ()),
    "de": ([("shift+20", "help"), (35, "faster"), (SLASH, "slower"), (COMMA, "step_back"), (PERIOD, "step_on")], Y, ()),
    "cz": ([("shift+59", "help"), (SLASH, "slower"), (COMMA, "step_back"), (PERIOD, "step_on")], Y, ()),
    "cz -variant qwerty": ([("shift+59", "help"), (SLASH, "slower")], Z, ()),
    "es": ([("shift+20", "help"), (35, "faster"), (SLASH, "slower"), (COMMA, "step_back"), (94, "slower")], Z, ()),
}


@pytest.mark.parametrize("layout", CASES)
def test_every_press_means_one_thing_under_this_layout(display, layout):
    signs, undo, brackets = CASES[layout]
    keyboard = Keyboard(display, layout)
    try:
        cameras = [f"camera_{k}" for k in range(1, 7)]
        assert keyboard.press(*DIGITS) == cameras
        assert keyboard.press("shift+10", "shift+13") == ["camera_1", "camera_4"]
        assert keyboard.press(*(code for code, _ in signs)) == [name for _, name in signs]
        assert keyboard.press("bracketleft", "bracketright", "braceleft", "braceright") == [
            "previous_sample", "next_sample", "previous_wrong", "next_wrong",
        ]  # fmt: skip
        assert not brackets or keyboard.press(*brackets) == ["previous_sample", "next_sample"]
        assert keyboard.press(f"ctrl+{undo}", f"ctrl+shift+{undo}", f"ctrl+{S}", f"ctrl+shift+{S}") == ["undo", "redo", "save", "save_as"]
        assert keyboard.press(R, 57, 41) == ["reset", "new_seed", "fit"]
        assert [keyboard.hold(code) for code in (W, A, S, D, Q, E)] == list("WASDQE"), "flying goes by place"
        assert keyboard.press("Prior", "Next", "F5", "Escape", "b", "period") == [
            "move_back", "move_on", "tour", "escape", "black", "step_on",
        ], "a presentation remote"  # fmt: skip
    finally:
        keyboard.close()


def test_where_the_places_of_flying_type_commands_it_goes_by_letters(display):
    keyboard = Keyboard(display, "us -variant dvorak")
    try:
        assert keyboard.press(W, E) == ["step_back", "step_on"]  # , and .
        assert keyboard.hold(COMMA) == "W"  # Dvorak's W is on the comma's place
        assert keyboard.hold(A) == "A"
    finally:
        keyboard.close()
