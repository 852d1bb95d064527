"""Which host: a window where there is a display, EGL where there is none. Imports OpenGL only when asked."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from nnviz3d.gfx import variables
from nnviz3d.spec.errors import RunError

if TYPE_CHECKING:
    from nnviz3d.gfx.context import Context
    from nnviz3d.gfx.desktop import Chooser
    from nnviz3d.gfx.keyboard import Keyboard

INSTALL = "Debian, Ubuntu: apt-get install libgl1 libegl1 libgl1-mesa-dri libglx-mesa0 libfontconfig1"


FORKED = (
    "this process was forked from one that used OpenGL, which does not work in forked processes; start it differently: "
    'multiprocessing.get_context("spawn"), or ("forkserver") before the first picture'
)
_turn = threading.RLock()  # OpenGL and imgui are of one thread at a time
_window: list[int] = []  # the thread whose window is open
_used: set[int] = set()  # the process that has used OpenGL; a forked child knows its parent's


class Host(Protocol):
    """A place to draw and to be heard: size in pixels, imgui begun and ended, a picture presented or read.

    `close_asked`: a person wants to close the window; who heard it sets it back. `closing`: it ends with this frame.
    `dropped`: paths of files that were let go over the window; who takes them empties it.
    """

    headless: bool
    closing: bool
    frames: int
    text_size: float  # what a person has chosen; `pixel_ratio` has it in it
    close_asked: bool
    dropped: list[str]

    @property
    def context(self) -> Context: ...
    @property
    def title(self) -> str: ...
    @title.setter
    def title(self, text: str) -> None: ...
    @property
    def fullscreen(self) -> bool: ...
    @fullscreen.setter
    def fullscreen(self, on: bool) -> None: ...
    @property
    def keyboard(self) -> Keyboard | None: ...  # None: imgui's keys are all there is
    @property
    def framebuffer(self) -> int: ...
    @property
    def pixel_ratio(self) -> float: ...
    @property
    def size(self) -> tuple[int, int]: ...
    @property
    def display_size(self) -> tuple[int, int]: ...
    def make_current(self) -> None: ...
    def resize(self, width: int, height: int) -> None: ...
    def poll(self) -> None: ...
    def begin_overlay(self, dt: float) -> None: ...
    def end_overlay(self, before_front: Callable[[], None] | None = None) -> None: ...
    def present(self) -> None: ...
    def read(self) -> np.ndarray: ...
    def choose(self, title: str, start: Path, patterns: Sequence[str], saving: bool) -> Chooser | None: ...
    def close(self) -> None: ...


def display_available() -> bool:
    """Whether a window can be expected to open here."""
    return sys.platform in ("win32", "darwin") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def open_host(width: int, height: int, headless: bool = False, title: str = "nnviz3d", fullscreen: bool = False) -> Host:
    """A window, or with `headless` an EGL context. Raises RunError that says what to install or set, and in a forked process."""
    check_process()
    _used.add(os.getpid())
    try:
        if headless:
            from nnviz3d.gfx.egl import EglHost

            return EglHost(width, height)
        if not display_available():
            raise RunError("there is no display for a window; use --headless, or set DISPLAY")
        from nnviz3d.gfx.window import WindowHost

        return WindowHost(width, height, title, fullscreen)
    except ModuleNotFoundError as error:
        raise RunError(f"a Python package is missing: {error}. Install nnviz3d again: pip install --force-reinstall nnviz3d") from error
    except (ImportError, OSError, AttributeError) as error:  # PyOpenGL raises these three where a library is not there
        raise RunError(variables.first(f"the OpenGL libraries cannot be loaded: {error}", INSTALL, not headless)) from error


def check_process() -> None:
    """Raises RunError in a process that was forked after OpenGL was used: its driver's threads are gone, and it would wait for ever."""
    if _used and os.getpid() not in _used:
        raise RunError(FORKED)


@contextmanager
def alone(window: bool = False) -> Iterator[None]:
    """This thread draws, others wait. `window`: until it is closed, which nobody can wait for: they get a RunError."""
    check_process()
    if _window and _window[0] != threading.get_ident():
        raise RunError("a window is open in another thread of this process; close it first, or draw in another process")
    with _turn:
        if window:
            _window.append(threading.get_ident())
        try:
            yield
        finally:
            if window:
                _window.pop()
