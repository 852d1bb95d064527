"""Columns: arrays that shaders read by index. One GL buffer seen through one buffer texture.

The buffer keeps its GL name for life, so that CUDA can register it once. Dense edges need no column: they read the parameters.
"""

from __future__ import annotations

import ctypes

import numpy as np
from OpenGL import GL

# the raw call: PyOpenGL's wrapper counts bytes as items of its own choice and writes past an int32 array
from OpenGL.raw.GL.VERSION.GL_1_5 import glGetBufferSubData as _get_buffer_sub_data

from nnviz3d.gfx.calls import gl
from nnviz3d.spec.errors import RunError

_FORMATS = {
    ("float32", 1): GL.GL_R32F,
    ("float32", 2): GL.GL_RG32F,
    ("float32", 4): GL.GL_RGBA32F,
    ("int32", 1): GL.GL_R32I,
    ("int32", 2): GL.GL_RG32I,
    ("int32", 4): GL.GL_RGBA32I,
}


class TextureBuffer:
    """`count` items of `width` numbers of one type. `buffer` and `texture` are GL names; `close()` frees both."""

    def __init__(self, count: int, dtype: str = "float32", width: int = 1):
        self.count, self.dtype, self.width = max(int(count), 1), np.dtype(dtype), width
        most = int(GL.glGetIntegerv(GL.GL_MAX_TEXTURE_BUFFER_SIZE))
        if self.count > most:
            raise RunError(
                f"this OpenGL driver reads at most {most:,} numbers from one buffer; {self.count:,} were asked for. Use a smaller network"
            )
        self.buffer = int(GL.glGenBuffers(1))
        self.texture = int(GL.glGenTextures(1))
        GL.glBindBuffer(GL.GL_TEXTURE_BUFFER, self.buffer)
        GL.glBufferData(GL.GL_TEXTURE_BUFFER, self.nbytes, None, GL.GL_DYNAMIC_DRAW)
        if GL.glGetError() == GL.GL_OUT_OF_MEMORY:
            self.close()
            raise RunError(f"not enough graphics memory for {self.nbytes:,} bytes; use a smaller network")
        GL.glActiveTexture(GL.GL_TEXTURE0)  # the units above hold columns that programs believe to be bound
        GL.glBindTexture(GL.GL_TEXTURE_BUFFER, self.texture)
        GL.glTexBuffer(GL.GL_TEXTURE_BUFFER, _FORMATS[self.dtype.name, width], self.buffer)

    @property
    def nbytes(self) -> int:
        return self.count * self.width * self.dtype.itemsize

    def write(self, values: np.ndarray, start: int = 0) -> None:
        """Replace items from `start` on. `values` is cast to the column's type; it must fit. Raises ValueError if not."""
        values = np.ascontiguousarray(values, self.dtype)
        if start < 0 or start * self.width + values.size > self.count * self.width:
            raise ValueError(f"{values.size} numbers at item {start} do not fit into {self.count} x {self.width}")
        if values.size:
            gl.glBindBuffer(GL.GL_TEXTURE_BUFFER, self.buffer)
            GL.glBufferSubData(GL.GL_TEXTURE_BUFFER, start * self.width * self.dtype.itemsize, values.nbytes, values)

    def read(self) -> np.ndarray:
        """The whole column back, (count, width). For tests; it waits for the GPU."""
        out = np.empty((self.count, self.width), self.dtype)
        GL.glBindBuffer(GL.GL_TEXTURE_BUFFER, self.buffer)
        _get_buffer_sub_data(GL.GL_TEXTURE_BUFFER, 0, self.nbytes, out.ctypes.data_as(ctypes.c_void_p))
        return out

    def close(self) -> None:
        GL.glDeleteTextures(1, [self.texture])
        GL.glDeleteBuffers(1, [self.buffer])
