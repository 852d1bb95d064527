"""Which host: a window where there is a display, EGL where there is none. Imports OpenGL only when asked."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from nnviz3d.spec.errors import RunError

if TYPE_CHECKING:
    from nnviz3d.gfx.keyboard import Keyboard

INSTALL = "Debian, Ubuntu: apt-get install libgl1 libegl1 libgl1-mesa-dri libglx-mesa0 libfontconfig1"


class Host(Protocol):
    """A place to draw and to be heard: size in pixels, imgui begun and ended, a picture presented or read.

    `close_asked`: a person wants to close the window; who heard it sets it back. `closing`: it ends with this frame.
    `dropped`: paths of files that were let go over the window; who takes them empties it.
    """

    headless: bool
    closing: bool
    fullscreen: bool
    title: str
    frames: int
    framebuffer: int
    pixel_ratio: float
    text_size: float  # what a person has chosen; `pixel_ratio` has it in it
    close_asked: bool
    dropped: list[str]
    keyboard: Keyboard | None  # None: imgui's keys are all there is

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
    def choose(self, title: str, start: Path, patterns: Sequence[str], saving: bool): ...  # a `desktop.Chooser`, or None
    def close(self) -> None: ...


def display_available() -> bool:
    """Whether a window can be expected to open here."""
    return sys.platform in ("win32", "darwin") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def open_host(width: int, height: int, headless: bool = False, title: str = "nnviz3d", fullscreen: bool = False) -> Host:
    """A window, or with `headless` an EGL context. Raises RunError that says what to install or set."""
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
        raise RunError(f"the OpenGL libraries cannot be loaded: {error}. {INSTALL}") from error
