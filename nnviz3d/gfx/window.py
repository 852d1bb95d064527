"""The window host: pyGLFW, an OpenGL 4.1 core context, imgui's own glfw backend for input. Same verbs as the headless host."""

from __future__ import annotations

from imgui_bundle import imgui  # before glfw: it ships its own GLFW library and points pyGLFW to it

# isort: split
import ctypes
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import glfw
import numpy as np
from OpenGL import GL

from nnviz3d.gfx import variables
from nnviz3d.gfx.context import MAJOR, MINOR, Context
from nnviz3d.gfx.keyboard import Keyboard
from nnviz3d.gfx.monitors import Rect, standing
from nnviz3d.gfx.overlay import ImguiFrame
from nnviz3d.gfx.targets import read_pixels
from nnviz3d.spec.errors import RunError

if TYPE_CHECKING:
    from nnviz3d.gfx.desktop import Chooser


class WindowHost:
    """A resizable window with vsync. `close_asked` becomes true when a person closes it. Raises RunError without a display."""

    headless = False
    framebuffer = 0
    text_size = 1.0

    def __init__(self, width: int = 1280, height: int = 720, title: str = "nnviz3d", fullscreen: bool = False):
        glfw.set_error_callback(self._remember_error)
        self._error = ""
        if not glfw.init():
            raise RunError(variables.first(f"no window can be opened: {self._error}", "use --headless, or set DISPLAY", window=True))
        hints = {
            glfw.CONTEXT_VERSION_MAJOR: MAJOR,
            glfw.CONTEXT_VERSION_MINOR: MINOR,
            glfw.OPENGL_PROFILE: glfw.OPENGL_CORE_PROFILE,
            glfw.OPENGL_FORWARD_COMPAT: True,
            glfw.SCALE_TO_MONITOR: True,
            glfw.DEPTH_BITS: 0,  # depth and samples live in our own targets
            glfw.STENCIL_BITS: 0,
        }
        if os.environ.get("PYOPENGL_PLATFORM") == "egl":
            hints[glfw.CONTEXT_CREATION_API] = glfw.EGL_CONTEXT_API
        for hint, value in hints.items():
            glfw.window_hint(hint, value)
        self.window = glfw.create_window(width, height, title, None, None)
        if not self.window:
            glfw.terminate()
            raise RunError(f"no window with OpenGL {MAJOR}.{MINOR}: {self._error}. Update the graphics driver, or use --headless")
        glfw.set_window_size_limits(self.window, 320, 240, glfw.DONT_CARE, glfw.DONT_CARE)
        glfw.make_context_current(self.window)
        glfw.swap_interval(1)
        self.vsync = True
        self.context = Context()
        self.imgui = ImguiFrame()
        self.keyboard = Keyboard(self.window)
        imgui.backends.glfw_init_for_opengl(ctypes.cast(self.window, ctypes.c_void_p).value or 0, True)
        self._restore: tuple[int, int, int, int] | None = None
        self.frames = 0
        self.closing = self.close_asked = False
        self.dropped: list[str] = []
        glfw.set_drop_callback(self.window, cast(Any, self._drop))
        if fullscreen:
            self.fullscreen = True

    def _drop(self, _window: Any, paths: Any) -> None:
        self.dropped.extend(paths)

    def _remember_error(self, code: int, message: bytes | str) -> None:
        text = message.decode(errors="replace") if isinstance(message, bytes) else str(message)
        self._error = f"{text} ({code:#x})"

    def make_current(self) -> None:
        glfw.make_context_current(self.window)
        self.context.make_current()
        self.imgui.make_current()

    @property
    def size(self) -> tuple[int, int]:
        """Framebuffer pixels; (0, 0) while minimised."""
        return glfw.get_framebuffer_size(self.window)

    @property
    def display_size(self) -> tuple[int, int]:
        """imgui's units; smaller than `size` where the system scales windows (macOS)."""
        return glfw.get_window_size(self.window)

    @property
    def pixel_ratio(self) -> float:
        """How large text should be: 2.0 on a screen with twice the usual density; times `text_size`, which a person has chosen."""
        return max(glfw.get_window_content_scale(self.window)[0], 1.0) * self.text_size

    @property
    def title(self) -> str:
        return self._title

    @title.setter
    def title(self, text: str) -> None:
        self._title = text
        glfw.set_window_title(self.window, text)

    @property
    def fullscreen(self) -> bool:
        return self._restore is not None

    @fullscreen.setter
    def fullscreen(self, on: bool) -> None:
        if on and self._restore is None:
            place = (*glfw.get_window_pos(self.window), *glfw.get_window_size(self.window))
            monitor = _monitor(place)
            if not monitor:
                return
            self._restore = place
            mode = glfw.get_video_mode(monitor)
            glfw.set_window_monitor(self.window, monitor, 0, 0, mode.size.width, mode.size.height, mode.refresh_rate)
        elif not on and self._restore is not None:
            glfw.set_window_monitor(self.window, cast(Any, None), *self._restore, 0)
            self._restore = None

    def resize(self, width: int, height: int) -> None:
        glfw.set_window_size(self.window, width, height)

    def poll(self) -> None:
        glfw.poll_events()
        if 0 in self.size:  # minimised: sleep instead of spinning
            glfw.wait_events_timeout(0.1)
        if glfw.window_should_close(self.window):
            self.close_asked = True  # there may be something to save
            glfw.set_window_should_close(self.window, False)

    def choose(self, title: str, start: Path, patterns: Sequence[str], saving: bool) -> Chooser | None:
        """The desktop's file dialog; None where there is none, or where it would lie behind a full screen."""
        from nnviz3d.gfx import desktop

        return desktop.Chooser(title, start, patterns, saving) if desktop.available() and not self.fullscreen else None

    def begin_overlay(self, dt: float) -> None:
        imgui.backends.opengl3_new_frame()
        imgui.backends.glfw_new_frame()
        imgui.new_frame()

    def end_overlay(self, before_front: Callable[[], None] | None = None) -> None:
        self.imgui.draw(0, self.size, before_front)

    def present(self) -> None:
        glfw.swap_buffers(self.window)
        self.frames += 1

    def read(self) -> np.ndarray:
        """The picture, (height, width, 3) uint8, first row on top. Call before `present`."""
        GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, 0)
        return read_pixels(*self.size)[..., :3].copy()

    def close(self) -> None:
        self.make_current()
        imgui.backends.glfw_shutdown()
        self.imgui.close()
        glfw.destroy_window(self.window)
        glfw.terminate()


def _monitor(place: Rect):
    """The display that a window at this place stands on. Where the system does not tell places (Wayland) GLFW gives 0, 0: the first one."""
    monitors = [monitor for monitor in glfw.get_monitors() if glfw.get_video_mode(monitor)]
    if not monitors:
        return None
    sizes = [glfw.get_video_mode(monitor).size for monitor in monitors]
    rects = [(*glfw.get_monitor_pos(monitor), size.width, size.height) for monitor, size in zip(monitors, sizes, strict=True)]
    return monitors[standing(place, rects)]
