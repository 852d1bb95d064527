"""How long the GPU worked on each pass: timer queries, read when they are ready, some frames late, never waited for."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from OpenGL import GL


class Timers:
    """`with timers("edges"): ...` around a pass; `timers.ms` holds the newest results by name. Passes must not nest.

    `enabled=False` asks nothing: a rasteriser on the CPU draws everything at the end, so its passes have no times of their own, and
    asking makes it wait (4 ms a frame).
    """

    def __init__(self, enabled: bool = True):
        self.enabled = enabled
        self.ms: dict[str, float] = {}
        self._waiting: deque[tuple[str, int]] = deque()
        self._free: list[int] = []

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        if not self.enabled:
            yield
            return
        query = self._free.pop() if self._free else int(np.ravel(GL.glGenQueries(1))[0])
        GL.glBeginQuery(GL.GL_TIME_ELAPSED, query)
        try:
            yield
        finally:
            GL.glEndQuery(GL.GL_TIME_ELAPSED)
            self._waiting.append((name, query))

    def collect(self) -> None:
        """Take over what is ready. Call once a frame."""
        while self._waiting:
            name, query = self._waiting[0]
            if not GL.glGetQueryObjectuiv(query, GL.GL_QUERY_RESULT_AVAILABLE):
                return
            nanoseconds = GL.GLuint64(0)  # PyOpenGL cannot make this output by itself
            GL.glGetQueryObjectui64v(query, GL.GL_QUERY_RESULT, nanoseconds)
            self.ms[name] = nanoseconds.value * 1e-6
            self._free.append(query)
            self._waiting.popleft()

    def close(self) -> None:
        for query in [*self._free, *(query for _, query in self._waiting)]:
            GL.glDeleteQueries(1, [query])
        self._free.clear()
        self._waiting.clear()
