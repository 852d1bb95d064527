"""What every OpenGL context of ours has, window or headless: version check, one vertex array, vispy.gloo made fit for a core profile."""

from __future__ import annotations

import logging
from typing import Any

from OpenGL import GL
from vispy import gloo
from vispy.gloo import glir

from nnviz3d.gfx import variables
from nnviz3d.spec.errors import RunError

MAJOR, MINOR = 4, 1  # the highest that macOS has; every GPU since about 2010


def _text(name) -> str:
    value: Any = GL.glGetString(name)
    return value.decode()


def _core_profile_initialize(parser) -> None:
    """vispy enables GL_POINT_SPRITE, which a core profile lacks (vispy#1990); fill the two capabilities it would have read."""
    GL.glEnable(GL.GL_PROGRAM_POINT_SIZE)
    parser.capabilities["gl_version"] = _text(GL.GL_VERSION)
    parser.capabilities["max_texture_size"] = int(GL.glGetIntegerv(GL.GL_MAX_TEXTURE_SIZE))


class Context:
    """The current OpenGL context, adopted: gloo draws into it. Made by a host after the context is current."""

    def __init__(self):
        self.version = _text(GL.GL_VERSION)
        self.renderer = _text(GL.GL_RENDERER)
        found = (int(GL.glGetIntegerv(GL.GL_MAJOR_VERSION)), int(GL.glGetIntegerv(GL.GL_MINOR_VERSION)))
        if found < (MAJOR, MINOR):
            text = f"OpenGL {MAJOR}.{MINOR} is needed, but {self.renderer} offers {self.version}"
            raise RunError(variables.first(text, "update the graphics driver"))
        logging.getLogger("vispy").setLevel(logging.ERROR)  # gloo warns of samplerBuffer, which it does not know; we bind those
        setattr(glir.GlirParser, "_gl_initialize", _core_profile_initialize)  # noqa: B010  no type knows it
        gloo.gl.use_gl("gl+")
        self.canvas: Any = gloo.context.FakeCanvas()
        self.bound: dict[int, object] = {}  # texture unit -> the column that is bound there; nobody else uses units so high
        self.vertex_array = GL.glGenVertexArrays(1)
        GL.glBindVertexArray(self.vertex_array)

    @property
    def software(self) -> bool:
        """Whether a CPU rasterises: fewer pixels and edges are affordable then."""
        return any(word in self.renderer.lower() for word in ("llvmpipe", "softpipe", "swrast", "software"))

    def make_current(self) -> None:
        """Point gloo at this context (there may be several in one process, in tests and films)."""
        gloo.context.set_current_canvas(self.canvas)
        GL.glBindVertexArray(self.vertex_array)

    @property
    def parser(self) -> Any:
        return self.canvas.context.shared.parser
