"""The headless host: an OpenGL context by EGL without X, a framebuffer of its own, and imgui fed by synthetic input.

Works on Mesa (surfaceless platform) and on NVIDIA servers (device platform). Same verbs as the window.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
from OpenGL import EGL, GL
from OpenGL.EGL import EGLConfig, EGLDisplay, EGLint

from nnviz3d.gfx import variables
from nnviz3d.gfx.context import MAJOR, MINOR, Context
from nnviz3d.gfx.overlay import ImguiFrame
from nnviz3d.gfx.targets import RenderTarget, read_pixels
from nnviz3d.spec.errors import RunError

_SURFACELESS_MESA, _DEVICE_EXT = 0x31DD, 0x313F
_NEEDS = "install libegl1 and libgl1-mesa-dri (Debian, Ubuntu), or the graphics driver's EGL library"


def _proc(name: bytes, *signature):
    address = ctypes.cast(cast(Any, EGL.eglGetProcAddress(name)), ctypes.c_void_p).value
    return ctypes.CFUNCTYPE(*signature)(address) if address else None


def _displays() -> Iterator[Callable[[], object]]:
    """Ways to a display in the order of preference: a real GPU's device, Mesa without a surface, the default display."""
    get = _proc(b"eglGetPlatformDisplayEXT", ctypes.c_void_p, ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p)
    query = _proc(b"eglQueryDevicesEXT", ctypes.c_uint, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
    if get and query and os.path.exists("/dev/nvidiactl"):  # noqa: PTH110
        devices, count = (ctypes.c_void_p * 16)(), ctypes.c_int()
        if query(16, devices, ctypes.byref(count)):
            for device in devices[: count.value]:
                yield partial(get, _DEVICE_EXT, device, None)
    if get:
        yield partial(get, _SURFACELESS_MESA, None, None)
    yield partial(EGL.eglGetDisplay, EGL.EGL_DEFAULT_DISPLAY)


def _open(pointer) -> tuple:
    """A current core context on this display, or raises."""
    display = ctypes.cast(pointer, EGLDisplay)
    major, minor, count = EGLint(), EGLint(), EGLint()
    if not EGL.eglInitialize(display, major, minor):
        raise RunError("EGL display does not start")
    configs = (EGLConfig * 1)()
    want = (EGLint * 5)(EGL.EGL_SURFACE_TYPE, EGL.EGL_PBUFFER_BIT, EGL.EGL_RENDERABLE_TYPE, EGL.EGL_OPENGL_BIT, EGL.EGL_NONE)
    EGL.eglChooseConfig(display, want, configs, 1, count)
    if not count.value:
        raise RunError("EGL has no configuration for OpenGL")
    EGL.eglBindAPI(EGL.EGL_OPENGL_API)
    # version, core profile bit, forward compatible
    attributes = (EGLint * 9)(0x3098, MAJOR, 0x30FB, MINOR, 0x30FD, 1, 0x31B1, 1, EGL.EGL_NONE)
    context = EGL.eglCreateContext(display, configs[0], EGL.EGL_NO_CONTEXT, attributes)
    if not context or not EGL.eglMakeCurrent(display, EGL.EGL_NO_SURFACE, EGL.EGL_NO_SURFACE, context):
        raise RunError(f"EGL gives no OpenGL {MAJOR}.{MINOR} core context")
    return display, context


class EglHost:
    """A context, an rgba8 framebuffer of `size` pixels, and imgui. Raises RunError that says what to install."""

    headless = True
    vsync = False
    text_size = 1.0
    keyboard = None

    def __init__(self, width: int = 1280, height: int = 720):
        reasons = []
        self._display = self._context = None
        if os.environ.get("PYOPENGL_PLATFORM") != "egl":
            value = os.environ.get("PYOPENGL_PLATFORM")
            raise RunError(f"PYOPENGL_PLATFORM is set to {value}; without a window it must be egl, or not be set: unset PYOPENGL_PLATFORM")
        for find in _displays():
            try:
                self._display, self._context = _open(find())
                break
            except Exception as error:  # noqa: BLE001  PyOpenGL raises a type of its own for each EGL error
                reasons.append(f"EGL reports {code}" if (code := getattr(error, "err", None)) else str(error))
        if self._context is None:
            raise RunError(variables.first(f"no OpenGL {MAJOR}.{MINOR} without a display: {'; '.join(dict.fromkeys(reasons))}", _NEEDS))
        self.context = Context()
        self.imgui = ImguiFrame()
        self._make_target(width, height)
        self.frames = 0
        self.closing = False
        self.title = ""
        self.fullscreen = False
        self.close_asked = False
        self.dropped: list[str] = []

    @property
    def pixel_ratio(self) -> float:
        return self.text_size

    def make_current(self) -> None:
        EGL.eglMakeCurrent(self._display, EGL.EGL_NO_SURFACE, EGL.EGL_NO_SURFACE, self._context)
        self.context.make_current()
        self.imgui.make_current()

    @property
    def size(self) -> tuple[int, int]:
        return self._target.size

    display_size = size  # one unit of imgui is one pixel

    def resize(self, width: int, height: int) -> None:
        if (width, height) != self.size:
            self._target.close()
            self._make_target(width, height)

    def _make_target(self, width: int, height: int) -> None:
        self._target = RenderTarget(self.context, width, height, "rgba8")
        with self._target:
            self.framebuffer = int(GL.glGetIntegerv(GL.GL_FRAMEBUFFER_BINDING))

    def poll(self) -> None:
        """Nothing arrives by itself; tests feed imgui's io."""

    def begin_overlay(self, dt: float) -> None:
        self.imgui.begin(self.size, dt)

    def end_overlay(self, before_front: Callable[[], None] | None = None) -> None:
        self.imgui.draw(self.framebuffer, self.size, before_front)

    def present(self) -> None:
        GL.glFinish()  # no swap paces a headless loop; without this frames pile up in the driver
        self.frames += 1

    def read(self) -> np.ndarray:
        """The picture, (height, width, 3) uint8, first row on top."""
        with self._target:
            return read_pixels(*self.size)[..., :3].copy()

    def choose(self, title: str, start: Path, patterns: Sequence[str], saving: bool) -> None:
        """There is no desktop: the overlay asks for files itself."""

    def close(self) -> None:
        self.make_current()
        self.imgui.close()
        self._target.close()
        EGL.eglMakeCurrent(self._display, EGL.EGL_NO_SURFACE, EGL.EGL_NO_SURFACE, EGL.EGL_NO_CONTEXT)
        EGL.eglDestroyContext(self._display, self._context)
