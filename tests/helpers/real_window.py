"""The real command in a real window under Xvfb, driven by xdotool. Its title tells whether training runs."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
import time

import pytest

MISSING = [tool for tool in ("Xvfb", "xdotool") if shutil.which(tool) is None]


pytestmark = [
    pytest.mark.window,
    pytest.mark.skipif(bool(MISSING), reason=f"{' and '.join(MISSING)} not installed: apt-get install xvfb xdotool"),
]


PLAYING, PAUSED = "nnviz3d: XOR", "nnviz3d: XOR (paused)"
PATIENCE = 20.0  # seconds: a busy machine compiles shaders slowly


def until(what, message: str):
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
    words = [
        "Xvfb",
        f":{100 + os.getpid() % 30_000}",
        "-displayfd",
        str(write),
        "-screen",
        "0",
        "1100x700x24",
        "-nolisten",
        "tcp",
        "-noreset",
    ]
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
        self.id = until(lambda: self.process.poll() is not None or self.xdo("search", "--name", "^nnviz3d"), "no window came up")
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
        until(lambda: self.title == title, f"the title stays {self.title!r}, wanted {title!r}")

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
