"""Pixels that come back without waiting: a ring of pixel buffers, each with a fence, mapped once the GPU is done with it.

`keep` copies a framebuffer on the GPU, `start` asks for the copy's pixels, `ready` hands out what has arrived meanwhile. The arrays are the
mapped buffers themselves, so another thread may read them; it gives each one back, and the next call here unmaps it. The ring is the bound:
where no buffer is free, `start` says so. On llvmpipe `glReadPixels` waits for the rasteriser, so call it when there is nothing else to do.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from OpenGL import GL

from nnviz3d.gfx.context import Context
from nnviz3d.gfx.targets import RenderTarget

RING = 6  # two on their way, and four for an encoder that is late for a moment


@dataclass
class _Buffer:
    handle: int
    bytes: int = 0
    size: tuple[int, int] = (0, 0)
    tag: int = -1
    fence: Any = None  # while the GPU writes
    held: bool = False  # somebody reads
    mapped: bool = False


@dataclass(frozen=True, eq=False)
class Pixels:
    """(H, W, 4) uint8, first row at the BOTTOM, valid until `give_back`, which any thread may call. `tag` is `start`'s."""

    tag: int
    image: np.ndarray
    _buffer: _Buffer = field(repr=False)

    def give_back(self) -> None:
        self._buffer.held = False


class Readback:
    """Of the current context. All but `Pixels.give_back` belongs to its thread. Sizes may change at any time."""

    def __init__(self, context: Context, count: int = RING):
        self.context = context
        self._ring = [_Buffer(int(handle)) for handle in np.ravel(GL.glGenBuffers(count))]
        self._on_way: list[_Buffer] = []  # in the order they were started
        self._kept: RenderTarget | None = None

    def keep(self, framebuffer: int, size: tuple[int, int]) -> None:
        """Copy what this framebuffer shows now; what is drawn afterwards is not in it."""
        if self._kept is None or self._kept.size != size:
            if self._kept is not None:
                self._kept.close()
            self._kept = RenderTarget(self.context, *size, "rgba8")
        with self._kept:  # makes it, where it is new
            target = int(GL.glGetIntegerv(GL.GL_DRAW_FRAMEBUFFER_BINDING))
        GL.glBindFramebuffer(GL.GL_READ_FRAMEBUFFER, framebuffer)
        GL.glBindFramebuffer(GL.GL_DRAW_FRAMEBUFFER, target)
        GL.glBlitFramebuffer(0, 0, *size, 0, 0, *size, GL.GL_COLOR_BUFFER_BIT, GL.GL_NEAREST)
        GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, framebuffer)

    def start(self, tag: int) -> bool:
        """Ask for the pixels that are kept. False: every buffer is in use, and nothing was asked."""
        self._sweep()
        free = next((b for b in self._ring if b.fence is None and not b.mapped), None)
        if free is None or self._kept is None:
            return False
        width, height = free.size = self._kept.size
        GL.glBindBuffer(GL.GL_PIXEL_PACK_BUFFER, free.handle)
        if free.bytes != width * height * 4:
            free.bytes = width * height * 4
            GL.glBufferData(GL.GL_PIXEL_PACK_BUFFER, free.bytes, None, GL.GL_STREAM_READ)
        with self._kept:
            GL.glPixelStorei(GL.GL_PACK_ALIGNMENT, 1)
            GL.glReadPixels(0, 0, width, height, GL.GL_RGBA, GL.GL_UNSIGNED_BYTE, ctypes.c_void_p(0))
        GL.glBindBuffer(GL.GL_PIXEL_PACK_BUFFER, 0)
        free.tag, free.fence = tag, GL.glFenceSync(GL.GL_SYNC_GPU_COMMANDS_COMPLETE, 0)
        self._on_way.append(free)
        return True

    def ready(self, wait: bool = False) -> list[Pixels]:
        """What has arrived since the last call, in order. `wait`: for all that is on its way."""
        self._sweep()
        found = []
        while self._on_way and self._arrived(self._on_way[0], wait):
            buffer = self._on_way.pop(0)
            GL.glDeleteSync(buffer.fence)
            buffer.fence, buffer.held, buffer.mapped = None, True, True
            GL.glBindBuffer(GL.GL_PIXEL_PACK_BUFFER, buffer.handle)
            address: Any = GL.glMapBufferRange(GL.GL_PIXEL_PACK_BUFFER, 0, buffer.bytes, GL.GL_MAP_READ_BIT)
            GL.glBindBuffer(GL.GL_PIXEL_PACK_BUFFER, 0)
            memory: Any = (ctypes.c_ubyte * buffer.bytes).from_address(int(address))
            found.append(Pixels(buffer.tag, np.frombuffer(memory, np.uint8).reshape(buffer.size[1], buffer.size[0], 4), buffer))
        return found

    @staticmethod
    def _arrived(buffer: _Buffer, wait: bool) -> bool:
        flags, most = (GL.GL_SYNC_FLUSH_COMMANDS_BIT, 10**9) if wait else (0, 0)
        return GL.glClientWaitSync(buffer.fence, flags, most) in (GL.GL_ALREADY_SIGNALED, GL.GL_CONDITION_SATISFIED)

    def _sweep(self) -> None:
        """Unmap what was given back."""
        for buffer in self._ring:
            if buffer.mapped and not buffer.held:
                GL.glBindBuffer(GL.GL_PIXEL_PACK_BUFFER, buffer.handle)
                GL.glUnmapBuffer(GL.GL_PIXEL_PACK_BUFFER)
                GL.glBindBuffer(GL.GL_PIXEL_PACK_BUFFER, 0)
                buffer.mapped = False

    def close(self) -> None:
        """Nobody may read any more."""
        for buffer in self._ring:
            if buffer.fence is not None:
                GL.glDeleteSync(buffer.fence)
            buffer.held = False
        self._sweep()
        GL.glDeleteBuffers(len(self._ring), [buffer.handle for buffer in self._ring])
        if self._kept is not None:
            self._kept.close()
