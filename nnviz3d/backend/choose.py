"""Which backend computes, and why, in one sentence. cupy is imported only here and only when CUDA is wanted."""

from __future__ import annotations

from nnviz3d.backend.numpy_ops import NumpyOps
from nnviz3d.spec.errors import InputError


def choose(name: str = "auto", tf32: bool = False, dtype: str = "float32"):
    """Ops for "cpu", "cuda" or "auto" (CUDA when it works, else numpy). `.name`, `.why` and `.xp` say what was chosen.

    Raises InputError for another name, and where "cuda" is asked for and does not work.
    """
    if name not in ("auto", "cpu", "cuda"):
        raise InputError.option("", "backend", f'expected auto, cpu or cuda, found "{name}"')
    if name == "cpu":
        return NumpyOps(dtype, "numpy on the processor, as requested")
    if dtype != "float32":
        if name == "cuda":
            raise InputError.option("", "backend", f"the CUDA kernels are float32; for {dtype} choose cpu, not cuda")
        return NumpyOps(dtype, f"numpy on the processor: the CUDA kernels are float32, {dtype} was requested")
    try:
        return _cuda(tf32)
    except Unusable as problem:
        if name == "cuda":
            raise InputError.option("", "backend", f"cuda: {problem}; choose auto or cpu") from None
        return NumpyOps(dtype, f"numpy on the processor: {problem}")


class Unusable(Exception):
    """CUDA cannot be used; the message says why."""


def _cuda(tf32: bool):
    """CupyOps after one allocation, one kernel and one product have worked, so that a broken driver is found here and not in a step."""
    try:
        from nnviz3d.backend.cupy_ops import CupyOps
    except ImportError as error:
        missing = "cupy" if error.name == "cupy" else f"a library of cupy ({_line(error)})"
        raise Unusable(f"CUDA needs {missing}, which is not installed; pip install 'nnviz3d[cuda12]'") from None
    try:
        return CupyOps(tf32)
    except Exception as error:  # noqa: BLE001  cupy raises a dozen unrelated types for drivers, compilers and memory
        raise Unusable(f"CUDA does not work here ({_line(error)})") from None


def _line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
