"""CupyOps: the kernels on an NVIDIA GPU through CuPy, matrix products by cuBLAS, a whole step as one CUDA graph.

Imports cupy, so it is imported only where CUDA is wanted. Everything runs on one stream, which this object makes the thread's current
one. TF32 is off unless asked for: it keeps 10 bits of a product's factors.
"""

from __future__ import annotations

import cupy as cp
import numpy as np
from cupy_backends.cuda.libs import cublas

from nnviz3d.backend import kernel_source
from nnviz3d.backend.kernel_ops import THREADS, KernelOps
from nnviz3d.backend.numpy_ops import Calls, run_all

TF32_MATH = 3  # CUBLAS_TF32_TENSOR_OP_MATH


class CupyOps(KernelOps):
    """Raises what cupy raises where there is no device, no driver or no compiler. `captured` counts the graphs that were made."""

    name = "cuda"
    xp = cp

    def __init__(self, tf32: bool = False):
        device = cp.cuda.Device()
        properties = cp.cuda.runtime.getDeviceProperties(device.id)
        self.stream = cp.cuda.Stream(non_blocking=True)
        self.stream.use()
        self._module = cp.RawModule(code=kernel_source.source())
        self._kernels: dict[str, cp.RawKernel] = {}
        self._handle = cp.cuda.device.get_cublas_handle()
        cublas.setMathMode(self._handle, TF32_MATH if tf32 else 0)
        self._one, self._zero = np.ones(1, np.float32), np.zeros(1, np.float32)
        self.captured, self.capture_problem = 0, ""
        super().__init__(f"CUDA on {properties['name'].decode()}{', TF32 products' if tf32 else ''}")
        self._try_out()

    def _try_out(self) -> None:
        """One kernel, one product and one wait, so that a broken installation shows here."""
        a = self.zeros((2, 2))
        self._gemm(a, False, a, True, self.zeros((2, 2)))()
        self._launch("multiply", 1, a, a, a, np.int64(a.size))()
        self.stream.synchronize()

    # memory
    def zeros(self, shape, dtype=None):
        return cp.zeros(shape, dtype or np.float32)

    def asarray(self, host, dtype=None):
        return cp.asarray(np.ascontiguousarray(host, dtype or np.float32))

    def to_host(self, array) -> np.ndarray:
        return array.get(stream=self.stream)

    def write(self, host, array) -> None:
        array[...] = cp.asarray(np.ascontiguousarray(host, array.dtype))

    # work
    def _launch(self, name: str, blocks: int, *args):
        kernel = self._kernels.get(name)
        if kernel is None:
            kernel = self._kernels[name] = self._module.get_function(name)
        shape = (max(1, int(blocks)),), (THREADS,), args
        return lambda: kernel(*shape)

    def _gemm(self, a, a_transposed: bool, b, b_transposed: bool, c, add: bool = False):
        """Row-major c = op(a) op(b) is column-major c^T = op(b)^T op(a)^T: the arguments swap and nothing is copied."""
        m, n = c.shape
        k = a.shape[0] if a_transposed else a.shape[1]
        pick = (cublas.CUBLAS_OP_N, cublas.CUBLAS_OP_T)
        one, kept = self._one.ctypes.data, (self._one if add else self._zero).ctypes.data
        args = (
            self._handle, pick[b_transposed], pick[a_transposed], n, m, k, one, b.data.ptr, b.shape[1], a.data.ptr, a.shape[1],
            kept, c.data.ptr, n,
        )  # fmt: skip
        keep = (a, b, c)
        return lambda keep=keep: cublas.sgemm(*args)

    def graph(self, calls: Calls) -> Calls:
        """Once eagerly (kernels compile, cuBLAS takes its workspace), then captured, then replayed; eager for good where capture fails."""
        state = {"runs": 0, "graph": None}

        def run():
            if state["graph"] is not None:
                state["graph"].launch(self.stream)
                return
            if state["runs"] != 1:
                run_all(calls)
            else:
                self._capture(calls, state)
            state["runs"] += 1

        return [run]

    def _capture(self, calls: Calls, state: dict) -> None:
        try:
            self.stream.begin_capture()
            try:
                run_all(calls)
            finally:
                graph = self.stream.end_capture()
            graph.upload(self.stream)
        except Exception as error:  # noqa: BLE001  whatever a driver refuses, the eager way still works
            self.capture_problem = str(error) or type(error).__name__
            run_all(calls)
            return
        state["graph"], self.captured = graph, self.captured + 1
        graph.launch(self.stream)
