"""Programs: gloo compiles and links, data comes from texture buffers, vertices from gl_VertexID.

No vertex attributes at all: an instance is its number, and everything it needs is fetched by that number (house, idea 2).
gloo knows neither `samplerBuffer` nor instances without a divisor buffer; both are added here, in one place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from OpenGL import GL
from vispy import gloo
from vispy.gloo import gl

from nnviz3d.gfx import source
from nnviz3d.gfx.columns import TextureBuffer
from nnviz3d.gfx.context import Context
from nnviz3d.spec.errors import RunError

_MODES = {"points": GL.GL_POINTS, "triangles": GL.GL_TRIANGLES, "triangle_strip": GL.GL_TRIANGLE_STRIP}
BUFFER_UNIT = 8  # gloo counts its own textures from unit 0
_UNITS: dict[str, int] = {}  # a column has the same unit in every program, so that it stays bound from draw to draw


class Program:
    """`shaders/<name>.vert` + `.frag`. `draws` counts draw calls since it was last set to 0."""

    draws = 0

    def __init__(self, context: Context, vertex: str, fragment: str, switches: tuple[str, ...] = ()):
        self.context = context
        self.name = f"{vertex} + {fragment}"
        self._program = gloo.Program(source.load(vertex, switches), source.load(fragment, switches))
        self._last: dict[str, Any] = {}
        self._units: dict[str, int] = {}
        self._places: dict[str, int] = {}  # of matrices
        self._handle = 0
        self._drawn, self._changed = False, True
        self._link()

    def _link(self) -> None:
        context = self.context.canvas.context
        context.glir.associate(self._program.glir)
        try:
            context.flush_commands()
        except RuntimeError as error:
            raise RunError(f"shaders {self.name} do not compile on {self.context.renderer}:\n{error}") from None
        linked = self.context.parser.get_object(self._program.id)
        linked.activate()  # through gloo, which remembers the program in use
        self._linked, self._handle = linked, linked.handle
        for k in range(GL.glGetProgramiv(self._handle, GL.GL_ACTIVE_UNIFORMS)):
            name, _, kind = GL.glGetActiveUniform(self._handle, k)
            if kind in (GL.GL_SAMPLER_BUFFER, GL.GL_INT_SAMPLER_BUFFER, GL.GL_UNSIGNED_INT_SAMPLER_BUFFER):
                name = name.decode() if isinstance(name, bytes) else str(name)
                unit = _UNITS.setdefault(name, BUFFER_UNIT + len(_UNITS))
                self._units[name] = unit
                GL.glUniform1i(GL.glGetUniformLocation(self._handle, name), unit)

    def set(self, **uniforms: Any) -> None:
        """Uniforms and textures by name; what is equal to the last value costs a comparison."""
        for name, value in uniforms.items():
            last = self._last.get(name)
            if last is value:  # the camera's matrices are made once a frame and given to every program
                continue
            if isinstance(value, np.ndarray):
                self._set_matrix(name, value)
            elif not isinstance(value, (int, float, tuple)) or last != value:
                self._program[name] = value
                self._changed = True
            self._last[name] = value

    def _set_matrix(self, name: str, value: np.ndarray) -> None:
        """(4, 4) float32, straight to OpenGL: through gloo's queue a matrix costs 25 us, and each program has two a frame."""
        place = self._places.get(name)
        if place is None:
            place = self._places[name] = GL.glGetUniformLocation(self._handle, name)
        self._linked.activate()
        gl.glUniformMatrix4fv(place, 1, False, value)

    def draw(self, mode: str, vertices: int, instances: int = 1, buffers: Mapping[str, TextureBuffer] | None = None) -> None:
        """`instances` times `vertices` vertices. `buffers` holds the texture buffers by their names in the shader."""
        if instances <= 0 or vertices <= 0:
            return
        bound = self.context.bound
        for name, unit in self._units.items():
            if bound.get(unit) is not buffers[name]:
                bound[unit] = buffers[name]
                GL.glActiveTexture(GL.GL_TEXTURE0 + unit)
                GL.glBindTexture(GL.GL_TEXTURE_BUFFER, buffers[name].texture)
        context = self.context.canvas.context
        if self._changed:
            context.glir.associate(self._program.glir)
        if not self._drawn:  # the first time by gloo, which validates the program and checks for errors; then without that price (50 us)
            context.glir.command("DRAW", self._program.id, mode, (0, vertices), instances)
            context.flush_commands()
            self._drawn = True
        else:
            if self._changed:
                context.flush_commands()
            self._linked._pre_draw()
            if instances > 1:
                gl.glDrawArraysInstanced(_MODES[mode], 0, vertices, instances)
            else:
                gl.glDrawArrays(_MODES[mode], 0, vertices)
        self._changed = False
        Program.draws += 1

    def close(self) -> None:
        self._program.delete()
        self.context.canvas.context.flush_commands()
