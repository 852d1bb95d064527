"""Targets: textures that are drawn into. gloo owns the textures; this file knows their formats and reads pixels back."""

from __future__ import annotations

import numpy as np
from OpenGL import GL
from vispy import gloo

from nnviz3d.gfx.calls import gl
from nnviz3d.gfx.context import Context
from nnviz3d.spec.errors import RunError

_TYPES = {"uint8": GL.GL_UNSIGNED_BYTE, "uint16": GL.GL_UNSIGNED_SHORT, "float32": GL.GL_FLOAT}


class RenderTarget:
    """A colour texture (linear filter, clamped) and, if asked for, a depth buffer. Sizes in pixels, at least 1 x 1."""

    def __init__(self, context: Context, width: int, height: int, format: str = "rgba16f", depth: bool = False):
        most = context.parser.capabilities["max_texture_size"] or int(GL.glGetIntegerv(GL.GL_MAX_TEXTURE_SIZE))
        if max(width, height) > most:
            raise RunError(f"{width} x {height} pixels: this OpenGL driver draws at most {most} at once")
        self.context = context
        self.width, self.height = max(int(width), 1), max(int(height), 1)
        self.texture = gloo.Texture2D(
            (self.height, self.width, 4), format="rgba", internalformat=format, interpolation="linear", wrapping="clamp_to_edge"
        )
        # by the enum: gloo's name "depth" means 16 bits, too coarse for a long network seen from far
        buffer = gloo.RenderBuffer((self.height, self.width), format=int(GL.GL_DEPTH_COMPONENT24)) if depth else None
        self._handle = self.image = 0  # GL names, from the first use on: of the framebuffer and of its texture
        self._frame = gloo.FrameBuffer(self.texture, depth=buffer) if depth else gloo.FrameBuffer(self.texture)

    @property
    def size(self) -> tuple[int, int]:
        return self.width, self.height

    def __enter__(self) -> RenderTarget:
        if not self._handle:
            self._make()
        gl.glBindFramebuffer(GL.GL_FRAMEBUFFER, self._handle)
        gl.glViewport(0, 0, self.width, self.height)
        return self

    def _make(self) -> None:
        """gloo makes and checks the framebuffer once; binding it by its name costs 2 us instead of 40."""
        try:
            self._frame.activate()
            self.context.canvas.context.flush_commands()
        except RuntimeError as error:
            raise RunError(f"not enough graphics memory for {self.width} x {self.height} pixels: {error}") from None
        self._handle = self.context.parser.get_object(self._frame.id).handle
        self.image = self.context.parser.get_object(self.texture.id).handle
        self._frame.deactivate()
        self.context.canvas.context.flush_commands()

    @property
    def framebuffer(self) -> int:
        """Its GL name, for those that bind it themselves."""
        if not self._handle:
            self._make()
        return self._handle

    @staticmethod
    def only(box: tuple[int, int, int, int]) -> None:
        """Draw into this box (x, y, width, height from the lower left) of the bound target."""
        gl.glViewport(*box)

    def __exit__(self, *_) -> None:
        """Nothing: every pass binds what it draws into."""

    def clear(self) -> None:
        """Black, transparent, and the farthest depth. The target must be bound (`with target:`)."""
        GL.glDepthMask(True)
        GL.glClearColor(0, 0, 0, 0)
        GL.glClear(int(GL.GL_COLOR_BUFFER_BIT) | int(GL.GL_DEPTH_BUFFER_BIT))

    def read(self, type: str = "uint8") -> np.ndarray:
        """The pixels, (height, width, 4), first row on top; `type` is "uint8", "uint16" or "float32". Waits for the GPU."""
        with self:
            return read_pixels(self.width, self.height, type)

    def close(self) -> None:
        self._frame.delete()
        self.texture.delete()
        self.context.canvas.context.flush_commands()


def read_pixels(width: int, height: int, type: str = "uint8") -> np.ndarray:
    """Pixels of the bound framebuffer, (height, width, 4), first row on top."""
    out = np.empty((height, width, 4), type)
    GL.glPixelStorei(GL.GL_PACK_ALIGNMENT, 1)
    GL.glReadPixels(0, 0, width, height, GL.GL_RGBA, _TYPES[type], out)
    return out[::-1]


def largest() -> int:
    """Pixels a side that can be drawn in one piece: the least of what textures, depth buffers and viewports may have."""
    names = (GL.GL_MAX_TEXTURE_SIZE, GL.GL_MAX_RENDERBUFFER_SIZE, GL.GL_MAX_VIEWPORT_DIMS)
    return int(min(np.min(GL.glGetIntegerv(name)) for name in names))


def widest_viewport() -> int:
    """Pixels a side that a viewport may have; it may reach over its target."""
    return int(np.min(GL.glGetIntegerv(GL.GL_MAX_VIEWPORT_DIMS)))
