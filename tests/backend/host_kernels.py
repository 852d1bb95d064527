"""kernels.cu compiled as C++ for the processor (one thread a block, warps of 1), behind the same KernelOps that drives a GPU."""

from __future__ import annotations

import ctypes
import functools
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from nnviz3d.backend import kernel_source
from nnviz3d.backend.kernel_ops import KernelOps

SHIM = """
#include <cmath>
#define WARP 1
#define __global__
#define __device__
#define __shared__ static
#define __syncthreads()
#define __shfl_down_sync(mask, x, s) (x)
struct Index { int x; };
static const Index blockIdx{0}, threadIdx{0}, blockDim{1}, gridDim{1};
"""
SCALARS = {np.int32: ctypes.c_int, np.int64: ctypes.c_longlong, np.float32: ctypes.c_float}


@functools.cache
def library() -> ctypes.CDLL:
    """Raises FileNotFoundError without a compiler, CalledProcessError where the file is not C++."""
    compiler = shutil.which("g++") or shutil.which("c++") or shutil.which("clang++")
    if compiler is None:
        raise FileNotFoundError("no C++ compiler (g++, c++ or clang++) to build kernels.cu for the processor")
    flags = ["-std=c++17", "-O1", "-ffp-contract=off", "-shared", "-fPIC", "-Wall", "-Werror", "-Wno-unused-function"]
    with tempfile.TemporaryDirectory(prefix="nnviz3d-kernels-", ignore_cleanup_errors=True) as name:
        source, built = Path(name) / "kernels.cpp", Path(name) / "kernels.so"
        source.write_text(SHIM + kernel_source.source(), encoding="utf-8")
        subprocess.run([compiler, *flags, str(source), "-o", str(built)], check=True, timeout=100)
        return ctypes.CDLL(str(built))


class HostKernelOps(KernelOps):
    """Launches are plain calls; products are numpy's."""

    name = "kernels on the processor"

    def __init__(self):
        self._library = library()
        super().__init__("kernels.cu compiled for the processor, for tests")

    def _launch(self, name, blocks, *args):
        kernel = getattr(self._library, name)
        kernel.restype = None
        plain = [ctypes.c_void_p(a.ctypes.data) if isinstance(a, np.ndarray) else SCALARS[type(a)](a) for a in args]
        assert all(a.flags.c_contiguous for a in args if isinstance(a, np.ndarray)), name
        return lambda keep=args: kernel(*plain)

    def _gemm(self, a, a_transposed, b, b_transposed, c, add=False):
        left, right = a.T if a_transposed else a, b.T if b_transposed else b
        return lambda: np.copyto(c, c + left @ right) if add else np.matmul(left, right, out=c)
