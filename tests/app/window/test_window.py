"""The real command in a real window under Xvfb, driven by xdotool as a person would: what only a display shows.

The window's title tells whether training runs, so clicks and keys can be seen from outside the process.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys

import numpy as np
from PIL import Image

from tests.helpers.real_window import PAUSED, PLAYING, Window, pytestmark, until  # noqa: F401  pytestmark marks this module


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
    picture = until(lambda: list(tmp_path.glob("xor-*.png")), "F12 saved no picture")[0]
    play = _accent(picture)
    window.key("ctrl+s")
    until(lambda: (tmp_path / "xor.toml").exists(), "Ctrl+S saved no scene")

    window.key("F11")
    until(lambda: window.size == (1100, 700), "F11 did not fill the screen")
    window.key("F11")
    until(lambda: window.size == (900, 600), "F11 did not give the window back")

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
    until(lambda: window.size == (700, 500), "the last size was lost")
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
