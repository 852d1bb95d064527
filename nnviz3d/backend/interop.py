"""The device way into OpenGL: a GL buffer that CUDA writes without a detour through host memory.

The other way, staged, is the caller's (copy to the host, upload); it takes it when this one raises InteropUnavailable. A buffer is
registered once and mapped per write: registering costs milliseconds, mapping microseconds.
"""

from __future__ import annotations


class InteropUnavailable(Exception):
    """CUDA cannot write into this OpenGL buffer; the message says why. Stage the copy instead."""


class MappedBuffer:
    """`gl_name` is the buffer's OpenGL name, `nbytes` its size. The context that owns it must be current here and in `write`."""

    def __init__(self, gl_name: int, nbytes: int):
        try:
            import cupy
            from cuda.core import Device, GraphicsResource, Stream
        except ImportError as error:
            reason = (str(error).splitlines() or ["?"])[0]
            raise InteropUnavailable(f"needs cupy and cuda-core ({reason}); pip install 'nnviz3d[cuda12]'") from None
        self._cupy, self._make_stream, self.nbytes = cupy, Stream.from_handle, nbytes
        try:
            Device(cupy.cuda.Device().id).set_current()
            self._resource = GraphicsResource.from_gl_buffer(gl_name, flags="write_discard")
        except Exception as error:  # noqa: BLE001  drivers refuse for many reasons (another GPU renders, software OpenGL), all mean: stage
            raise InteropUnavailable(f"OpenGL buffer {gl_name} cannot be registered with CUDA: {error or type(error).__name__}") from None

    def write(self, array) -> None:
        """Copy a contiguous CuPy array of at most `nbytes` into the buffer's start, on CuPy's current stream.

        Raises ValueError where it is larger, InteropUnavailable where mapping fails (a lost context or device).
        """
        if array.nbytes > self.nbytes:
            raise ValueError(f"{array.nbytes:,} bytes do not fit into a buffer of {self.nbytes:,}")
        if self._resource is None:
            raise InteropUnavailable("the buffer was closed")
        cuda = self._cupy.cuda
        try:
            stream = self._make_stream(cuda.get_current_stream().ptr)
            with self._resource.map(stream=stream) as mapped:
                memory = cuda.UnownedMemory(int(mapped.handle), mapped.size, mapped)
                target = self._cupy.ndarray(array.shape, array.dtype, cuda.MemoryPointer(memory, 0))
                target[...] = array
        except Exception as error:  # noqa: BLE001
            raise InteropUnavailable(f"mapping failed: {error or type(error).__name__}") from None

    def close(self) -> None:
        """Unregister; must happen before the GL buffer is deleted. Twice is harmless."""
        if self._resource is not None:
            self._resource.close()
            self._resource = None
