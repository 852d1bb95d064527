"""How much of a frame the driver and the rasteriser take: a clock around each call that draws, moves data or waits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from time import thread_time
from unittest import mock

from imgui_bundle import imgui
from OpenGL import GL

from nnviz3d.gfx.calls import gl

_CALLS = (
    (gl, ("glDrawArrays", "glDrawArraysInstanced", "glUseProgram", "glActiveTexture", "glBindTexture", "glBindFramebuffer", "glViewport")),
    (gl, ("glUniformMatrix4fv",)),
    (GL, ("glBufferSubData", "glClear", "glFinish", "glReadPixels", "glBindFramebuffer", "glViewport")),
    (imgui.backends, ("opengl3_render_draw_data", "opengl3_new_frame")),
)

CALIBRATION = 5000  # calls


class DriverClock:
    """Milliseconds of processor time of this thread inside the driver since `reset`: other programs on the machine do not count."""

    ms = 0.0

    def __init__(self):
        self._own = 0.0  # ms a call that the clock itself takes beyond what it measures: not the frame's work, so it counts as none
        nothing = self.around(lambda: None)
        begin = thread_time()
        for _ in range(CALIBRATION):
            nothing()
        self._own = ((thread_time() - begin) * 1e3 - self.ms) / CALIBRATION
        self.reset()

    def reset(self) -> None:
        self.ms = 0.0

    def around(self, function):
        def timed(*args, **kwargs):
            begin = thread_time()
            try:
                return function(*args, **kwargs)
            finally:
                self.ms += (thread_time() - begin) * 1e3 + self._own

        return timed


@contextmanager
def clock() -> Iterator[DriverClock]:
    """While open, calls into the driver are timed; it costs about a microsecond a call."""
    watch = DriverClock()
    with ExitStack() as stack:
        for module, names in _CALLS:
            for name in names:
                if hasattr(module, name):
                    stack.enter_context(mock.patch.object(module, name, watch.around(getattr(module, name))))
        yield watch
