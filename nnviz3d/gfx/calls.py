"""OpenGL by vispy: the same calls without PyOpenGL's check after each, 1 us instead of 4. Its names are made when a context is, so no type
checker knows them; here is the one place that says so."""

from __future__ import annotations

from typing import Any

from vispy.gloo import gl as _gl

gl: Any = _gl
