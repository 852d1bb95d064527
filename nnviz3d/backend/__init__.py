"""numpy Ops (the reference), CupyOps (overrides where a kernel pays), the CUDA kernels. The only package that imports cupy or cuda."""

from __future__ import annotations

from nnviz3d.backend.choose import choose
from nnviz3d.backend.numpy_ops import NumpyOps as Ops

__all__ = ["Ops", "choose"]
