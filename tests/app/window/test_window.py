"""The real command in a real window under Xvfb, driven by xdotool as a person would: what only a display shows.

The window's title tells whether training runs, so clicks and keys can be seen from outside the process.
"""

from __future__ import annotations

import ctypes
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

MISSING = [tool for tool in ("Xvfb", "xdotool") if shutil.which(tool) is None]
pytestmark = [
    pytest.mark.window,
    pytest.mark.skipif(bool(MISSING), reason=f"{' and '.join(MISSING)} not installed: apt-get install xvfb xdotool"),
]
PLAYING, PAUSED = "nnviz3d: XOR", "nnviz3d: XOR (paused)"
PATIENCE = 20.0  # seconds: a busy machine compiles shaders slowly


def _until(what, message: str):
    """The first true value of `what()`."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := what():
            return found
        time.sleep(0.05)
    pytest.fail(message)


@pytest.fixture(scope="module")
def display():
    """The name of an X display of 1100 x 700, of this test process alone: one that Xvfb chooses may be just ending elsewhere."""
    read, write = os.pipe()
    words = ["Xvfb", f":{100 + os.getpid() % 30_000}", "-displayfd", str(write), "-screen", "0", "1100x700x24", "-nolisten", "tcp"]
    server = subprocess.Popen(words, pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as pipe:
        number = pipe.readline().strip()
    assert number, "Xvfb did not start"
    yield f":{number}"
    server.terminate()
    server.wait(5)


class Window:
    """`nnviz3d run xor` in a folder of its own; verbs of a person, and what can be seen from outside."""

    def __init__(self, display: str, folder):
        self.env = os.environ | {"DISPLAY": display, "XDG_CACHE_HOME": str(folder), "NNVIZ3D_CONFIG": str(folder / "settings.toml")}
        self.env.pop("WAYLAND_DISPLAY", None)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "nnviz3d", "run", "xor", "--size", "900x600"],
            cwd=folder, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.id = _until(lambda: self.process.poll() is not None or self.xdo("search", "--name", "^nnviz3d"), "no window came up")
        assert self.process.poll() is None, self.process.stderr.read()
        self.id = self.id.split()[0]

    def xdo(self, *words) -> str:
        return subprocess.run(["xdotool", *map(str, words)], env=self.env, capture_output=True, text=True, timeout=PATIENCE).stdout.strip()

    @property
    def title(self) -> str:
        return self.xdo("getwindowname", self.id)

    @property
    def size(self) -> tuple[int, int]:
        shape = dict(line.split("=") for line in self.xdo("getwindowgeometry", "--shell", self.id).split())
        return int(shape["WIDTH"]), int(shape["HEIGHT"])

    def wait_for(self, title: str) -> None:
        _until(lambda: self.title == title, f"the title stays {self.title!r}, wanted {title!r}")

    def click(self, x: int, y: int) -> None:
        self.xdo("mousemove", "--window", self.id, x, y)
        time.sleep(0.15)  # the pointer rests for a frame or two before a finger goes down
        self.xdo("mousedown", 1)
        time.sleep(0.1)
        self.xdo("mouseup", 1)

    def key(self, name: str) -> None:
        self.xdo("keydown", name)
        time.sleep(0.1)
        self.xdo("keyup", name)

    def close_by_protocol(self) -> None:
        """What the button of a window manager does: WM_DELETE_WINDOW, no signal and no killed connection."""
        x = ctypes.CDLL("libX11.so.6")
        x.XOpenDisplay.restype = ctypes.c_void_p
        x.XInternAtom.restype = ctypes.c_ulong
        x.XInternAtom.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]
        x.XSendEvent.argtypes = [ctypes.c_void_p, ctypes.c_ulong, ctypes.c_int, ctypes.c_long, ctypes.c_void_p]
        x.XCloseDisplay.argtypes = [ctypes.c_void_p]
        connection = x.XOpenDisplay(self.env["DISPLAY"].encode())
        event = (ctypes.c_long * 24)()  # XClientMessageEvent: type, serial, send_event, display, window, message_type, format, data
        event[0], event[4], event[6] = 33, int(self.id), 32
        event[5], event[7] = (x.XInternAtom(connection, name, 0) for name in (b"WM_PROTOCOLS", b"WM_DELETE_WINDOW"))
        assert x.XSendEvent(connection, int(self.id), 0, 0, event)
        x.XCloseDisplay(connection)  # flushes

    def end(self) -> tuple[int, str]:
        """(exit code, stderr) of a command that was asked to end."""
        try:
            _, errors = self.process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            pytest.fail("the command did not end")
        return self.process.returncode, errors


@pytest.fixture
def window(display, tmp_path):
    opened = Window(display, tmp_path)
    yield opened
    if opened.process.poll() is None:
        opened.process.kill()
    opened.process.wait(5)


def _accent(picture) -> tuple[int, int]:
    """The middle of what is filled with the accent colour in the lower fifth: the Play button."""
    pixels = np.asarray(Image.open(picture).convert("RGB"), int)
    low = pixels.shape[0] * 4 // 5
    rows, columns = np.nonzero(np.abs(pixels[low:, : pixels.shape[1] // 2] - (255, 196, 107)).max(-1) < 12)
    assert len(rows) > 300, "no Play button in the picture that F12 saved"
    return int(np.median(columns)), int(np.median(rows)) + low


def test_a_person_s_session_ends_with_0_when_the_window_is_closed(window, tmp_path):
    window.wait_for(PLAYING)
    window.key("space")
    window.wait_for(PAUSED)
    window.key("space")
    window.wait_for(PLAYING)

    window.key("F12")  # a picture lands in the folder where the program was started
    picture = _until(lambda: list(tmp_path.glob("xor-*.png")), "F12 saved no picture")[0]
    play = _accent(picture)
    window.key("ctrl+s")
    _until(lambda: (tmp_path / "xor.toml").exists(), "Ctrl+S saved no scene")

    window.key("F11")
    _until(lambda: window.size == (1100, 700), "F11 did not fill the screen")
    window.key("F11")
    _until(lambda: window.size == (900, 600), "F11 did not give the window back")

    window.click(*play)
    window.wait_for(PAUSED)
    window.close_by_protocol()
    code, errors = window.end()
    assert (code, errors) == (0, "")


def test_a_resize_storm_and_ctrl_c(window):
    window.wait_for(PLAYING)
    dice = random.Random(5)
    for _ in range(60):
        window.xdo("windowsize", window.id, dice.randint(320, 1090), dice.randint(240, 690))
    window.xdo("windowunmap", window.id)
    window.xdo("windowmap", window.id)
    window.xdo("windowfocus", window.id)  # there is no window manager that would
    window.xdo("windowsize", window.id, 700, 500)
    _until(lambda: window.size == (700, 500), "the last size was lost")
    window.key("space")  # still listening
    window.wait_for(PAUSED)
    window.process.send_signal(signal.SIGINT)
    code, errors = window.end()
    assert code in (0, 130) and "Traceback" not in errors


def test_settings_that_cannot_be_read_do_not_keep_the_window_from_opening(display, tmp_path):
    (tmp_path / "settings.toml").write_text("palette = [")
    opened = Window(display, tmp_path)
    opened.wait_for(PLAYING)
    opened.close_by_protocol()
    assert opened.end() == (0, "")
    assert (tmp_path / "settings.toml").read_text() == "palette = [", "nothing was changed, so nothing is written"


HOST = """
import ctypes
import glfw
from nnviz3d.gfx.hosts import open_host
host = open_host(400, 300)
host.poll()
assert not host.close_asked and host.dropped == []
glfw.set_window_should_close(host.window, True)
host.poll()
assert host.close_asked and not host.closing and not glfw.window_should_close(host.window)
callback = glfw.set_drop_callback(host.window, None)
callback(host.window, 2, (ctypes.c_char_p * 2)("/a/ü.csv".encode(), b"/b.toml"))  # as GLFW does
assert host.dropped == ["/a/ü.csv", "/b.toml"], host.dropped
assert host.choose("Open", __import__("pathlib").Path("/"), ["*"], False) is None
host.close()
"""


def test_a_window_hears_of_dropped_files_and_asks_before_it_closes(display):
    env = os.environ | {"DISPLAY": display, "PATH": "/nowhere"}  # no dialog program either
    env.pop("WAYLAND_DISPLAY", None)
    done = subprocess.run([sys.executable, "-c", HOST], env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


SCREENS = """
import glfw
from types import SimpleNamespace as N
from nnviz3d.gfx.window import WindowHost
host = WindowHost(320, 240)
rects = {"left": (0, 0, 1920, 1080), "right": (1920, 0, 2560, 1440)}
place, calls = [2300, 300], []
glfw.get_monitors, glfw.get_primary_monitor = lambda: ["left", "right"], lambda: "left"
glfw.get_monitor_pos = lambda name: rects[name][:2]
glfw.get_video_mode = lambda name: N(size=N(width=rects[name][2], height=rects[name][3]), refresh_rate=60)
glfw.get_window_pos, glfw.get_window_size = lambda _: tuple(place), lambda _: (1280, 720)
glfw.set_window_monitor = lambda _window, *rest: calls.append(rest)
host.fullscreen = True
assert calls == [("right", 0, 0, 2560, 1440, 60)] and host.fullscreen, calls
host.fullscreen = False
assert calls[1:] == [(None, 2300, 300, 1280, 720, 0)] and not host.fullscreen, calls
place[:] = [50, 60]
host.fullscreen = True
assert calls[2:] == [("left", 0, 0, 1920, 1080, 60)]
host.fullscreen = False
assert calls[3:] == [(None, 50, 60, 1280, 720, 0)]
glfw.get_monitors = lambda: []
host.fullscreen = True
assert not host.fullscreen and len(calls) == 4
"""


def test_full_screen_goes_to_the_display_of_the_window_and_back_to_its_place(display):
    env = os.environ | {"DISPLAY": display}
    env.pop("WAYLAND_DISPLAY", None)
    done = subprocess.run([sys.executable, "-c", SCREENS], env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
