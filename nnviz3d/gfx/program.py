"""Programs: gloo compiles and links, data comes from texture buffers, vertices from gl_VertexID.

No vertex attributes at all: an instance is its number, and everything it needs is fetched by that number (house, idea 2).
gloo knows neither `samplerBuffer` nor instances without a divisor buffer, and its queue costs 25 us a uniform: those go straight to OpenGL.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from OpenGL import GL
from vispy import gloo

from nnviz3d.gfx import shader_source
from nnviz3d.gfx.calls import gl
from nnviz3d.gfx.context import Context
from nnviz3d.gfx.texture_buffer import TextureBuffer
from nnviz3d.spec.errors import RunError

_MODES = {"points": GL.GL_POINTS, "triangles": GL.GL_TRIANGLES, "triangle_strip": GL.GL_TRIANGLE_STRIP}
BUFFER_UNIT = 8  # gloo counts its own textures from unit 0
_FIRST_UNIT = int(GL.GL_TEXTURE0)
_UNITS: dict[str, int] = {}  # a column has the same unit in every program, so that it stays bound from draw to draw
_COLUMNS = (GL.GL_SAMPLER_BUFFER, GL.GL_INT_SAMPLER_BUFFER, GL.GL_UNSIGNED_INT_SAMPLER_BUFFER)
_SETTERS: dict[int, Callable[[int, Any], None]] = {
    int(GL.GL_FLOAT): lambda place, value: gl.glUniform1f(place, value),
    int(GL.GL_INT): lambda place, value: gl.glUniform1i(place, value),
    int(GL.GL_BOOL): lambda place, value: gl.glUniform1i(place, bool(value)),
    int(GL.GL_FLOAT_VEC2): lambda place, value: gl.glUniform2f(place, *value),
    int(GL.GL_FLOAT_VEC3): lambda place, value: gl.glUniform3f(place, *value),
    int(GL.GL_INT_VEC4): lambda place, value: gl.glUniform4i(place, *value),
    int(GL.GL_FLOAT_VEC4): lambda place, value: gl.glUniform4f(place, *value),
    int(GL.GL_FLOAT_MAT4): lambda place, value: gl.glUniformMatrix4fv(place, 1, False, value),
}


class Program:
    """`shaders/<name>.vert` + `.frag`. `draws` counts draw calls since it was last set to 0."""

    draws = 0

    def __init__(self, context: Context, vertex: str, fragment: str, switches: tuple[str, ...] = ()):
        self.context = context
        self.name = f"{vertex} + {fragment}"
        self._program = gloo.Program(shader_source.load(vertex, switches), shader_source.load(fragment, switches))
        self._last: dict[str, Any] = {}
        self._units: dict[str, int] = {}  # columns
        self._images: dict[str, int] = {}  # textures: name to unit
        self._uniforms: dict[str, tuple[Callable[[int, Any], None], int]] = {}
        self._drawn = False
        self._link()

    def _link(self) -> None:
        context = self.context.canvas.context
        context.glir.associate(self._program.glir)
        try:
            context.flush_commands()
        except RuntimeError as error:
            raise RunError(f"shaders {self.name} do not compile on {self.context.renderer}:\n{error}") from None
        self._linked: Any = self.context.parser.get_object(self._program.id)
        self._linked.activate()  # through gloo, which remembers the program in use
        handle = self._linked.handle
        for k in range(GL.glGetProgramiv(handle, GL.GL_ACTIVE_UNIFORMS)):
            name, _, kind = GL.glGetActiveUniform(handle, k)
            name = name.decode() if isinstance(name, bytes) else str(name)
            place = GL.glGetUniformLocation(handle, name)
            if kind in _COLUMNS:
                self._units[name] = _UNITS.setdefault(name, BUFFER_UNIT + len(_UNITS))
                GL.glUniform1i(place, self._units[name])
            elif kind == GL.GL_SAMPLER_2D:
                self._images[name] = len(self._images)
                GL.glUniform1i(place, self._images[name])
            else:
                self._uniforms[name] = _SETTERS[int(kind)], place

    def set(self, **uniforms: Any) -> None:
        """Numbers, tuples and (4, 4) float32 matrices by name; what is equal to the last value costs a comparison, what the linker has
        found unused nothing. A matrix is not compared: it is the same one as long as it is the same object."""
        last, known = self._last, self._uniforms
        self._linked.activate()
        for name, value in uniforms.items():
            before = last.get(name)
            if before is value or (type(value) in (float, int, bool, tuple) and before == value):
                continue
            if name in known:
                setter, place = known[name]
                setter(place, value)
            last[name] = value

    def draw(
        self,
        mode: str,
        vertices: int,
        instances: int = 1,
        buffers: Mapping[str, TextureBuffer] | None = None,
        images: Mapping[str, int] | None = None,
    ) -> None:
        """`instances` times `vertices` vertices. `buffers`: texture buffers, `images`: GL names of textures; both by name in the shader."""
        if instances <= 0 or vertices <= 0:
            return
        bound, buffers, images = self.context.bound, buffers or {}, images or {}
        for name, unit in self._units.items():
            if bound.get(unit) is not buffers[name]:
                bound[unit] = buffers[name]
                gl.glActiveTexture(_FIRST_UNIT + unit)
                gl.glBindTexture(GL.GL_TEXTURE_BUFFER, buffers[name].texture)
        for name, unit in self._images.items():
            gl.glActiveTexture(_FIRST_UNIT + unit)
            gl.glBindTexture(GL.GL_TEXTURE_2D, images[name])
        self._linked.activate()
        if not self._drawn:
            self._validate()
        if instances > 1:
            gl.glDrawArraysInstanced(_MODES[mode], 0, vertices, instances)
        else:
            gl.glDrawArrays(_MODES[mode], 0, vertices)
        Program.draws += 1

    def _validate(self) -> None:
        """Once: with everything bound, whether the driver can run it."""
        self._drawn = True
        GL.glValidateProgram(self._linked.handle)
        if not GL.glGetProgramiv(self._linked.handle, GL.GL_VALIDATE_STATUS):
            log = GL.glGetProgramInfoLog(self._linked.handle)
            raise RunError(f"shaders {self.name} do not run on {self.context.renderer}: {log!r}")

    def close(self) -> None:
        self._program.delete()
        self.context.canvas.context.flush_commands()
