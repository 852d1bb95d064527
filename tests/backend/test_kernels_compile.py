"""kernels.cu compiles for every GPU generation that is promised, without a GPU and without CUDA headers; and says the same as its twins."""

from __future__ import annotations

import ctypes
import re
from importlib import util
from pathlib import Path

import pytest

from nnviz3d.backend import constants, kernel_source, numpy_updates
from nnviz3d.spec.activations import ELEMENTWISE


def nvrtc() -> ctypes.CDLL:
    """The compiler from the wheel nvidia-cuda-nvrtc-cu12 or cu13, or from a system's CUDA."""
    spec = util.find_spec("nvidia")
    folders = [Path(p) for p in spec.submodule_search_locations] if spec else []
    found = sorted(p for folder in folders for p in folder.glob("*/lib/libnvrtc.so.*"))
    for name in [*map(str, found), "libnvrtc.so.12", "libnvrtc.so.13"]:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    pytest.skip("no NVRTC: the wheel nvidia-cuda-nvrtc-cu12 is not installed here")


def compile_for(architecture: str) -> tuple[int, str, bytes]:
    """(result, log, PTX)."""
    library, program = nvrtc(), ctypes.c_void_p()
    assert library.nvrtcCreateProgram(ctypes.byref(program), kernel_source.source().encode(), b"kernels.cu", 0, None, None) == 0
    options = (ctypes.c_char_p * 1)(f"--gpu-architecture=compute_{architecture}".encode())
    result, size = library.nvrtcCompileProgram(program, 1, options), ctypes.c_size_t()
    library.nvrtcGetProgramLogSize(program, ctypes.byref(size))
    log = ctypes.create_string_buffer(size.value)
    library.nvrtcGetProgramLog(program, log)
    ptx = ctypes.create_string_buffer(1)
    if result == 0:
        library.nvrtcGetPTXSize(program, ctypes.byref(size))
        ptx = ctypes.create_string_buffer(size.value)
        library.nvrtcGetPTX(program, ptx)
    library.nvrtcDestroyProgram(ctypes.byref(program))
    return result, log.value.decode(), ptx.value


def kernel_names() -> set[str]:
    return set(re.findall(r"__global__ void (\w+)\(", kernel_source.source()))


@pytest.mark.parametrize("architecture", ["75", "80", "90"])
def test_nvrtc_compiles_every_kernel(architecture):
    result, log, ptx = compile_for(architecture)
    assert result == 0, log
    entries = set(re.findall(rb"\.entry (\w+)\(", ptx))
    assert {name.decode() for name in entries} == kernel_names()
    assert f".target sm_{architecture}".encode() in ptx


def test_no_kernel_computes_in_double():
    """A forgotten `f` in a literal costs a factor of 32 on most GPUs. (sinf and cosf reduce huge arguments in double.)"""
    result, log, ptx = compile_for("80")
    assert result == 0, log
    doubles = {re.match(rb"\w+", entry).group().decode() for entry in ptx.split(b".entry ")[1:] if b".f64" in entry}
    assert doubles <= {"bias_activate", "activate_backward"}


def _enum(name: str) -> list[str]:
    body = re.search(rf"enum {name} {{([^}}]*)}}", kernel_source.source()).group(1)
    return [part.strip().lower() for part in body.split(",")]


def test_the_enums_have_python_order():
    assert _enum("Kind") == list(ELEMENTWISE)  # softmax has kernels of its own
    assert _enum("Constant") == [*constants.NAMES, "constants"]


def test_every_kernel_is_launched_and_every_optimiser_has_one():
    text = "".join(path.read_text(encoding="utf-8") for path in kernel_source.FOLDER.glob("kernel_*.py"))
    used = set(re.findall(r'"(\w+)"', text)) | {f"update_{name}" for name in numpy_updates.SLOTS}
    assert kernel_names() <= used
    assert {f"update_{name}" for name in numpy_updates.SLOTS} - kernel_names() == {"update_adamw"}
