"""How much of a frame the driver and the rasteriser take: a clock around each call that draws, moves data or waits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from time import perf_counter
from unittest import mock

from imgui_bundle import imgui
from OpenGL import GL
from vispy.gloo import gl

_CALLS = (
    (gl, ("glDrawArrays", "glDrawArraysInstanced", "glBindFramebuffer", "glUseProgram")),
    (GL, ("glBufferSubData", "glClear", "glFinish", "glGetQueryObjectuiv", "glBindFramebuffer", "glReadPixels")),
    (imgui.backends, ("opengl3_render_draw_data", "opengl3_new_frame")),
)


class Clock:
    """Milliseconds inside the driver since `reset`."""

    ms = 0.0

    def reset(self) -> None:
        self.ms = 0.0

    def around(self, function):
        def timed(*args, **kwargs):
            begin = perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                self.ms += (perf_counter() - begin) * 1e3

        return timed


@contextmanager
def clock() -> Iterator[Clock]:
    """While open, calls into the driver are timed; it costs about a microsecond a call."""
    watch = Clock()
    with ExitStack() as stack:
        for module, names in _CALLS:
            for name in names:
                if hasattr(module, name):
                    stack.enter_context(mock.patch.object(module, name, watch.around(getattr(module, name))))
        yield watch
