"""The section `models` of `bench.py`: a folder of GPT-2's shape (124 million parameters, random) opened, and asked 32 tokens.

Seconds from the start of the program to the first frame, the largest resident memory, and a pass beside numpy's own products of the same
matrices. A file of 10^9 zeros is opened by its header.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

import make_gpt2_shape

TOKENS = 32
GOALS = {"first_frame_s": 3.0, "ratio": 1.5, "zeros_mb": 2000}
OPEN = ("-m", "nnviz3d", "run")


def section(threads: int, seconds: float, optimizer: str = "adam") -> dict[str, Any]:
    del seconds, optimizer
    with tempfile.TemporaryDirectory() as folder:
        model, zeros = Path(folder) / "gpt2-shape", Path(folder) / "zeros.safetensors"
        count = make_gpt2_shape.write_folder(model)
        none = make_gpt2_shape.write_zeros(zeros, 1_000_000_000)
        first, megabytes = min((_first_frame(model) for _ in range(3)), key=lambda each: each[0])
        _, zeros_mb = _first_frame(zeros)
        own, plain = _pass(model)
    return {
        "threads": threads, "load": round(os.getloadavg()[0], 1), "parameters": count, "first_frame_s": round(first, 2),
        "resident_mb": round(megabytes), "arena_mb": round(4 * count / 1e6), "pass_ms": round(1000 * own, 1),
        "numpy_ms": round(1000 * plain, 1), "ratio": round(own / plain, 2), "zeros": none, "zeros_mb": round(zeros_mb), "goals": GOALS,
    }  # fmt: skip


def _first_frame(path: Path) -> tuple[float, float]:
    """(seconds, largest resident megabytes) of a program that shows one frame."""
    begin = perf_counter()
    process = subprocess.Popen([sys.executable, *OPEN, str(path), "--headless", "--frames", "1", "--size", "1280x720"])
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"nnviz3d ended with {process.returncode}")
    return perf_counter() - begin, used.ru_maxrss / 1e3


def _pass(path: Path) -> tuple[float, float]:
    """Seconds of a pass of `TOKENS` tokens, and of numpy's products with the same matrices; the best of 5, in turns."""
    import numpy as np

    from nnviz3d.backend import choose
    from nnviz3d.sources.opened_model import open_model

    model = open_model(path, choose("cpu"))
    model.show()
    p = model.tensors("parameter")
    matrices = [node.weight.view(p) for node in model.topology.nodes if node.kind == "dense" and node.weight is not None]
    rows = {w.shape[1]: np.ones((TOKENS, w.shape[1]), np.float32) for w in matrices}
    own, plain = [], []
    for k in range(5):
        model.show_own(np.arange(k, k + TOKENS, dtype=np.float32), "")
        begin = perf_counter()
        model.show()
        own.append(perf_counter() - begin)
        begin = perf_counter()
        for w in matrices:
            np.dot(rows[w.shape[1]], w.T)
        plain.append(perf_counter() - begin)
    return min(own), min(plain)


def report(result: dict[str, Any]) -> list[str]:
    goals = result["goals"]
    return [
        f"a folder of {result['parameters']:,} parameters, {result['threads']} BLAS threads, load of the machine {result['load']}",
        f"  first frame after {result['first_frame_s']} s (goal {goals['first_frame_s']} s); resident {result['resident_mb']:,} MB, of "
        f"which {result['arena_mb']:,} MB are its parameters",
        f"  {TOKENS} tokens in {result['pass_ms']} ms, numpy's own products {result['numpy_ms']} ms: {result['ratio']:.2f}x (goal at most "
        f"{goals['ratio']}x)",
        f"  {result['zeros']:,} zeros opened in {result['zeros_mb']:,} MB (goal {goals['zeros_mb']:,} MB)",
    ]
