"""One door from an array to a GL buffer, with two ways: CUDA writes into the registered buffer, or the bytes go through host memory."""

from __future__ import annotations

import logging
import weakref

import numpy as np

from nnviz3d.gfx.texture_buffer import TextureBuffer

log = logging.getLogger(__name__)


class Uplink:
    """Writes whole arrays of `ops` into one column. `way` says which of the two is in use, `why` the reason when it is staged."""

    def __init__(self, column: TextureBuffer, ops):
        self.column, self.ops = column, ops
        self.way, self.why = "staged", "numpy arrays are in host memory already"
        self._mapped = None
        self._held = lambda: None  # the array that the column holds, where nobody can change it
        if ops.name == "cuda":
            from nnviz3d.backend import interop

            try:
                self._mapped = interop.MappedBuffer(column.buffer, column.nbytes)
                self.way, self.why = "mapped", ""
            except interop.InteropUnavailable as error:
                self.why = str(error)
                log.warning("CUDA cannot write into OpenGL buffers here, arrays are copied through host memory: %s", error)

    def write(self, array) -> None:
        """Nothing where the column holds this very array already and it is read-only: a recorded step's arrays are."""
        if self._held() is array:
            return
        frozen = isinstance(array, np.ndarray) and not array.flags.writeable
        self._held = weakref.ref(array) if frozen else lambda: None
        if self._mapped is not None:
            self._mapped.write(array)
        else:
            self.column.write(self.ops.to_host(array))

    def close(self) -> None:
        if self._mapped is not None:
            self._mapped.close()
